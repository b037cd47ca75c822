#include <botan/ber_dec.h>
#include <botan/bigint.h>
#include <botan/der_enc.h>
#include <botan/ec_group.h>
#include <botan/ecc_key.h>
#include <botan/hash.h>
#include <botan/pubkey.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "lib/firmware/images/mcuboot_keys.hpp"

namespace lamp::firmware::mcuboot {
namespace {

/// A signature over the image itself is checked in one piece.
constexpr std::uint64_t kMaxPureRegion = 64ULL << 20;

using Keys = std::vector<std::unique_ptr<Botan::Public_Key>>;

Keys load(const std::vector<Bytes>& encoded) {
  Keys keys;
  for (const auto& one : encoded) keys.push_back(guarded(Errc::bad_input, [&] { return Botan::X509::load_key(one); }));
  return keys;
}

const Entry& digest_of(const Image& image) {
  return *std::find_if(image.entries.begin(), image.entries.end(),
                       [](const Entry& e) { return e.type >= sha256_digest && e.type <= sha512_digest; });
}

/// The trusted key that a TLV names.
const Botan::Public_Key* named_by(const Entry& e, const Keys& keys, std::uint16_t digest_type) {
  for (const auto& key : keys) {
    auto encoded = encoded_key(*key);
    if (e.type == key_hash) encoded = hash_of(digest_type)->process<Bytes>(encoded);
    if (encoded == e.value) return key.get();
  }
  return nullptr;
}

/// r and s, each as long as the order, of a DER signature in its one right encoding; empty for any other.
Bytes plain_signature(ByteView der, std::size_t length) {
  Botan::BigInt r, s;
  Botan::BER_Decoder{der}.start_sequence().decode(r).decode(s).end_cons().verify_end();
  Bytes again;
  Botan::DER_Encoder{again}.start_sequence().encode(r).encode(s).end_cons();
  if (!std::ranges::equal(again, der) || r.is_negative() || s.is_negative() || r.bytes() > length || s.bytes() > length)
    return {};
  auto out = r.serialize(length);
  append(out, s.serialize(length));
  return out;
}

/// ECDSA over a digest that is there already (FIPS 186-5 section 6.4.2): the image may be encrypted, so that it cannot
/// be hashed here.
bool ecdsa_matches(const Botan::EC_PublicKey& key, ByteView digest, ByteView signature) {
  const auto& group = key.domain();
  const auto plain = plain_signature(signature, group.get_order_bytes());
  const auto both = Botan::EC_Scalar::deserialize_pair(group, plain);
  if (!both || both->first.is_zero() || both->second.is_zero()) return false;
  const auto w = both->second.invert_vartime();
  const auto e = Botan::EC_Scalar::from_bytes_with_trunc(group, digest);
  const Botan::EC_Group::Mul2Table table{key._public_ec_point()};
  return table.mul2_vartime_x_mod_order_eq(both->first, e * w, both->first * w);
}

bool matches(const Botan::Public_Key& key, const Scheme& scheme, ByteView message, ByteView signature) {
  // What is no DER at all is no signature either: Botan throws then.
  const auto answer = attempt([&] {
    return guarded(Errc::bad_input, [&] {
      if (scheme.signature == ecdsa_signature)
        return ecdsa_matches(dynamic_cast<const Botan::EC_PublicKey&>(key), message, signature);
      return Botan::PK_Verifier{key, std::string{scheme.raw_padding}}.verify_message(message, signature);
    });
  });
  const auto* good = std::get_if<bool>(&answer);
  return good != nullptr && *good;
}

class Judge {
 public:
  Judge(const Input& file, const Image& image, const Trust& trust)
      : file_{file}, image_{image}, trust_{trust}, keys_{load(trust.keys)} {}

  Findings judge() {
    digest();
    signatures();
    const auto counter = image_.security_counter();
    const auto at = counter ? image_.find(mcuboot::security_counter)->offset : image_.protected_offset();
    if (trust_.minimum_security_counter > 0)
      (void)(rules_.hold(counter.has_value(), at, "no security counter, and one is asked for") &&
             rules_.hold(*counter >= trust_.minimum_security_counter, at,
                         "a security counter below the lowest allowed"));
    return std::move(rules_.findings);
  }

 private:
  [[nodiscard]] bool readable() const { return !image_.header.encrypted() || trust_.content_key != nullptr; }

  void digest() {
    if (!readable()) return;
    const auto& expected = digest_of(image_);
    const auto hash = hash_of(expected.type);
    each_of_region(file_, image_, trust_.content_key, [&](ByteView piece) { hash->update(piece); });
    (void)rules_.hold(hash->final_stdvec() == expected.value, expected.offset,
                      "header, image and protected TLVs do not have this digest");
  }

  Bytes signed_message() {
    if (image_.find(signature_is_pure) == nullptr) return digest_of(image_).value;
    if (image_.region_size() > kMaxPureRegion) return {};
    Bytes region;
    each_of_region(file_, image_, trust_.content_key, [&](ByteView piece) { append(region, piece); });
    return region;
  }

  void signature(const Entry& named, const Entry& signature, ByteView message) {
    const auto digest_type = digest_of(image_).type;
    const auto* key = named_by(named, keys_, digest_type);
    if (!rules_.hold(key != nullptr, named.offset, "signed by a key that is not trusted")) return;
    const auto& scheme = scheme_of(*key);
    const bool ed25519 = scheme.signature == ed25519_signature;
    (void)(rules_.hold(scheme.signature == signature.type && (ed25519 || scheme.digest == digest_type),
                       signature.offset, "a signature of a kind that does not fit its key") &&
           rules_.hold(matches(*key, scheme, message, signature.value), signature.offset,
                       "the signature does not match"));
  }

  void signatures() {
    std::size_t count = 0;
    const bool pure = image_.find(signature_is_pure) != nullptr;
    if (pure && !readable()) {
      (void)rules_.hold(false, image_.find(signature_is_pure)->offset,
                        "a signature over the image itself cannot be checked without the content key");
      return;
    }
    const auto message = signed_message();
    const auto& all = image_.entries;
    for (std::size_t i = 1; i < all.size(); ++i) {
      if (all[i].is_protected || all[i].type < rsa2048_signature || all[i].type > ed25519_signature) continue;
      ++count;
      signature(all[i - 1], all[i], message);
    }
    (void)rules_.hold(count > 0, image_.region_size(), "nobody signed it");
  }

  const Input& file_;
  const Image& image_;
  const Trust& trust_;
  const Keys keys_;
  Rules rules_;
};

}  // namespace

Findings verify(const Input& file, const Image& image, const Trust& trust) { return Judge{file, image, trust}.judge(); }

}  // namespace lamp::firmware::mcuboot
