#include <botan/hash.h>
#include <botan/stream_cipher.h>

#include <algorithm>
#include <array>

#include "lib/firmware/images/little_endian.hpp"
#include "lib/firmware/images/mcuboot_keys.hpp"

namespace lamp::firmware::mcuboot {
namespace {

constexpr std::uint16_t kTlvMagic = 0x6907, kProtectedTlvMagic = 0x6908;
constexpr std::uint64_t kHead = 4;  // of an area and of a TLV
constexpr std::uint32_t kKnownFlags = position_independent | encrypted_aes128 | encrypted_aes256 | non_bootable |
                                      ram_load | rom_fixed | compressed_lzma1 | compressed_lzma2 | compressed_arm_thumb;

enum class Place { signed_part, free_part, nowhere };

struct TypeInfo {
  std::uint16_t type;
  Place place;
  std::size_t size;  ///< 0: any
  std::string_view name;
};
constexpr std::array kTypes{
    TypeInfo{key_hash, Place::free_part, 0, "key digest"},
    TypeInfo{public_key, Place::free_part, 0, "public key"},
    TypeInfo{sha256_digest, Place::free_part, 32, "SHA-256"},
    TypeInfo{sha384_digest, Place::free_part, 48, "SHA-384"},
    TypeInfo{sha512_digest, Place::free_part, 64, "SHA-512"},
    TypeInfo{rsa2048_signature, Place::free_part, 256, "RSA-2048 signature"},
    TypeInfo{ecdsa_signature, Place::free_part, 0, "ECDSA signature"},
    TypeInfo{rsa3072_signature, Place::free_part, 384, "RSA-3072 signature"},
    TypeInfo{ed25519_signature, Place::free_part, 64, "Ed25519 signature"},
    TypeInfo{signature_is_pure, Place::free_part, 1, "signature over the image itself"},
    TypeInfo{key_for_rsa2048, Place::free_part, 256, "content key for RSA-2048"},
    TypeInfo{key_for_kek, Place::free_part, 0, "content key wrapped by AES"},
    TypeInfo{key_for_p256, Place::free_part, 0, "content key for P-256"},
    TypeInfo{key_for_x25519, Place::free_part, 0, "content key for X25519"},
    TypeInfo{key_for_x25519_sha512, Place::free_part, 0, "content key for X25519, SHA-512"},
    TypeInfo{dependency, Place::signed_part, 12, "dependency"},
    TypeInfo{security_counter, Place::signed_part, 4, "security counter"},
    TypeInfo{boot_record, Place::signed_part, 0, "boot record"},
    TypeInfo{decompressed_size, Place::signed_part, 4, "size when decompressed"},
    TypeInfo{decompressed_digest, Place::signed_part, 0, "digest when decompressed"},
    TypeInfo{decompressed_signature, Place::signed_part, 0, "signature when decompressed"},
    TypeInfo{compressed_size, Place::signed_part, 4, "size when decrypted"},
    TypeInfo{vendor_uuid, Place::signed_part, 16, "vendor id"},
    TypeInfo{class_uuid, Place::signed_part, 16, "class id"},
};

constexpr bool is_vendors(std::uint16_t type) noexcept { return (type & 0xFFU) >= 0xA0 && type <= 0xFFFE; }

const TypeInfo* info_of(std::uint16_t type) noexcept {
  const auto it = std::find_if(kTypes.begin(), kTypes.end(), [&](const TypeInfo& info) { return info.type == type; });
  return it == kTypes.end() ? nullptr : &*it;
}

bool is_digest(std::uint16_t type) noexcept { return type >= sha256_digest && type <= sha512_digest; }
bool is_key(std::uint16_t type) noexcept { return type == key_hash || type == public_key; }
bool is_signature(std::uint16_t type) noexcept { return type >= rsa2048_signature && type <= ed25519_signature; }
bool is_wrapped_key(std::uint16_t type) noexcept { return type >= key_for_rsa2048 && type <= key_for_x25519_sha512; }

/// Content key, MAC and ephemeral key, by the content key's size; 0 where the type has none.
std::size_t wrapped_size(std::uint16_t type, std::size_t key_size) noexcept {
  switch (type) {
    case key_for_rsa2048: return 256;
    case key_for_kek: return key_size + 8;
    case key_for_p256: return 65 + 32 + key_size;
    case key_for_x25519: return 32 + 32 + key_size;
    case key_for_x25519_sha512: return 32 + 64 + key_size;
    default: return 0;
  }
}

class Parser {
 public:
  explicit Parser(const Input& file) : file_{file} {}

  bool header();
  bool protected_area();
  bool free_area();
  bool region_ends() {
    return rules_.hold(file_.size() == image_.region_size(), std::min(file_.size(), image_.region_size()),
                       "the region does not end with its image and protected TLVs");
  }
  /// After each area was read.
  bool entries();
  bool signatures();
  Reading<Image> result(bool whole) && {
    Reading<Image> out{std::nullopt, std::move(rules_.findings)};
    if (whole) out.value = std::move(image_);
    return out;
  }

