#include "lib/pki/csr.hpp"

#include <botan/asn1_obj.h>
#include <botan/ber_dec.h>
#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/pss_params.h>
#include <botan/pubkey.h>
#include <botan/rsa.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include "lib/crypto/p256.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

constexpr std::string_view kRsa = "1.2.840.113549.1.1.1";
constexpr std::string_view kRsaPss = "1.2.840.113549.1.1.10";
constexpr std::string_view kEcdsaSha256 = "1.2.840.10045.4.3.2";
constexpr std::string_view kChallengePassword = "1.2.840.113549.1.9.7";
constexpr std::string_view kExtensionRequest = "1.2.840.113549.1.9.14";

// An RSA-8192 request with a dozen names has 4 KiB; what is larger wants memory, not a certificate.
constexpr std::size_t kMostOctets = 16384;
constexpr std::size_t kMostExtensions = 16;
constexpr std::size_t kMostExtensionOctets = 4096;
constexpr std::size_t kMostNames = 64;
constexpr std::size_t kMostChallenge = 255;  // RFC 2985, ub-pkcs-9-challengePassword
constexpr std::size_t kLeastRsaBits = 2048, kMostRsaBits = 8192;

using Refusal = std::optional<RequestRefusal>;

RequestRefusal malformed(std::string_view rule, std::string_view field, std::string says) {
  return {Errc::bad_input, "csr." + std::string{rule}, std::string{field}, std::move(says)};
}
RequestRefusal denied(std::string_view rule, std::string_view field, std::string says) {
  return {Errc::denied, "csr." + std::string{rule}, std::string{field}, std::move(says)};
}

/// The DER reader's complaint, "field: what is wrong".
RequestRefusal from_reader(const Error& error) {
  const std::string_view text = error.what();
  const auto colon = text.find(": ");
  if (colon == std::string_view::npos) return malformed("der", "request", std::string{text});
  return malformed("der", text.substr(0, colon), std::string{text.substr(colon + 2)});
}

struct Parts {
  CertificateRequest request;
  ByteView signed_part, algorithm, signature;
};

Refusal read_alternative_names(const std::vector<Extension>& extensions, CertificateRequest& request) {
  for (std::size_t i = 0; i < extensions.size(); ++i) {
    const auto& extension = extensions[i];
    const auto same = [&](const Extension& other) { return other.oid == extension.oid; };
    if (std::count_if(extensions.begin(), extensions.end(), same) > 1)
      return malformed("extension.once", std::string{name_of(extension.oid)}, "is requested twice");
    if (extension.value.size() > kMostExtensionOctets)
      return denied("extension.size", std::string{name_of(extension.oid)},
                    "has " + std::to_string(extension.value.size()) + " octets; at most " +
                        std::to_string(kMostExtensionOctets) + " are read");
    if (extension.oid != oid::kSubjectAlternativeName) continue;
    request.alternative_names = general_names(extension.value);
    if (request.alternative_names.size() > kMostNames)
      return denied("extension.size", "subjectAltName", "asks for more than " + std::to_string(kMostNames) + " names");
  }
  return std::nullopt;
}

Refusal read_challenge(ByteView content, CertificateRequest& request) {
  der::Reader values{content};
  const auto value = values.next("challengePassword");
  values.end("challengePassword");
  const bool text = value.tag == der::kPrintableString || value.tag == der::kUtf8String || value.tag == der::kIa5String;
  if (!text || value.content.size() > kMostChallenge)
    return malformed("challenge", "challengePassword", "is no text of at most 255 octets");
  request.challenge = to_text(value.content);
  return std::nullopt;
}

Refusal read_attributes(ByteView content, CertificateRequest& request) {
  der::Reader attributes{content};
  std::vector<std::string> seen;
  while (!attributes.at_end()) {
    auto attribute = attributes.enter(der::kSequence, "attribute");
    auto type = der::object_id(attribute.next(der::kObjectId, "attribute's type").content);
    const auto values = attribute.next(der::kSet, "attribute's values").content;
    attribute.end("attribute");
    if (std::find(seen.begin(), seen.end(), type) != seen.end())
      return malformed("attribute.once", "attributes", "hold " + type + " twice");
    Refusal refusal;
    if (type == kChallengePassword) refusal = read_challenge(values, request);
    if (type == kExtensionRequest) {
      const auto extensions = read_extensions(values);
      if (extensions.size() > kMostExtensions)
        return denied("extension.size", "extensionRequest",
                      "asks for more than " + std::to_string(kMostExtensions) + " extensions");
      refusal = read_alternative_names(extensions, request);
    }
    if (refusal) return refusal;
    if (seen.size() == kMostExtensions) return denied("attribute.count", "attributes", "are too many");
    seen.push_back(std::move(type));
  }
  return std::nullopt;
}

