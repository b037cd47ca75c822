#include "lib/firmware/images/cms.hpp"

#include <botan/ber_dec.h>
#include <botan/bigint.h>
#include <botan/certstor.h>
#include <botan/der_enc.h>
#include <botan/hash.h>
#include <botan/pkix_types.h>
#include <botan/pubkey.h>
#include <botan/x509_ext.h>
#include <botan/x509cert.h>
#include <botan/x509path.h>

#include <algorithm>

#include "lib/crypto/cose.hpp"
#include "lib/pki/path.hpp"

namespace lamp::firmware::cms {
namespace {

struct Scheme {
  std::string_view padding, hash, name;
  Botan::Signature_Format format;
};

Scheme scheme_of(const Botan::Public_Key& key) {
  using enum Botan::Signature_Format;
  switch (cose::algorithm_for(key)) {
    case cose::Algorithm::esp384: return {"SHA-384", "SHA-384", "ECDSA P-384 SHA-384, CMS", DerSequence};
    case cose::Algorithm::esp256:
    case cose::Algorithm::es256: return {"SHA-256", "SHA-256", "ECDSA P-256 SHA-256, CMS", DerSequence};
    default: return {"PSS(SHA-256,MGF1,32)", "SHA-256", "RSA PSS SHA-256, CMS", Standard};
  }
}

Botan::AlgorithmIdentifier digest_algorithm(std::string_view hash) {
  return {Botan::OID::from_string(std::string{hash}), Botan::AlgorithmIdentifier::USE_EMPTY_PARAM};
}

Bytes encode(const Botan::X509_Certificate& certificate, std::string_view hash,
             const Botan::AlgorithmIdentifier& algorithm, const Bytes& signature) {
  using Botan::ASN1_Type;
  const auto& serial = certificate.serial_number();
  Bytes out;
  Botan::DER_Encoder der{out};
  der.start_sequence().encode(Botan::OID{"1.2.840.113549.1.7.2"}).start_explicit_context_specific(0).start_sequence();
  der.encode(std::size_t{1}).start_set().encode(digest_algorithm(hash)).end_cons();
  der.start_sequence().encode(Botan::OID{"1.2.840.113549.1.7.1"}).end_cons();
  der.start_context_specific(0).encode(certificate).end_cons();
  der.start_set().start_sequence().encode(std::size_t{1});
  der.start_sequence().encode(certificate.issuer_dn()).encode(Botan::BigInt::from_bytes(serial)).end_cons();
  der.encode(digest_algorithm(hash)).encode(algorithm).encode(signature, ASN1_Type::OctetString);
  der.end_cons().end_cons().end_cons().end_cons().end_cons();
  return out;
}

Botan::X509_Certificate load(ByteView der) {
  return guarded(Errc::bad_input, [&] { return Botan::X509_Certificate{der.data(), der.size()}; });
}

std::optional<Botan::X509_Certificate> signer_among(const SignedData& data) {
  for (const auto& one : data.certificates) {
    auto certificate = load(one);
    if (certificate.issuer_dn().DER_encode() == data.issuer &&
        Botan::BigInt::from_bytes(certificate.serial_number()) == Botan::BigInt::from_bytes(data.serial))
      return certificate;
  }
  return std::nullopt;
}

bool signature_matches(const SignedData& data, const Botan::Public_Key& key, ByteView content) {
  constexpr std::string_view kPlainRsa = "1.2.840.113549.1.1.1";
  Botan::AlgorithmIdentifier algorithm;
  Botan::BER_Decoder{data.algorithm}.decode(algorithm).verify_end();
  const auto format =
      key.algo_name() == "RSA" ? Botan::Signature_Format::Standard : Botan::Signature_Format::DerSequence;
  // "rsaEncryption" with the digest named beside it is how RSA PKCS#1 signatures are written in CMS.
  auto verifier = algorithm.oid() == Botan::OID{kPlainRsa}
                      ? Botan::PK_Verifier{key, "PKCS1v15(" + data.hash + ")", format}
                      : Botan::PK_Verifier{key, algorithm};
  return verifier.hash_function() == data.hash &&
         verifier.verify_message(data.attributes ? ByteView{*data.attributes} : content, data.signature);
}

bool digest_matches(const SignedData& data, ByteView content) {
  return !data.attributes ||
         Botan::HashFunction::create_or_throw(data.hash)->process<Bytes>(content) == data.message_digest;
}

/// Botan takes no authority whose extended key usage is code signing alone, which is what RFC 5280 section 4.2.1.12
/// lets an authority for code signing say. Such a one is asked for the rest of what an authority needs.
bool is_code_signing_authority(const Botan::X509_Certificate& issuer, std::size_t below) {
  const auto* basic = issuer.v3_extensions().get_extension_object_as<Botan::Cert_Extension::Basic_Constraints>();
  return basic != nullptr && basic->get_is_ca() && issuer.has_ex_constraint("PKIX.CodeSigning") &&
         issuer.has_constraints(Botan::Key_Constraints::KeyCertSign) && basic->get_path_limit() >= below;
}

std::string objection_of(const Botan::Path_Validation_Result& result) {
  if (result.successful_validation()) return {};
  const auto& path = result.cert_path();
  const auto& statuses = result.all_statuses();
  if (path.size() < 2 || statuses.size() != path.size()) return result.result_string();
  for (std::size_t i = 0; i < path.size(); ++i)
    for (const auto status : statuses[i]) {
      if (status < Botan::Certificate_Status_Code::FIRST_ERROR_STATUS) continue;
      const bool excused = status == Botan::Certificate_Status_Code::CA_CERT_NOT_FOR_CERT_ISSUER &&
                           i + 1 < path.size() && is_code_signing_authority(path[i + 1], i);
      if (!excused) return Botan::to_string(status);
    }
  return {};
}

std::string path_objection(const SignedData& data, const Botan::X509_Certificate& signer,
                           const std::vector<Bytes>& anchors, Instant at) {
  Botan::Certificate_Store_In_Memory store;
  std::vector<Botan::X509_Certificate> chain{signer};
  for (const auto& one : data.certificates) {
    auto certificate = load(one);
    if (certificate != signer) chain.push_back(std::move(certificate));
  }
  for (const auto& anchor : anchors) {
    auto certificate = load(anchor);
    if (certificate.is_self_signed())
      store.add_certificate(certificate);
    else
      chain.push_back(std::move(certificate));
  }
  pki::PathQuery query;
  query.at = at;
  const auto result = pki::validate_path(chain, {&store}, query);
  return objection_of(result);
}

}  // namespace

std::string algorithm_of(const Botan::Public_Key& key) { return std::string{scheme_of(key).name}; }

Bytes sign(ByteView content, const Botan::Private_Key& key, ByteView certificate, Botan::RandomNumberGenerator& rng) {
  const auto by = load(certificate);
  const auto public_part = key.public_key();
  if (by.subject_public_key()->subject_public_key() != public_part->subject_public_key())
    throw Error{Errc::denied, "the certificate " + by.subject_dn().to_string() + " is not of the key that signs"};
  const auto scheme = scheme_of(*public_part);
  return guarded(Errc::unavailable, [&] {
    Botan::PK_Signer signer{key, rng, std::string{scheme.padding}, scheme.format};
    const auto signature = signer.sign_message(content, rng);
    return encode(by, scheme.hash, signer.algorithm_identifier(), signature);
  });
}

namespace {

/// The signature itself, by a certificate that says it is for that.
Verdict check_signature(const SignedData& data, ByteView content, const Botan::X509_Certificate& signer) {
  if (!digest_matches(data, content)) return {{"the signature is over other content"}};
  // What Botan cannot even read as a signature is none.
  const auto good = attempt([&] {
    return guarded(Errc::bad_input, [&] { return signature_matches(data, *signer.subject_public_key(), content); });
  });
  const auto* answer = std::get_if<bool>(&good);
  if (answer == nullptr || !*answer) return {{"the signature does not match"}};
  if (!signer.has_ex_constraint("PKIX.CodeSigning"))
    return {{"the certificate of " + signer.subject_dn().to_string() + " is not for code signing"}};
  return {};
}

/// A certificate that cannot be read is an answer, not a failure.
template <class Judge>
Verdict judged(Judge&& judge) {
  auto verdict = attempt([&] { return guarded(Errc::bad_input, judge); });
  if (const auto* error = std::get_if<Error>(&verdict)) return {{error->what()}};
  return std::get<Verdict>(std::move(verdict));
}

}  // namespace

Verdict verify(const SignedData& data, ByteView content, const std::vector<Bytes>& anchors, Instant at) {
  return judged([&]() -> Verdict {
    const auto signer = signer_among(data);
    if (!signer) return {{"the signer's certificate is not in the signature"}};
    auto verdict = check_signature(data, content, *signer);
    if (!verdict.acceptable()) return verdict;
    const auto objection = path_objection(data, *signer, anchors, at);
    if (!objection.empty()) return {{"the certificate of " + signer->subject_dn().to_string() + ": " + objection}};
    return {};
  });
}

Verdict verify_by(const SignedData& data, ByteView content, ByteView certificate) {
  return judged([&]() -> Verdict {
    const auto signer = signer_among(data);
    if (!signer || *signer != load(certificate)) return {{"signed by another certificate"}};
    return check_signature(data, content, *signer);
  });
}

}  // namespace lamp::firmware::cms
