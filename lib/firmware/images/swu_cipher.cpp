#include "lib/firmware/images/swu_cipher.hpp"

#include <botan/cipher_mode.h>
#include <botan/kdf.h>

#include "lib/base/error.hpp"

namespace lamp::firmware::swu {
namespace {

constexpr std::string_view kPurpose = "lamp-swu-image-v1";

std::unique_ptr<Botan::Cipher_Mode> cipher(Botan::Cipher_Dir direction, const SymmetricKey& key, const Iv& iv) {
  auto mode = Botan::Cipher_Mode::create_or_throw("AES-256/CBC/PKCS7", direction);
  mode->set_key(key.expose_secret());
  mode->start(iv);
  return mode;
}

/// All but the last bytes of the input, which end the message: decrypting needs a whole block of them, and more is
/// never held than one piece.
void pass(Botan::Cipher_Mode& mode, const Input& from, ByteSink& to) {
  const std::size_t unit = mode.update_granularity(), last = mode.minimum_final_size();
  SecureBytes held;
  from.each(0, from.size(), [&](ByteView piece) {
    held.insert(held.end(), piece.begin(), piece.end());
    if (held.size() < last + unit) return;
    const auto whole = (held.size() - last) / unit * unit;
    SecureBytes ready{held.begin(), held.begin() + static_cast<std::ptrdiff_t>(whole)};
    held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(whole));
    mode.update(ready);
    to.write(ready);
  });
  mode.finish(held);
  to.write(held);
}

}  // namespace

SymmetricKey image_key(const SymmetricKey& content_key) {
  if (content_key.size() < kImageKeySize)
    throw Error{Errc::bad_input, "an encrypted SWUpdate package takes a content key of 256 bits"};
  return guarded(Errc::internal, [&] {
    const auto kdf = Botan::KDF::create_or_throw("HKDF(SHA-256)");
    return SymmetricKey{kdf->derive_key(kImageKeySize, content_key.expose_secret(), ByteView{}, as_bytes(kPurpose))};
  });
}

void encrypt_image(const SymmetricKey& key, const Iv& iv, const Input& image, ByteSink& to) {
  guarded(Errc::internal, [&] { pass(*cipher(Botan::Cipher_Dir::Encryption, key, iv), image, to); });
}

void decrypt_image(const SymmetricKey& key, const Iv& iv, const Input& encrypted, ByteSink& to) {
  guarded(Errc::denied, [&] {
    if (encrypted.size() == 0 || encrypted.size() % iv.size() != 0)
      throw Error{Errc::denied, "an encrypted image that is no multiple of 16 bytes"};
    pass(*cipher(Botan::Cipher_Dir::Decryption, key, iv), encrypted, to);
  });
}

}  // namespace lamp::firmware::swu
