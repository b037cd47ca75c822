#include "lib/crypto/cose.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/pubkey.h>

#include "lib/crypto/cbor.hpp"

namespace lamp::cose {
namespace {

constexpr std::uint64_t kTagSign1 = 18;
constexpr std::int64_t kHeaderAlgorithm = 1, kHeaderCritical = 2, kHeaderKid = 4;
constexpr std::size_t kKidSize = 32;

/// The named curve of an elliptic-curve key as its DER parameters say, whoever implements the key.
bool on_curve(const Botan::Public_Key& key, std::string_view oid) {
  return key.algo_name() == "ECDSA" && key.algorithm_identifier().parameters() == Botan::OID{oid}.BER_encode();
}

/// id-ml-dsa-87, of NIST's registry.
bool is_ml_dsa_87(const Botan::Public_Key& key) {
  return key.algorithm_identifier().oid() == Botan::OID{"2.16.840.1.101.3.4.3.19"};
}

bool fits(Algorithm algorithm, const Botan::Public_Key& key, Use use) {
  if (is_ml_dsa_87(key) != (use == Use::hybrid_release)) return false;
  const auto own = algorithm_for(key, use);
  switch (algorithm) {
    case Algorithm::es256:
    case Algorithm::esp256: return own == Algorithm::esp256;
    case Algorithm::esp384: return own == Algorithm::esp384;
    case Algorithm::ps256:
    case Algorithm::ps512: return own == Algorithm::ps256;
    case Algorithm::ml_dsa_87: return own == Algorithm::ml_dsa_87;
  }
  return false;
}

const char* botan_padding(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::es256:
    case Algorithm::esp256: return "SHA-256";
    case Algorithm::esp384: return "SHA-384";
    case Algorithm::ps256: return "PSS(SHA-256,MGF1,32)";
    case Algorithm::ps512: return "PSS(SHA-512,MGF1,64)";
    case Algorithm::ml_dsa_87: return "";
  }
  throw Error{Errc::internal, "a COSE algorithm without a padding"};
}

/// ML-DSA is hedged (FIPS 204, 3.4): a fault in one signature then tells less about the key.
const char* botan_signing(Algorithm algorithm) {
  return algorithm == Algorithm::ml_dsa_87 ? "Randomized" : botan_padding(algorithm);
}

Algorithm known_algorithm(std::int64_t id) {
  for (const auto known :
       {Algorithm::esp256, Algorithm::esp384, Algorithm::ps256, Algorithm::ps512, Algorithm::ml_dsa_87})
    if (id == static_cast<std::int64_t>(known)) return known;
  throw Error{Errc::bad_input, "COSE signature algorithm " + std::to_string(id) + " is not one that may be used"};
}

/// `extra_headers` with algorithm and kid added.
Bytes protected_header(Algorithm algorithm, const Bytes& kid, ByteView extra_headers) {
  cbor::MapWriter header;
  header.add(kHeaderAlgorithm, cbor::Writer{}.integer(static_cast<std::int64_t>(algorithm)));
  header.add(kHeaderKid, cbor::Writer{}.bytes(kid));
  if (!extra_headers.empty()) {
    cbor::Reader extra{extra_headers};
    for (auto left = extra.map(); left > 0; --left) {
      const auto key = extra.integer();
      header.add(key, cbor::Writer{}.raw(extra.item()));
    }
    extra.end();
  }
  return header.encoded();
}

ByteView required(std::optional<ByteView> value, const char* what) {
  if (!value) throw Error{Errc::bad_input, std::string{"COSE_Sign1 without "} + what};
  return *value;
}

}  // namespace

std::string_view name_of(Algorithm algorithm) noexcept {
  switch (algorithm) {
    case Algorithm::esp256: return "ESP256";
    case Algorithm::es256: return "ES256";
    case Algorithm::esp384: return "ESP384";
    case Algorithm::ps256: return "PS256";
    case Algorithm::ps512: return "PS512";
    case Algorithm::ml_dsa_87: return "ML-DSA-87";
  }
  return "unknown";
}

