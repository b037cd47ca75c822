#include <botan/hash.h>
#include <botan/pubkey.h>
#include <botan/rng.h>
#include <botan/stream_cipher.h>
#include <botan/x509_key.h>

#include "lib/crypto/cbor.hpp"
#include "lib/firmware/images/little_endian.hpp"
#include "lib/firmware/images/mcuboot_keys.hpp"

namespace lamp::firmware::mcuboot {
namespace {

constexpr std::uint16_t kTlvMagic = 0x6907, kProtectedTlvMagic = 0x6908;
constexpr std::size_t kHead = 4, kBlock = 16, kMaxSoftwareType = 12;

[[noreturn]] void refuse(const std::string& what) { throw Error{Errc::bad_input, "MCUboot image: " + what}; }

class Area {
 public:
  void add(std::uint16_t type, ByteView value) {
    append_little_endian(body_, type);
    append_little_endian(body_, narrow(value.size()));
    append(body_, value);
  }
  [[nodiscard]] Bytes encoded(std::uint16_t magic) const {
    Bytes out;
    append_little_endian(out, magic);
    append_little_endian(out, narrow(body_.size() + kHead));
    append(out, body_);
    return out;
  }
  [[nodiscard]] bool empty() const noexcept { return body_.empty(); }

 private:
  static std::uint16_t narrow(std::size_t size) {
    if (size > 0xFFFF) refuse("its TLVs take more than 65535 bytes");
    return static_cast<std::uint16_t>(size);
  }
  Bytes body_;
};

void append_version(Bytes& to, const ImageVersion& version) {
  to.push_back(version.major);
  to.push_back(version.minor);
  append_little_endian(to, version.revision);
  append_little_endian(to, version.build);
}

/// PSA's claims of a software component; the boot loader puts the measurement (2) in the place of the zeros.
Bytes boot_record_of(const Recipe& recipe) {
  const auto& type = recipe.boot_record->first;
  const auto& signer = recipe.boot_record->second;
  if (type.size() > kMaxSoftwareType) refuse("a software type of more than 12 characters");
  const auto key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(signer); });
  const auto& scheme = scheme_of(*key);
  const auto hash = hash_of(scheme.digest);
  const auto name = "SHA" + std::string{scheme.hash.substr(4)};
  const auto& v = recipe.version;
  const auto version = std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.revision);
  const Bytes zeros(hash->output_length());
  return cbor::Writer{}
      .map(5)
      .integer(1)
      .text(type)
      .integer(4)
      .text(version)
      .integer(5)
      .bytes(hash->process<Bytes>(encoded_key(*key)))
      .integer(6)
      .text(name)
      .integer(2)
      .bytes(zeros)
      .encoded();
}

Bytes protected_area(const Recipe& recipe) {
  Area area;
  if (recipe.security_counter) {
    Bytes value;
    append_little_endian(value, *recipe.security_counter);
    area.add(security_counter, value);
  }
  if (recipe.boot_record) area.add(boot_record, boot_record_of(recipe));
  for (const auto& one : recipe.dependencies) {
    Bytes value{one.image, 0, 0, 0};
    append_version(value, one.at_least);
    area.add(dependency, value);
  }
  if (recipe.vendor) area.add(vendor_uuid, *recipe.vendor);
  if (recipe.model_class) area.add(class_uuid, *recipe.model_class);
  for (const auto& [type, value] : recipe.vendor_tlvs) {
    if ((type & 0xFFU) < 0xA0 || type == 0xFFFF) refuse("a vendor's TLV type has a low byte of A0 or more");
    area.add(type, value);
  }
  return area.empty() ? Bytes{} : area.encoded(kProtectedTlvMagic);
}

std::size_t padding_of(const Recipe& recipe, const Input& image) {
  const auto over = (recipe.header_size + image.size()) % kBlock;
  return recipe.key_size == 0 || over == 0 ? 0 : static_cast<std::size_t>(kBlock - over);
}

std::uint32_t flags_of(const Recipe& recipe) {
  if ((recipe.flags & (encrypted_aes128 | encrypted_aes256)) != 0) refuse("its encryption is chosen by the key's size");
  switch (recipe.key_size) {
    case 0: return recipe.flags;
    case 16: return recipe.flags | encrypted_aes128;
    case 32: return recipe.flags | encrypted_aes256;
    default: refuse("a content key has 16 or 32 bytes");
  }
}

