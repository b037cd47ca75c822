// OCSP messages (RFC 6960, RFC 9654): requests read strictly, responses written. Who may answer what is ocsp.hpp's.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"

namespace lamp::pki {

enum class OcspHash { sha1, sha256 };

/// How a request names a certificate: hashes of its issuer's name and key, and its serial number.
struct CertificateId {
  Bytes der;                     ///< whole CertID; a response repeats it
  std::optional<OcspHash> hash;  ///< nothing when it is neither of the two that we know: then nobody is named
  Bytes name_hash, key_hash;
  std::string serial;  ///< INTEGER content, hex
};

struct OcspRequest {
  std::vector<CertificateId> wanted;  ///< at least one, at most kMostWanted
  std::optional<Bytes> nonce;         ///< 1 to 128 octets
  static constexpr std::size_t kMostWanted = 64;
  static constexpr std::size_t kLargest = 65536;

  /// A signature is accepted and not looked at: status is no secret. Throws Error{bad_input} when it is not DER, no
  /// request, too large, or has a critical extension that we do not know.
  [[nodiscard]] static OcspRequest parse(ByteView der);
};

/// An issuer as CertIDs name it.
struct IssuerId {
  Bytes name_sha1, name_sha256;
  Bytes key_sha1, key_sha256;

  [[nodiscard]] static IssuerId of(ByteView certificate);  ///< of the issuer's own certificate
  [[nodiscard]] bool is_named_by(const CertificateId& id) const;
};

/// A CertID of this issuer's certificate; `serial` is hex.
[[nodiscard]] Bytes encode_certificate_id(const IssuerId& issuer, OcspHash hash, const std::string& serial);
/// A request for these CertIDs, as a client would send it.
[[nodiscard]] Bytes encode_ocsp_request(const std::vector<Bytes>& ids, const std::optional<Bytes>& nonce);

struct CertificateStatus {
  enum class Kind { good, revoked, unknown };
  Kind kind = Kind::unknown;
  Instant revoked_at{};
  std::uint8_t reason = 0;  ///< CRLReason; 0 is unspecified, which is left out
  bool operator==(const CertificateStatus&) const = default;
};

struct SingleResponse {
  Bytes id;  ///< CertID
  CertificateStatus status;
};

struct ResponseData {
  Bytes responder_key_sha1;  ///< responder id byKey
  Instant produced_at{}, this_update{}, next_update{};
  std::vector<SingleResponse> responses;
  std::optional<Bytes> nonce;
};
[[nodiscard]] Bytes encode_response_data(const ResponseData& data);

/// A BasicOCSPResponse: what was signed (ResponseData, algorithm, signature), with the signer's certificate when it is
/// not the authority itself.
[[nodiscard]] Bytes attach_certificate(ByteView signed_data, ByteView certificate);

enum class OcspFailure : std::uint8_t { malformed_request = 1, internal_error = 2, try_later = 3, unauthorized = 6 };
[[nodiscard]] Bytes encode_ocsp_failure(OcspFailure failure);
[[nodiscard]] Bytes encode_ocsp_success(ByteView basic_response);

/// SHA-1 over the BIT STRING's content of a SubjectPublicKeyInfo.
[[nodiscard]] Bytes key_sha1(ByteView public_key_info);

}  // namespace lamp::pki