Algorithm algorithm_for(const Botan::Public_Key& key, Use use) {
  return guarded(Errc::denied, [&] {
    if (is_ml_dsa_87(key) != (use == Use::hybrid_release))
      throw Error{Errc::denied, use == Use::hybrid_release
                                    ? "a key of " + key.algo_name() + " where a hybrid release has one of ML-DSA-87"
                                    : "a key of ML-DSA-87 may sign beside the release key of a hybrid model only"};
    if (use == Use::hybrid_release) return Algorithm::ml_dsa_87;
    if (on_curve(key, "1.2.840.10045.3.1.7")) return Algorithm::esp256;
    if (on_curve(key, "1.3.132.0.34")) return Algorithm::esp384;
    if (key.algo_name() == "RSA" && key.key_length() >= 3072) return Algorithm::ps256;
    throw Error{Errc::denied, "a key of " + std::to_string(key.key_length()) + "-bit " + key.algo_name() +
                                  " may not sign; P-256, P-384 or RSA of 3072 bits and more may"};
  });
}

Bytes key_id(const Botan::Public_Key& key) {
  return guarded(Errc::bad_input, [&] {
    return Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(key.subject_public_key());
  });
}

Bytes to_be_signed(ByteView protected_header, ByteView external_aad, ByteView payload) {
  return cbor::Writer{}
      .array(4)
      .text("Signature1")
      .bytes(protected_header)
      .bytes(external_aad)
      .bytes(payload)
      .encoded();
}

Bytes sign1(const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng, ByteView payload,
            std::string_view context, Payload payload_is, ByteView extra_headers) {
  return sign1_as(algorithm_for(key), key, rng, payload, context, payload_is, extra_headers);
}

Bytes sign1_as(Algorithm algorithm, const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng, ByteView payload,
               std::string_view context, Payload payload_is, ByteView extra_headers) {
  const auto use = algorithm == Algorithm::ml_dsa_87 ? Use::hybrid_release : Use::general;
  if (algorithm == Algorithm::es256 || !fits(algorithm, key, use))
    throw Error{Errc::denied, "COSE algorithm " + std::to_string(static_cast<int>(algorithm)) +
                                  " is not written with a key of " + key.algo_name()};
  const auto header = protected_header(algorithm, key_id(key), extra_headers);
  const auto signature = guarded(Errc::unavailable, [&] {
    Botan::PK_Signer signer{key, rng, botan_signing(algorithm), Botan::Signature_Format::Standard};
    return signer.sign_message(to_be_signed(header, as_bytes(context), payload), rng);
  });
  cbor::Writer message;
  message.tag(kTagSign1).array(4).bytes(header).map(0);
  if (payload_is == Payload::attached)
    message.bytes(payload);
  else
    message.null();
  return std::move(message.bytes(signature)).encoded();
}

Sign1 parse_sign1(ByteView message) {
  Sign1 out;
  cbor::Reader reader{message};
  reader.tag(kTagSign1);
  reader.array(4);
  out.protected_header = reader.bytes();
  if (reader.map() != 0) throw Error{Errc::bad_input, "COSE_Sign1 with unprotected headers"};
  if (!reader.null()) out.payload = reader.bytes();
  out.signature = reader.bytes();
  reader.end();
  if (cbor::find(out.protected_header, kHeaderCritical))
    throw Error{Errc::bad_input, "COSE_Sign1 with critical headers, of which none is known here"};
  cbor::Reader algorithm{required(cbor::find(out.protected_header, kHeaderAlgorithm), "an algorithm")};
  out.algorithm = known_algorithm(algorithm.integer());
  cbor::Reader kid{required(cbor::find(out.protected_header, kHeaderKid), "a key id")};
  out.kid = kid.bytes();
  if (out.kid.size() != kKidSize) throw Error{Errc::bad_input, "COSE_Sign1 with a key id that is not 32 bytes"};
  return out;
}

Verdict verify1(const Sign1& message, const Botan::Public_Key& key, ByteView payload, std::string_view context,
                Use use) {
  if (!equal_constant_time(message.kid, key_id(key))) return {{"signed by another key"}};
  if (!fits(message.algorithm, key, use)) return {{"the signature's algorithm does not fit the key"}};
  if (message.payload && !equal_constant_time(*message.payload, payload))
    return {{"the signature carries another payload"}};
  const bool valid = guarded(Errc::bad_input, [&] {
    Botan::PK_Verifier verifier{key, botan_padding(message.algorithm), Botan::Signature_Format::Standard};
    return verifier.verify_message(to_be_signed(message.protected_header, as_bytes(context), payload),
                                   message.signature);
  });
  if (!valid) return {{"the signature does not match"}};
  return {};
}

}  // namespace lamp::cose
