#include "lib/firmware/device/software_crypto.hpp"

#include <botan/aead.h>
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
  const auto mode = guarded(Errc::internal, [&] {
    auto gcm = Botan::AEAD_Mode::create_or_throw(info.key_size == 32 ? "AES-256/GCM" : "AES-128/GCM",
                                                 Botan::Cipher_Dir::Decryption);
    gcm->set_key(std::get<SymmetricKey>(key).expose_secret());
    gcm->set_associated_data(payload_authenticated_data(info.protected_header));
    gcm->start(info.iv);
    return gcm;
  });
  if (ciphertext.size() < mode->minimum_final_size()) return false;
  SecureBytes piece;
  while (ciphertext.size() >= kPiece + mode->minimum_final_size()) {
    piece.assign(ciphertext.begin(), ciphertext.begin() + kPiece);
    ciphertext = ciphertext.subspan(kPiece);
    guarded(Errc::internal, [&] { mode->process(piece); });
    sink.take(piece);
  }
  piece.assign(ciphertext.begin(), ciphertext.end());
  const auto finished = attempt([&] {
    return guarded(Errc::denied, [&] {
      mode->finish(piece);
      return true;
    });
  });
  if (std::holds_alternative<Error>(finished)) return false;
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