 private:
  bool hold(bool holds, std::uint64_t offset, const char* rule) { return rules_.hold(holds, offset, rule); }
  bool flags();
  bool area(std::uint64_t at, std::uint16_t magic, bool is_protected, std::uint64_t& total);
  bool entry(const Entry& entry);
  bool after_its_key(const Entry& signature, const Entry& before);

  const Input& file_;
  Image image_;
  Rules rules_;
};

bool Parser::flags() {
  const auto flags = image_.header.flags;
  const auto both = [&](std::uint32_t bits) { return (flags & bits) == bits; };
  return hold((flags & ~kKnownFlags) == 0, 16, "a flag that no boot loader knows") &&
         hold(!both(encrypted_aes128 | encrypted_aes256), 16, "flags for AES-128 and AES-256 at once") &&
         hold(!both(ram_load | rom_fixed), 16, "flags for loading into RAM and for a fixed place in ROM at once") &&
         hold(!both(compressed_lzma1 | compressed_lzma2), 16, "flags for two compressions at once") &&
         hold(image_.header.load_address == 0 || (flags & (ram_load | rom_fixed)) != 0, 4,
              "a load address without the flag that makes it one");
}

bool Parser::header() {
  if (!hold(file_.size() >= kHeaderSize, file_.size(), "it ends within the header")) return false;
  const auto b = file_.bytes(0, kHeaderSize);
  const ByteView view{b};
  auto& h = image_.header;
  h.load_address = little_endian<std::uint32_t>(view.subspan(4));
  h.header_size = little_endian<std::uint16_t>(view.subspan(8));
  h.protected_size = little_endian<std::uint16_t>(view.subspan(10));
  h.image_size = little_endian<std::uint32_t>(view.subspan(12));
  h.flags = little_endian<std::uint32_t>(view.subspan(16));
  h.version = {b[20], b[21], little_endian<std::uint16_t>(view.subspan(22)),
               little_endian<std::uint32_t>(view.subspan(24))};
  return hold(little_endian<std::uint32_t>(view) == kMagic, 0, "not the magic number of an MCUboot image") &&
         hold(h.header_size >= kHeaderSize, 8, "a header size below 32") &&
         hold(h.header_size % 4 == 0, 8, "a header size that is no multiple of 4") &&
         hold(h.image_size > 0, 12, "an image of no bytes") && flags() &&
         hold(!h.encrypted() || image_.protected_offset() % 16 == 0, 12,
              "an encrypted image that does not end at a multiple of 16 bytes") &&
         hold(little_endian<std::uint32_t>(view.subspan(28)) == 0, 28, "bytes that must be zero") &&
         hold(file_.size() >= image_.region_size(), 12, "the image and its protected TLVs are longer than the file");
}

bool Parser::area(std::uint64_t at, std::uint16_t magic, bool is_protected, std::uint64_t& total) {
  if (!hold(file_.has(at, kHead), at, "it ends before the TLV area")) return false;
  const auto head = file_.bytes(at, kHead);
  total = little_endian<std::uint16_t>(ByteView{head}.subspan(2));
  if (!hold(little_endian<std::uint16_t>(head) == magic, at, "not the magic number of this TLV area") ||
      !hold(total >= kHead && file_.has(at, total), at + 2, "the TLV area's size is impossible"))
    return false;
  const auto bytes = file_.bytes(at, static_cast<std::size_t>(total));
  for (std::size_t pos = kHead; pos < total;) {
    if (!hold(total - pos >= kHead, at + pos, "a TLV that ends within its head")) return false;
    const auto rest = ByteView{bytes}.subspan(pos);
    const std::size_t length = little_endian<std::uint16_t>(rest.subspan(2));
    if (!hold(length <= rest.size() - kHead, at + pos + 2, "a TLV longer than its area")) return false;
    const auto value = rest.subspan(kHead, length);
    image_.entries.push_back(
        {at + pos, little_endian<std::uint16_t>(rest), is_protected, Bytes{value.begin(), value.end()}});
    pos += kHead + length;
  }
  return true;
}

bool Parser::protected_area() {
  if (image_.header.protected_size == 0) return true;
  std::uint64_t total = 0;
  return area(image_.protected_offset(), kProtectedTlvMagic, true, total) &&
         hold(total == image_.header.protected_size, 10, "the header's size of the protected TLVs is not theirs");
}

bool Parser::free_area() {
  std::uint64_t total = 0;
  const auto at = image_.region_size();
  return area(at, kTlvMagic, false, total) && hold(file_.size() - at == total, at + total, "bytes after the last TLV");
}

bool Parser::entry(const Entry& e) {
  const auto* info = info_of(e.type);
  if (e.is_protected && info == nullptr && is_vendors(e.type)) return true;
  if (!hold(info != nullptr, e.offset, "a TLV of a type that may not be here")) return false;
  const auto place = e.is_protected ? Place::signed_part : Place::free_part;
  const auto repeats = std::count_if(image_.entries.begin(), image_.entries.end(),
                                     [&](const Entry& other) { return other.type == e.type; });
  const bool may_repeat = e.type == dependency || is_key(e.type) || is_signature(e.type);
  return hold(info->place == place, e.offset,
              e.is_protected ? "a TLV that must not be protected" : "a TLV that must be protected") &&
         hold(info->size == 0 || info->size == e.value.size(), e.offset + 2, "a TLV of a wrong length") &&
         hold(repeats == 1 || may_repeat, e.offset, "a TLV that is there twice");
}

bool Parser::entries() {
  return std::all_of(image_.entries.begin(), image_.entries.end(), [&](const Entry& e) { return entry(e); });
}

bool Parser::after_its_key(const Entry& signature, const Entry& before) {
  if (!hold(is_key(before.type), signature.offset, "a signature without its key right before it")) return false;
  const auto* digest = info_of(image_.find(sha256_digest) != nullptr   ? sha256_digest
                               : image_.find(sha384_digest) != nullptr ? sha384_digest
                                                                       : sha512_digest);
  return hold(before.type == public_key || before.value.size() == digest->size, before.offset + 2,
              "a key digest that is not by the image's hash");
}

bool Parser::signatures() {
  const auto& all = image_.entries;
  const auto first = std::find_if(all.begin(), all.end(), [](const Entry& e) { return !e.is_protected; });
  const auto count = [&](bool (*is)(std::uint16_t)) {
    return std::count_if(all.begin(), all.end(), [&](const Entry& e) { return is(e.type); });
  };
  const auto at = image_.region_size();
  if (!hold(first != all.end() && is_digest(first->type), at + kHead, "the first TLV is not the image's digest") ||
      !hold(count([](std::uint16_t t) { return is_digest(t); }) == 1, at, "two digests of the image") ||
      !hold((count([](std::uint16_t t) { return is_wrapped_key(t); }) == 1) == image_.header.encrypted(), 16,
            "the flags and the TLVs do not agree on whether the image is encrypted"))
    return false;
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto& e = all[i];
    if (is_signature(e.type) && !after_its_key(e, all[i - 1])) return false;
    if (is_key(e.type) && !hold(i + 1 < all.size() && is_signature(all[i + 1].type), e.offset,
                                "a key without its signature right after it"))
      return false;
    if (is_wrapped_key(e.type) && !hold(e.value.size() == wrapped_size(e.type, image_.header.key_size()), e.offset + 2,
                                        "a content key of a wrong length"))
      return false;
    if (e.type == signature_is_pure && !hold(e.value.front() == 1, e.offset + kHead, "a mark that must be 1"))
      return false;
  }
  return true;
}

}  // namespace

