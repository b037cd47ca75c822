// MCUboot images: header, image, protected TLVs (these three are signed), TLVs. lamp-images(5).
//
// The reader refuses whatever the boot code refuses and more: nothing after the last TLV, one digest, no TLV that
// nobody reads, every signature preceded by its key.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/secret.hpp"
#include "lib/firmware/images/finding.hpp"
#include "lib/firmware/images/input.hpp"
#include "lib/firmware/uuid.hpp"

namespace Botan {
class Private_Key;
class Public_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::firmware::mcuboot {

inline constexpr std::uint32_t kMagic = 0x96F3B83D;
inline constexpr std::size_t kHeaderSize = 32;

enum Flag : std::uint32_t {
  position_independent = 0x1,
  encrypted_aes128 = 0x4,
  encrypted_aes256 = 0x8,
  non_bootable = 0x10,
  ram_load = 0x20,
  rom_fixed = 0x100,
  compressed_lzma1 = 0x200,
  compressed_lzma2 = 0x400,
  compressed_arm_thumb = 0x800,
};

enum Type : std::uint16_t {
  key_hash = 0x01,
  public_key = 0x02,
  sha256_digest = 0x10,
  sha384_digest = 0x11,
  sha512_digest = 0x12,
  rsa2048_signature = 0x20,
  ecdsa_signature = 0x22,
  rsa3072_signature = 0x23,
  ed25519_signature = 0x24,
  signature_is_pure = 0x25,
  key_for_rsa2048 = 0x30,
  key_for_kek = 0x31,
  key_for_p256 = 0x32,
  key_for_x25519 = 0x33,
  key_for_x25519_sha512 = 0x34,
  dependency = 0x40,
  security_counter = 0x50,
  boot_record = 0x60,
  decompressed_size = 0x70,
  decompressed_digest = 0x71,
  decompressed_signature = 0x72,
  compressed_size = 0x73,
  vendor_uuid = 0x74,
  class_uuid = 0x75,
};
/// "ECDSA signature"; "vendor's own" for vendor types, "unknown" for the rest.
[[nodiscard]] std::string_view name_of(std::uint16_t type) noexcept;

struct ImageVersion {
  std::uint8_t major = 0, minor = 0;
  std::uint16_t revision = 0;
  std::uint32_t build = 0;
  [[nodiscard]] std::string text() const;  ///< 1.2.3+4
  auto operator<=>(const ImageVersion&) const = default;
};

struct Header {
  std::uint32_t load_address = 0;
  std::uint16_t header_size = kHeaderSize;
  std::uint16_t protected_size = 0;  ///< of the protected TLVs, their own head included; 0 for none
  std::uint32_t image_size = 0;
  std::uint32_t flags = 0;
  ImageVersion version;
  [[nodiscard]] bool encrypted() const noexcept { return (flags & (encrypted_aes128 | encrypted_aes256)) != 0; }
  /// Bytes of the content key; 0 for an image in clear.
  [[nodiscard]] std::size_t key_size() const noexcept {
    return encrypted() ? ((flags & encrypted_aes256) != 0 ? 32 : 16) : 0;
  }
};

struct Entry {
  std::uint64_t offset = 0;  ///< of its head in the file
  std::uint16_t type = 0;
  bool is_protected = false;
  Bytes value;
};

struct Image {
  Header header;
  std::vector<Entry> entries;
  [[nodiscard]] std::uint64_t protected_offset() const noexcept {
    return std::uint64_t{header.header_size} + header.image_size;
  }
  /// Header, image and protected TLVs: what is hashed and signed, the image in clear.
  [[nodiscard]] std::uint64_t region_size() const noexcept { return protected_offset() + header.protected_size; }
  [[nodiscard]] const Entry* find(std::uint16_t type) const noexcept;
  [[nodiscard]] std::optional<std::uint32_t> security_counter() const;
};

[[nodiscard]] Reading<Image> read(const Input& file);
/// The same of a region that is not signed yet.
[[nodiscard]] Reading<Image> read_region(const Input& region);

/// Who an image is encrypted for: a public key (SubjectPublicKeyInfo: RSA-2048, P-256, X25519) or a shared key.
/// Borrows the shared key.
struct Recipient {
  Bytes public_key;
  const SymmetricKey* kek = nullptr;
};
/// The other side of it. Borrows.
struct RecipientKey {
  const Botan::Private_Key* private_key = nullptr;
  const SymmetricKey* kek = nullptr;
};

/// The content key of an encrypted image. Throws Error{denied} when it was wrapped for somebody else or altered.
[[nodiscard]] SymmetricKey open_content_key(const Image& image, const RecipientKey& key,
                                            Botan::RandomNumberGenerator& rng);

/// The signed region, the image in clear.
void each_of_region(const Input& file, const Image& image, const SymmetricKey* content_key,
                    const std::function<void(ByteView)>& use);

struct Trust {
  std::vector<Bytes> keys;  ///< SubjectPublicKeyInfo; every signature must be by one of them, and there must be one
  std::uint32_t minimum_security_counter = 0;
  const SymmetricKey* content_key = nullptr;  ///< of an encrypted image; without it only signatures are checked
};

/// What is wrong with an image whose structure was read; empty for a good one.
[[nodiscard]] Findings verify(const Input& file, const Image& image, const Trust& trust);

struct Dependency {
  std::uint8_t image = 0;
  ImageVersion at_least;
};

/// What goes around an image.
struct Recipe {
  ImageVersion version;
  std::uint16_t header_size = kHeaderSize;
  std::uint8_t header_padding = 0xFF;
  std::uint32_t load_address = 0;
  std::uint32_t flags = 0;   ///< without those of encryption
  std::size_t key_size = 0;  ///< 16 or 32: the image will be encrypted
  std::optional<std::uint32_t> security_counter;
  /// Measured boot: the software's type, and whose signature it will be (SubjectPublicKeyInfo).
  std::optional<std::pair<std::string, Bytes>> boot_record;
  std::vector<Dependency> dependencies;
  std::optional<Uuid> vendor, model_class;
  std::vector<std::pair<std::uint16_t, Bytes>> vendor_tlvs;  ///< types whose low byte is A0 to FE
};

/// Writes the region that will be signed. Throws Error{bad_input} for what no boot loader would take.
void write_region(const Recipe& recipe, const Input& image, ByteSink& to);

enum class KeyFormat { hash, full };

/// Signs the region and writes the image, encrypting it when its header says so. Signatures by RSA-2048 and RSA-3072
/// (PSS), P-256, P-384 and Ed25519. Throws Error{denied} for any other key.
void write_image(const Input& region, const Botan::Private_Key& key, const std::optional<Recipient>& recipient,
                 Botan::RandomNumberGenerator& rng, ByteSink& to, KeyFormat format = KeyFormat::hash);

/// What write_image does with a key, in words: "RSA-3072 PSS SHA-256". Throws Error{denied} for a key it does not take.
[[nodiscard]] std::string algorithm_of(const Botan::Public_Key& key);

}  // namespace lamp::firmware::mcuboot