Refusal read_parts(ByteView der, Parts& parts) {
  der::Reader outer{der};
  auto fields = outer.enter(der::kSequence, "request");
  outer.end("request");
  const auto info = fields.next(der::kSequence, "certification request info");
  parts.signed_part = info.whole;
  parts.algorithm = fields.next(der::kSequence, "signature algorithm").whole;
  const auto signature = fields.next(der::kBitString, "signature").content;
  if (signature.size() < 2 || signature.front() != 0) return malformed("der", "signature", "is not whole octets");
  parts.signature = signature.subspan(1);
  fields.end("request");

  der::Reader inside{info.content};
  const auto version = der::small_integer(inside.next(der::kInteger, "version").content, "version");
  if (version != 0)
    return malformed("version", "version", "is " + std::to_string(version + 1) + " where only 1 exists");
  const auto subject = inside.next(der::kSequence, "subject");
  parts.request.subject.assign(subject.whole.begin(), subject.whole.end());
  parts.request.subject_attributes = read_name(subject.content);
  if (parts.request.subject_attributes.size() > kMostNames)
    return denied("subject.size", "subject", "has too many parts");
  const auto key = inside.next(der::kSequence, "subjectPublicKey").whole;
  parts.request.public_key_info.assign(key.begin(), key.end());
  const auto attributes = inside.next(der::constructed_context(0), "attributes").content;
  inside.end("certification request info");
  return read_attributes(attributes, parts.request);
}

/// Grammar of the key, before anything computes with it.
Refusal check_ec_point(ByteView bits, const std::string& curve) {
  if (curve.empty()) return denied("key.curve", "subjectPublicKey", "is not on a named curve");
  const bool small = curve == oid::kP256;
  if (!small && curve != oid::kP384)
    return denied("key.curve", "subjectPublicKey", "curve " + curve + " is not P-256 or P-384");
  const std::size_t size = small ? 65 : 97;
  if (bits.size() != size || bits.front() != 0x04)
    return denied("key.point", "subjectPublicKey", "is no uncompressed point of its curve");
  return std::nullopt;
}

Refusal check_rsa(const Botan::Public_Key& key) {
  const auto& rsa = dynamic_cast<const Botan::RSA_PublicKey&>(key);
  const auto bits = rsa.get_n().bits();
  if (bits < kLeastRsaBits || bits > kMostRsaBits)
    return denied("key.weak", "subjectPublicKey", "RSA of " + std::to_string(bits) + " bits; 2048 to 8192 are taken");
  // FIPS 186-5, appendix A.1.1: odd, above 2^16, below 2^256.
  if (rsa.get_e() <= 65536 || rsa.get_e().is_even() || rsa.get_e().bits() > 256 || rsa.get_n().is_even())
    return denied("key.weak", "subjectPublicKey", "RSA with an exponent or modulus that FIPS 186-5 does not allow");
  return std::nullopt;
}

/// What is to be certified: a point of P-256, as it stands in the request, or any other key as Botan's.
struct SubjectKey {
  ByteView p256;
  std::unique_ptr<Botan::Public_Key> other;
  bool rsa = false;
};
using KeyOrRefusal = std::variant<SubjectKey, RequestRefusal>;

KeyOrRefusal read_key(ByteView public_key_info) {
  der::Reader outer{public_key_info};
  auto fields = outer.enter(der::kSequence, "subjectPublicKey");
  outer.end("subjectPublicKey");
  auto algorithm = fields.enter(der::kSequence, "public key algorithm");
  const auto kind = der::object_id(algorithm.next(der::kObjectId, "public key algorithm").content);
  const auto bits = fields.next(der::kBitString, "public key").content;
  fields.end("subjectPublicKey");
  if (bits.size() < 2 || bits.front() != 0) return malformed("der", "subjectPublicKey", "is not whole octets");
  if (kind == oid::kEcPublicKey) {
    if (auto refusal = check_ec_point(bits.subspan(1), curve_of(public_key_info))) return std::move(*refusal);
    (void)algorithm.next("named curve");
  } else if (kind == kRsa) {
    if (!algorithm.next(der::kNull, "RSA's parameters").content.empty())
      return malformed("der", "RSA's parameters", "are not NULL");
  } else {
    return denied("key.kind", "subjectPublicKey", "algorithm " + kind + " is neither elliptic curve nor RSA");
  }
  algorithm.end("public key algorithm");
  if (kind == oid::kEcPublicKey && curve_of(public_key_info) == oid::kP256) {
    const auto point = bits.subspan(1);
    if (crypto::is_p256_point(point)) return SubjectKey{point, nullptr};
    return denied("key.point", "subjectPublicKey", "is not a point of its curve");
  }
  // Botan checks that a point is on its curve; P-384 has no points of small order.
  auto key = attempt([&] { return guarded(Errc::denied, [&] { return Botan::X509::load_key(public_key_info); }); });
  if (std::holds_alternative<Error>(key))
    return denied("key.point", "subjectPublicKey", kind == kRsa ? "is no RSA key" : "is not a point of its curve");
  if (kind == kRsa)
    if (auto refusal = check_rsa(*std::get<0>(key))) return std::move(*refusal);
  return SubjectKey{{}, std::get<0>(std::move(key)), kind == kRsa};
}