std::string_view name_of(std::uint16_t type) noexcept {
  if (const auto* info = info_of(type)) return info->name;
  return is_vendors(type) ? "vendor's own" : "unknown";
}

std::string ImageVersion::text() const {
  return std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(revision) + "+" +
         std::to_string(build);
}

const Entry* Image::find(std::uint16_t type) const noexcept {
  const auto it = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.type == type; });
  return it == entries.end() ? nullptr : &*it;
}

std::optional<std::uint32_t> Image::security_counter() const {
  const auto* e = find(mcuboot::security_counter);
  return e == nullptr ? std::nullopt : std::optional{little_endian<std::uint32_t>(e->value)};
}

Reading<Image> read(const Input& file) {
  Parser parser{file};
  const bool whole =
      parser.header() && parser.protected_area() && parser.free_area() && parser.entries() && parser.signatures();
  return std::move(parser).result(whole);
}

Reading<Image> read_region(const Input& region) {
  Parser parser{region};
  const bool whole = parser.header() && parser.protected_area() && parser.region_ends() && parser.entries();
  return std::move(parser).result(whole);
}

void each_of_region(const Input& file, const Image& image, const SymmetricKey* content_key,
                    const std::function<void(ByteView)>& use) {
  const auto& h = image.header;
  file.each(0, h.header_size, use);
  if (content_key == nullptr || !h.encrypted()) {
    file.each(h.header_size, h.image_size, use);
  } else {
    const auto cipher = image_cipher(*content_key);
    Bytes clear;
    file.each(h.header_size, h.image_size, [&](ByteView piece) {
      clear.resize(piece.size());
      cipher->cipher(piece.data(), clear.data(), piece.size());
      use(clear);
    });
  }
  file.each(image.protected_offset(), h.protected_size, use);
}

}  // namespace lamp::firmware::mcuboot
