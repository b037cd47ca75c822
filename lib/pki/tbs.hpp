// What a profile makes of a subject, and its TBSCertificate: the bytes exist before anything signs them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/pki/certificate.hpp"
#include "lib/pki/profile.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::pki {

/// A profile's rules applied: every value that will be in the certificate but serial number and key.
struct Contents {
  std::string identity;
  std::vector<std::pair<std::string, std::string>> subject;  ///< attribute name, value
  std::vector<std::pair<AlternativeName, std::string>> alternative_names;
  std::vector<std::pair<NameConstraint, std::string>> permitted, excluded;
  Instant not_before{}, not_after{};
  bool clipped = false;  ///< the issuer ends earlier than the profile's lifetime
};

/// `issuer` is null for a self-signed root. Throws Error{denied} when the issuer's rules or the beyond-issuer rule say
/// no, Error{bad_input} when a template lacks its value.
[[nodiscard]] Contents resolve(const Profile& profile, const Subject& subject, const IssuerFacts* issuer, Instant now);

/// `signature_algorithm` is the whole AlgorithmIdentifier of the signature to come.
[[nodiscard]] Bytes build_tbs(const Profile& profile, const Contents& contents, ByteView public_key_info,
                              ByteView serial, const IssuerFacts* issuer, ByteView signature_algorithm);

/// 16 octets: the bits 01, so that it is positive and never shortened by a leading zero; 38 bits of the time in
/// seconds, so that a register of millions grows at its end (notBefore tells no less); 88 random bits. RFC 5280: at
/// most 20 octets; CA/B: at least 64 random bits.
[[nodiscard]] Bytes random_serial(Instant now, Botan::RandomNumberGenerator& rng);

/// RFC 7093 section 2, method 1: the leftmost 160 bits of SHA-256 over the key's BIT STRING.
[[nodiscard]] Bytes key_identifier(ByteView public_key_info);
/// SHA-256 over the SubjectPublicKeyInfo, hex: how the register knows a key.
[[nodiscard]] std::string key_fingerprint(ByteView public_key_info);

/// Dotted named curve, or empty for any other kind of key.
[[nodiscard]] std::string curve_of(ByteView public_key_info);

/// Bits of an RSA modulus; nothing for any other kind of key. Throws Error{bad_input} for parameters other than NULL.
[[nodiscard]] std::optional<std::size_t> rsa_bits(ByteView public_key_info);
/// "P-256", "RSA-3072" and the like; a dotted identifier for what has no name here.
[[nodiscard]] std::string key_kind_text(ByteView public_key_info);

/// Pieces that CRLs need too.
[[nodiscard]] Bytes encode_algorithm(std::string_view dotted);
[[nodiscard]] Bytes encode_time(Instant at);
[[nodiscard]] Bytes encode_extension(std::string_view dotted, bool critical, const Bytes& value);
[[nodiscard]] Bytes encode_authority_key_id(ByteView key_id);
/// The AlgorithmIdentifier inside a TBSCertificate.
[[nodiscard]] ByteView algorithm_of(ByteView tbs);
/// SEQUENCE of what is signed, the algorithm, and the signature.
[[nodiscard]] Bytes encode_signed(ByteView to_be_signed, ByteView algorithm, ByteView signature);

}  // namespace lamp::pki
