#include <algorithm>
#include <bit>

#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {

IssuerFacts facts_of(std::string name, ByteView certificate) {
  const auto own = Certificate::parse(certificate).tbs;
  const auto begin = own.not_before.instant();
  const auto end = own.not_after.instant();
  const auto* id = own.find(oid::kSubjectKeyIdentifier);
  if (!begin || !end || id == nullptr)
    throw Error{Errc::bad_input, "the certificate of authority " + name + " has no key identifier or no valid times"};
  IssuerFacts facts;
  facts.name = std::move(name);
  facts.subject.assign(own.subject.begin(), own.subject.end());
  facts.key_id = subject_key_id(id->value);
  facts.signature_algorithm = signature_algorithm_for(own.public_key);
  facts.not_before = *begin;
  facts.not_after = *end;
  if (const auto* constraints = own.find(oid::kBasicConstraints)) {
    const auto basic = basic_constraints(constraints->value);
    facts.is_authority = basic.authority;
    facts.path_length = basic.path_length;
  }
  if (const auto* usage = own.find(oid::kKeyUsage)) {
    const auto bits = key_usage(usage->value).set;
    facts.signs_certificates = std::ranges::count(bits, *key_usage_bit("keyCertSign")) != 0;
    facts.signs_lists = std::ranges::count(bits, *key_usage_bit("cRLSign")) != 0;
  }
  if (const auto* constraints = own.find(oid::kNameConstraints))
    facts.name_constraints.push_back(name_constraints(constraints->value));
  return facts;
}

IssuerFacts facts_of_chain(std::string name, const std::vector<Bytes>& chain) {
  auto facts = facts_of(std::move(name), chain.front());
  for (std::size_t i = 1; i < chain.size(); ++i)
    if (const auto* constraints = Certificate::parse(chain[i]).tbs.find(oid::kNameConstraints))
      facts.name_constraints.push_back(name_constraints(constraints->value));
  return facts;
}

std::string curve_of(ByteView public_key_info) {
  der::Reader outer{public_key_info};
  auto info = outer.enter(der::kSequence, "subject public key");
  auto algorithm = info.enter(der::kSequence, "public key algorithm");
  if (der::object_id(algorithm.next(der::kObjectId, "public key algorithm").content) != oid::kEcPublicKey) return {};
  if (algorithm.peek() != der::kObjectId) return {};  // parameters spelled out: no named curve
  return der::object_id(algorithm.next("named curve").content);
}

std::optional<std::size_t> rsa_bits(ByteView public_key_info) {
  der::Reader outer{public_key_info};
  auto info = outer.enter(der::kSequence, "subject public key");
  auto algorithm = info.enter(der::kSequence, "public key algorithm");
  if (der::object_id(algorithm.next(der::kObjectId, "public key algorithm").content) != oid::kRsa) return std::nullopt;
  (void)algorithm.next(der::kNull, "RSA key's parameters");
  const auto bits = info.next(der::kBitString, "public key").content;
  der::Reader key{bits.subspan(bits.empty() ? 0 : 1)};
  auto numbers = key.enter(der::kSequence, "RSA public key");
  auto modulus = numbers.next(der::kInteger, "RSA modulus").content;
  der::require_integer(modulus, "RSA modulus");
  if (modulus.front() == 0) modulus = modulus.subspan(1);
  if (modulus.empty()) return 0;
  return modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(modulus.front()));
}

std::string key_kind_text(ByteView public_key_info) {
  if (const auto bits = rsa_bits(public_key_info)) return "RSA-" + std::to_string(*bits);
  const auto curve = curve_of(public_key_info);
  return curve.empty() ? "a key of another kind" : std::string{name_of(curve)};
}

Bytes signature_algorithm_for(ByteView public_key_info) {
  const auto curve = curve_of(public_key_info);
  if (curve == oid::kP256) return encode_algorithm(oid::kEcdsaSha256);
  if (curve == oid::kP384) return encode_algorithm(oid::kEcdsaSha384);
  throw Error{Errc::denied, "an authority's key is P-256 or P-384; this one is neither"};
}

}  // namespace lamp::pki