/// SHA-256, SHA-384 and SHA-512 with the key's own algorithm; anything else is a policy's no.
std::string algorithm_name(ByteView algorithm) {
  auto fields = der::Reader{algorithm}.enter(der::kSequence, "signature algorithm");
  return der::object_id(fields.next(der::kObjectId, "signature algorithm").content);
}

Refusal check_algorithm(ByteView algorithm, bool rsa) {
  der::Reader outer{algorithm};
  auto fields = outer.enter(der::kSequence, "signature algorithm");
  const auto name = der::object_id(fields.next(der::kObjectId, "signature algorithm").content);
  constexpr std::array<std::string_view, 3> kEcdsa{kEcdsaSha256, "1.2.840.10045.4.3.3", "1.2.840.10045.4.3.4"};
  constexpr std::array<std::string_view, 3> kPkcs1{"1.2.840.113549.1.1.11", "1.2.840.113549.1.1.12",
                                                   "1.2.840.113549.1.1.13"};
  auto no = denied("signature.algorithm", "signatureAlgorithm", name + " is not used with this key here");
  if (rsa && name == kRsaPss) {
    const auto parameters = fields.next(der::kSequence, "PSS parameters").whole;
    const auto pss = guarded(Errc::bad_input, [&] { return Botan::PSS_Params{parameters}; });
    const bool known =
        pss.hash_function() == "SHA-256" || pss.hash_function() == "SHA-384" || pss.hash_function() == "SHA-512";
    if (!known || pss.mgf_hash_algid() != pss.hash_algid() || pss.salt_length() < 20) return no;
  } else if (rsa) {
    if (std::find(kPkcs1.begin(), kPkcs1.end(), name) == kPkcs1.end()) return no;
    (void)fields.next(der::kNull, "signature algorithm's parameters");
  } else if (std::find(kEcdsa.begin(), kEcdsa.end(), name) == kEcdsa.end()) {
    return no;
  }
  fields.end("signature algorithm");
  return std::nullopt;
}

bool is_signed_by(const SubjectKey& key, const Parts& parts) {
  if (!key.p256.empty() && algorithm_name(parts.algorithm) == kEcdsaSha256) {
    const auto digest = Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(parts.signed_part);
    return crypto::is_p256_signature(key.p256, digest, parts.signature, crypto::SignatureForm::der);
  }
  const auto p256 = key.other ? nullptr : Botan::X509::load_key(parts.request.public_key_info);
  Botan::AlgorithmIdentifier algorithm;
  Botan::BER_Decoder{parts.algorithm}.decode(algorithm);
  return Botan::PK_Verifier{key.other ? *key.other : *p256, algorithm}.verify_message(parts.signed_part,
                                                                                      parts.signature);
}

Refusal check_signature(const Parts& parts, const SubjectKey& key) {
  if (auto refusal = check_algorithm(parts.algorithm, key.rsa)) return refusal;
  // Botan throws for an encoding of a signature that it dislikes: no proof either way.
  const auto good = attempt([&] { return guarded(Errc::denied, [&] { return is_signed_by(key, parts); }); });
  if (std::holds_alternative<bool>(good) && std::get<bool>(good)) return std::nullopt;
  return denied("signature", "signature", "does not prove possession of the private key: it is not by this key");
}

std::variant<CertificateRequest, RequestRefusal> check_whole(ByteView der) {
  Parts parts;
  if (auto refusal = read_parts(der, parts)) return std::move(*refusal);
  auto key = read_key(parts.request.public_key_info);
  if (auto* refusal = std::get_if<RequestRefusal>(&key)) return std::move(*refusal);
  if (auto refusal = check_signature(parts, std::get<0>(key))) return std::move(*refusal);
  return std::move(parts.request);
}

}  // namespace

std::string RequestRefusal::text() const { return field + " " + says + " [" + rule + "]"; }

std::variant<CertificateRequest, RequestRefusal> check_request(ByteView der) {
  if (der.size() > kMostOctets)
    return denied(
        "size", "request",
        "has " + std::to_string(der.size()) + " octets; at most " + std::to_string(kMostOctets) + " are read");
  auto checked = attempt([&] { return check_whole(der); });
  if (const auto* error = std::get_if<Error>(&checked)) return from_reader(*error);
  return std::get<0>(std::move(checked));
}

CertificateRequest parse_request(ByteView der) {
  auto checked = check_request(der);
  if (const auto* refusal = std::get_if<RequestRefusal>(&checked)) throw Error{refusal->code, refusal->text()};
  return std::get<0>(std::move(checked));
}

std::optional<RequestRefusal> check_public_key(ByteView public_key_info) {
  if (public_key_info.size() > kMostOctets) return denied("size", "subjectPublicKey", "is too large");
  const auto key = attempt([&] { return read_key(public_key_info); });
  if (const auto* error = std::get_if<Error>(&key)) return from_reader(*error);
  if (const auto* refusal = std::get_if<RequestRefusal>(&std::get<0>(key))) return *refusal;
  return std::nullopt;
}

}  // namespace lamp::pki
