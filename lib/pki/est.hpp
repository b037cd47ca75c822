// What Enrolment over Secure Transport says (RFC 7030, RFC 8951): its bodies, without HTTP and without a verdict.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/pki/profile.hpp"

namespace lamp::pki::est {

inline constexpr std::string_view kCertificatesType = "application/pkcs7-mime; smime-type=certs-only";
inline constexpr std::string_view kAttributesType = "application/csrattrs";
inline constexpr std::string_view kRequestType = "application/pkcs10";

/// No certification request of ours comes near; a body that is longer is not even decoded.
inline constexpr std::size_t kRequestLimit = std::size_t{16} * 1024;

/// A certs-only SignedData (RFC 5652 section 5, RFC 8951 section 3.2): no signer, certificates in DER's order of a SET.
[[nodiscard]] Bytes certificates_only(const std::vector<Bytes>& certificates);
/// The certificates (DER) of such a message, in its order; nothing is said of what they are. Strict DER, version 1 or 3
/// (RFC 5652 section 5.1). Throws Error{bad_input}, also for one with a signer or without a certificate.
[[nodiscard]] std::vector<Bytes> certificates_in(ByteView message);

/// What a request should hold (RFC 7030 section 4.5.2, RFC 9908 section 3): the kind of key, and the digest that it
/// signs with. Names and extensions are this side's to give.
[[nodiscard]] Bytes request_attributes(const KeyRule& key);

/// Base64 as clients in the field read it: in lines of 64, since some decoders take no longer ones.
[[nodiscard]] std::string encode_body(ByteView der);
/// With line breaks, or without (RFC 8951 section 3.1); white space counts for nothing. Throws Error{bad_input}, which
/// does not quote the input, also when the body is longer than `limit`.
[[nodiscard]] Bytes decode_body(std::string_view body, std::size_t limit = kRequestLimit);

/// The media type of a Content-Type header is this one, whatever parameters follow it.
[[nodiscard]] bool is_media_type(std::string_view header, std::string_view type) noexcept;

}  // namespace lamp::pki::est
