// The images of an encrypted SWUpdate package: AES-256-CBC with PKCS#7 padding, as `swupdate -K` decrypts them.
// lamp-images(5).
#pragma once

#include <array>
#include <cstdint>

#include "lib/base/secret.hpp"
#include "lib/firmware/images/input.hpp"

namespace lamp::firmware::swu {

inline constexpr std::size_t kImageKeySize = 32;
using Iv = std::array<std::uint8_t, 16>;

/// The key of a package's image, made of the release's content key by HKDF-SHA-256: devices unwrap the one and make the
/// other. One key never serves two ciphers. Throws Error{bad_input} for a content key of fewer than 256 bits.
[[nodiscard]] SymmetricKey image_key(const SymmetricKey& content_key);

/// A multiple of 16 bytes, longer than the image. The key must be of this release alone: its IV is no secret.
void encrypt_image(const SymmetricKey& key, const Iv& iv, const Input& image, ByteSink& to);
/// Throws Error{denied} when the padding is not right: another key or IV. CBC authenticates nothing else; the digest in
/// the signed sw-description does.
void decrypt_image(const SymmetricKey& key, const Iv& iv, const Input& encrypted, ByteSink& to);

}  // namespace lamp::firmware::swu