Bytes header_of(const Recipe& recipe, std::uint64_t image_size, std::size_t protected_size) {
  if (image_size == 0 || image_size > 0xFFFFFFFF) refuse("it has between one byte and 4 GiB");
  if (recipe.header_size < kHeaderSize || recipe.header_size % 4 != 0)
    refuse("a header takes 32 bytes or more, a multiple of 4");
  Bytes h;
  append_little_endian(h, kMagic);
  append_little_endian(h, recipe.load_address);
  append_little_endian(h, recipe.header_size);
  append_little_endian(h, static_cast<std::uint16_t>(protected_size));
  append_little_endian(h, static_cast<std::uint32_t>(image_size));
  append_little_endian(h, flags_of(recipe));
  append_version(h, recipe.version);
  append_little_endian(h, std::uint32_t{0});
  h.resize(recipe.header_size, recipe.header_padding);
  return h;
}

Image readable_region(const Input& region) {
  auto reading = read_region(region);
  if (!reading.good()) refuse("the region to sign: " + reading.findings.front().text());
  return std::move(*reading.value);
}

struct Signed {
  Bytes digest, signature;
};

Signed sign(const Input& region, const Botan::Private_Key& key, const Scheme& scheme,
            Botan::RandomNumberGenerator& rng) {
  return guarded(Errc::unavailable, [&] {
    const auto hash = hash_of(scheme.digest);
    const auto format =
        scheme.signature == ecdsa_signature ? Botan::Signature_Format::DerSequence : Botan::Signature_Format::Standard;
    Botan::PK_Signer signer{key, rng, std::string{scheme.padding}, format};
    const bool over_digest = scheme.signature == ed25519_signature;
    region.each(0, region.size(), [&](ByteView piece) {
      hash->update(piece);
      if (!over_digest) signer.update(piece);
    });
    auto digest = hash->final_stdvec();
    if (over_digest) signer.update(digest);
    auto signature = signer.signature(rng);
    return Signed{std::move(digest), std::move(signature)};
  });
}

SymmetricKey fresh_key(std::size_t size, Botan::RandomNumberGenerator& rng) {
  return SymmetricKey{guarded(Errc::unavailable, [&] { return rng.random_vec(size); })};
}

void encrypt(const Input& region, const Image& image, const SymmetricKey& content_key, ByteSink& to) {
  const auto cipher = image_cipher(content_key);
  Bytes secret;
  region.each(0, image.header.header_size, [&](ByteView piece) { to.write(piece); });
  region.each(image.header.header_size, image.header.image_size, [&](ByteView piece) {
    secret.resize(piece.size());
    cipher->cipher(piece.data(), secret.data(), piece.size());
    to.write(secret);
  });
  region.each(image.protected_offset(), image.header.protected_size, [&](ByteView piece) { to.write(piece); });
}

}  // namespace

void write_region(const Recipe& recipe, const Input& image, ByteSink& to) {
  const auto tlvs = protected_area(recipe);
  const auto padding = padding_of(recipe, image);
  to.write(header_of(recipe, image.size() + padding, tlvs.size()));
  copy(image, to);
  to.write(Bytes(padding));
  to.write(tlvs);
}

void write_image(const Input& region, const Botan::Private_Key& key, const std::optional<Recipient>& recipient,
                 Botan::RandomNumberGenerator& rng, ByteSink& to, KeyFormat format) {
  const auto image = readable_region(region);
  if (image.header.encrypted() != recipient.has_value())
    refuse(recipient ? "its header says that it is in clear" : "nobody is named whom it is encrypted for");
  const auto public_part = key.public_key();
  const auto& scheme = scheme_of(*public_part);
  const auto made = sign(region, key, scheme, rng);
  Area area;
  area.add(scheme.digest, made.digest);
  const auto encoded = encoded_key(*public_part);
  if (format == KeyFormat::full)
    area.add(mcuboot::public_key, encoded);
  else
    area.add(key_hash, hash_of(scheme.digest)->process<Bytes>(encoded));
  area.add(scheme.signature, made.signature);
  if (recipient) {
    const auto content_key = fresh_key(image.header.key_size(), rng);
    const auto wrapped = wrap_content_key(content_key, *recipient, rng);
    area.add(wrapped.type, wrapped.value);
    encrypt(region, image, content_key, to);
  } else {
    copy(region, to);
  }
  to.write(area.encoded(kTlvMagic));
}

}  // namespace lamp::firmware::mcuboot
