#include "lib/firmware/device/software_crypto.hpp"

#include <botan/hash.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/crypto/key_wrap.hpp"

namespace lamp::firmware::device {
namespace {

constexpr std::size_t kPiece = 65536, kCipherBlock = 16;

}  // namespace

/// One payload on its way. GCM wants its tag with the last bytes: so many are always held back.
struct SoftwareCrypto::Payload {
  PayloadCoder coder;
  std::size_t tag;
  std::unique_ptr<Botan::HashFunction> hash;
  SecureBytes held;

  void decrypt_ahead(Sink& sink) {
    if (held.size() < tag + kCipherBlock) return;
    const auto end = held.begin() + static_cast<std::ptrdiff_t>((held.size() - tag) / kCipherBlock * kCipherBlock);
    SecureBytes piece{held.begin(), end};
    held.erase(held.begin(), end);
    coder.process(piece);
    sink.take(piece);
  }
};

SoftwareCrypto::SoftwareCrypto(SymmetricKey kek) : kek_{std::move(kek)} {}
SoftwareCrypto::~SoftwareCrypto() = default;

bool SoftwareCrypto::start_payload(const EncryptionInfo& info) {
  payload_.reset();
  if ((info.wrap == KeyWrap::a256kw) != (kek_.size() == 32)) return false;
  const auto key = attempt([&] { return crypto::unwrap_key(kek_, info.wrapped_key); });
  if (std::holds_alternative<Error>(key) || std::get<SymmetricKey>(key).size() != info.key_size) return false;
  payload_ = std::make_unique<Payload>(
      PayloadCoder{PayloadCoder::Direction::decrypt, std::get<SymmetricKey>(key), info}, tag_size(info.cipher),
      guarded(Errc::internal, [] { return Botan::HashFunction::create_or_throw("SHA-256"); }), SecureBytes{});
  return true;
}

void SoftwareCrypto::take_payload(ByteView ciphertext, Sink& sink) {
  if (!payload_) throw Error{Errc::internal, "a payload that was not begun"};
  payload_->hash->update(ciphertext);
  while (!ciphertext.empty()) {
    const auto length = std::min(kPiece, ciphertext.size());
    payload_->held.insert(payload_->held.end(), ciphertext.begin(),
                          ciphertext.begin() + static_cast<std::ptrdiff_t>(length));
    ciphertext = ciphertext.subspan(length);
    payload_->decrypt_ahead(sink);
  }
}

SoftwareCrypto::End SoftwareCrypto::end_payload(Sink& sink) {
  if (!payload_) throw Error{Errc::internal, "a payload that was not begun"};
  const auto payload = std::move(payload_);
  End end;
  payload->hash->final(end.ciphertext);
  if (payload->held.size() < payload->tag || !payload->coder.finish(payload->held)) return end;
  sink.take(payload->held);
  end.authentic = true;
  return end;
}

Digest SoftwareCrypto::sha256(const Flash& flash, Area area, std::uint64_t size) {
  const auto hash = guarded(Errc::internal, [] { return Botan::HashFunction::create_or_throw("SHA-256"); });
  Bytes piece(kPiece);
  for (std::uint64_t at = 0; at < size;) {
    const auto length = static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, size - at));
    const auto part = std::span{piece}.first(length);
    flash.read(area, at, part);
    hash->update(part);
    at += length;
  }
  Digest digest{};
  hash->final(digest);
  return digest;
}

}  // namespace lamp::firmware::device
