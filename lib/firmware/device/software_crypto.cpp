#include "lib/firmware/device/software_crypto.hpp"

#include <botan/hash.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/crypto/key_wrap.hpp"

namespace lamp::firmware::device {
namespace {

constexpr std::size_t kPiece = 65536;

}  // namespace

bool SoftwareCrypto::decrypt(const EncryptionInfo& info, ByteView ciphertext, Sink& sink) {
  const auto key = attempt([&] { return crypto::unwrap_key(kek_, info.wrapped_key); });
  if (std::holds_alternative<Error>(key) || std::get<SymmetricKey>(key).size() != info.key_size) return false;
  PayloadCoder coder{PayloadCoder::Direction::decrypt, std::get<SymmetricKey>(key), info};
  const auto tag = tag_size(info.cipher);
  if (ciphertext.size() < tag) return false;
  SecureBytes piece;
  while (ciphertext.size() >= kPiece + tag) {
    piece.assign(ciphertext.begin(), ciphertext.begin() + kPiece);
    ciphertext = ciphertext.subspan(kPiece);
    coder.process(piece);
    sink.take(piece);
  }
  piece.assign(ciphertext.begin(), ciphertext.end());
  if (!coder.finish(piece)) return false;
  sink.take(piece);
  return true;
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
