#include <botan/asn1_obj.h>
#include <botan/der_enc.h>

#include <array>
#include <cstdio>

#include "lib/base/error.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/ocsp_message.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

using Botan::ASN1_Class;
using Botan::ASN1_Type;
using Botan::DER_Encoder;

/// OCSP knows only GeneralizedTime, whatever the year (RFC 6960 section 4.2.2.1).
Bytes encode_generalized_time(Instant at) {
  using namespace std::chrono;
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{at - day};
  std::array<char, 32> text{};
  const int length = std::snprintf(text.data(), text.size(), "%04d%02u%02u%02d%02d%02dZ", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                   static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                                   static_cast<int>(clock.seconds().count()));
  if (length != 15) throw Error{Errc::bad_input, "a time that no OCSP response can hold"};
  Bytes out;
  DER_Encoder{out}.add_object(ASN1_Type::GeneralizedTime, ASN1_Class::Universal,
                              std::string_view{text.data(), static_cast<std::size_t>(length)});
  return out;
}

Bytes encode_nonce(const Bytes& nonce) {
  Bytes value;
  DER_Encoder{value}.encode(nonce, ASN1_Type::OctetString);
  return encode_extension(oid::kOcspNonce, false, value);
}

void encode_status(DER_Encoder& der, const CertificateStatus& status) {
  // good and unknown are [0] and [2] IMPLICIT NULL.
  if (status.kind != CertificateStatus::Kind::revoked) {
    const auto tag = status.kind == CertificateStatus::Kind::good ? 0U : 2U;
    der.add_object(ASN1_Type{tag}, ASN1_Class::ContextSpecific, Bytes{});
    return;
  }
  der.start_context_specific(1).raw_bytes(encode_generalized_time(status.revoked_at));
  if (status.reason != 0)
    der.start_explicit_context_specific(0)
        .add_object(ASN1_Type::Enumerated, ASN1_Class::Universal, status.reason)
        .end_cons();
  der.end_cons();
}

void encode_single(DER_Encoder& der, const ResponseData& data, const SingleResponse& single) {
  der.start_sequence().raw_bytes(single.id);
  encode_status(der, single.status);
  der.raw_bytes(encode_generalized_time(data.this_update));
  der.start_explicit_context_specific(0).raw_bytes(encode_generalized_time(data.next_update)).end_cons();
  der.end_cons();
}

}  // namespace

Bytes encode_certificate_id(const IssuerId& issuer, OcspHash hash, const std::string& serial) {
  const bool sha1 = hash == OcspHash::sha1;
  const auto number = from_hex(serial);
  Bytes out;
  DER_Encoder der{out};
  der.start_sequence();
  der.start_sequence().encode(Botan::OID{sha1 ? oid::kSha1 : oid::kSha256}).encode_null().end_cons();
  der.encode(sha1 ? issuer.name_sha1 : issuer.name_sha256, ASN1_Type::OctetString);
  der.encode(sha1 ? issuer.key_sha1 : issuer.key_sha256, ASN1_Type::OctetString);
  der.add_object(ASN1_Type::Integer, ASN1_Class::Universal, number).end_cons();
  return out;
}

Bytes encode_ocsp_request(const std::vector<Bytes>& ids, const std::optional<Bytes>& nonce) {
  Bytes out;
  DER_Encoder der{out};
  der.start_sequence().start_sequence().start_sequence();
  for (const auto& id : ids) der.start_sequence().raw_bytes(id).end_cons();
  der.end_cons();
  if (nonce)
    der.start_explicit_context_specific(2).start_sequence().raw_bytes(encode_nonce(*nonce)).end_cons().end_cons();
  der.end_cons().end_cons();
  return out;
}

Bytes encode_response_data(const ResponseData& data) {
  Bytes out;
  DER_Encoder der{out};
  der.start_sequence();
  der.start_explicit_context_specific(2).encode(data.responder_key_sha1, ASN1_Type::OctetString).end_cons();
  der.raw_bytes(encode_generalized_time(data.produced_at));
  der.start_sequence();
  for (const auto& single : data.responses) encode_single(der, data, single);
  der.end_cons();
  if (data.nonce)
    der.start_explicit_context_specific(1).start_sequence().raw_bytes(encode_nonce(*data.nonce)).end_cons().end_cons();
  der.end_cons();
  return out;
}

Bytes attach_certificate(ByteView signed_data, ByteView certificate) {
  der::Reader outer{signed_data};
  const auto parts = outer.next(der::kSequence, "signed OCSP response").content;
  Bytes out;
  DER_Encoder der{out};
  der.start_sequence().raw_bytes(parts.data(), parts.size());
  der.start_explicit_context_specific(0)
      .start_sequence()
      .raw_bytes(certificate.data(), certificate.size())
      .end_cons()
      .end_cons();
  der.end_cons();
  return out;
}

Bytes encode_ocsp_failure(OcspFailure failure) { return {0x30, 0x03, 0x0A, 0x01, static_cast<std::uint8_t>(failure)}; }

Bytes encode_ocsp_success(ByteView basic_response) {
  Bytes out;
  DER_Encoder der{out};
  der.start_sequence().add_object(ASN1_Type::Enumerated, ASN1_Class::Universal, std::uint8_t{0});
  der.start_explicit_context_specific(0)
      .start_sequence()
      .encode(Botan::OID{oid::kOcspBasic})
      .encode(basic_response.data(), basic_response.size(), ASN1_Type::OctetString)
      .end_cons()
      .end_cons();
  der.end_cons();
  return out;
}

}  // namespace lamp::pki
