// Certificate requests of PKCS#10 (RFC 2986), and bare public keys: read as strict DER, the key judged, the requester's
// possession of the private key proven. What a request asks to be called is information, never an order: profiles
// decide.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"

namespace lamp::pki {

struct CertificateRequest {
  Bytes subject;  ///< whole Name
  std::vector<NameAttribute> subject_attributes;
  Bytes public_key_info;  ///< whole SubjectPublicKeyInfo
  std::vector<GeneralName> alternative_names;
  /// challengePassword of RFC 2985; enrolment over TLS puts base64 of tls-unique there (RFC 7030, section 3.5).
  std::optional<std::string> challenge;
};

/// Why a request or a key is not taken: bad_input when it is malformed, denied when a policy says no.
struct RequestRefusal {
  Errc code = Errc::bad_input;
  std::string rule;   ///< stable, such as "csr.signature"
  std::string field;  ///< where in the request
  std::string says;
  [[nodiscard]] std::string text() const;  ///< "field says [rule]"
};

/// The request, its key fit for use and its signature good; or the first thing that is wrong with it.
[[nodiscard]] std::variant<CertificateRequest, RequestRefusal> check_request(ByteView der);
/// The same for a caller with one request: throws the refusal as an Error.
[[nodiscard]] CertificateRequest parse_request(ByteView der);

/// What is wrong with a SubjectPublicKeyInfo: taken are points of P-256 and P-384 on their curve, uncompressed, and RSA
/// of 2048 to 8192 bits. Which of them a certificate may hold is for its profile to say.
[[nodiscard]] std::optional<RequestRefusal> check_public_key(ByteView public_key_info);

/// One PEM block or DER. Throws Error{not_found}, Error{bad_input}.
[[nodiscard]] Bytes read_request_file(const std::filesystem::path& file);
/// The same for a public key, which has passed check_public_key().
[[nodiscard]] Bytes read_public_key_file(const std::filesystem::path& file);
/// The same from text that is already here, such as a field of a list: PEM, or base64 of the DER.
[[nodiscard]] Bytes request_from_text(std::string_view text);
[[nodiscard]] Bytes public_key_from_text(std::string_view text);

}  // namespace lamp::pki
