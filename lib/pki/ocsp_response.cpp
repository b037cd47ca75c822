#include <array>
#include <cstdio>

#include "lib/base/error.hpp"
#include "lib/pki/der_writer.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/ocsp_message.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

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
  return der::Writer{}
      .add(der::kGeneralizedTime, std::string_view{text.data(), static_cast<std::size_t>(length)})
      .take();
}

Bytes encode_nonce(const Bytes& nonce) {
  return encode_extension(oid::kOcspNonce, false, der::Writer{}.add(der::kOctetString, nonce).take());
}

void encode_status(der::Writer& der, const CertificateStatus& status) {
  // good and unknown are [0] and [2] IMPLICIT NULL.
  if (status.kind != CertificateStatus::Kind::revoked) {
    const auto tag = status.kind == CertificateStatus::Kind::good ? 0U : 2U;
    der.add(der::context(tag), ByteView{});
    return;
  }
  der.begin(der::constructed_context(1)).raw(encode_generalized_time(status.revoked_at));
  if (status.reason != 0)
    der.begin(der::constructed_context(0)).add(der::kEnumerated, ByteView{&status.reason, 1}).end();
  der.end();
}

void encode_single(der::Writer& der, const ResponseData& data, const SingleResponse& single) {
  der.begin(der::kSequence).raw(single.id);
  encode_status(der, single.status);
  der.raw(encode_generalized_time(data.this_update));
  der.begin(der::constructed_context(0)).raw(encode_generalized_time(data.next_update)).end();
  der.end();
}

}  // namespace

Bytes encode_certificate_id(const IssuerId& issuer, OcspHash hash, const std::string& serial) {
  const bool sha1 = hash == OcspHash::sha1;
  const auto number = from_hex(serial);
  der::Writer der;
  der.begin(der::kSequence);
  der.begin(der::kSequence).object_id(sha1 ? oid::kSha1 : oid::kSha256).null().end();
  der.add(der::kOctetString, sha1 ? issuer.name_sha1 : issuer.name_sha256);
  der.add(der::kOctetString, sha1 ? issuer.key_sha1 : issuer.key_sha256);
  return der.add(der::kInteger, number).end().take();
}

Bytes encode_ocsp_request(const std::vector<Bytes>& ids, const std::optional<Bytes>& nonce) {
  der::Writer der;
  der.begin(der::kSequence).begin(der::kSequence).begin(der::kSequence);
  for (const auto& id : ids) der.begin(der::kSequence).raw(id).end();
  der.end();
  if (nonce) der.begin(der::constructed_context(2)).begin(der::kSequence).raw(encode_nonce(*nonce)).end().end();
  return der.end().end().take();
}

Bytes encode_response_data(const ResponseData& data) {
  der::Writer der;
  der.begin(der::kSequence);
  der.begin(der::constructed_context(2)).add(der::kOctetString, data.responder_key_sha1).end();
  der.raw(encode_generalized_time(data.produced_at));
  der.begin(der::kSequence);
  for (const auto& single : data.responses) encode_single(der, data, single);
  der.end();
  if (data.nonce)
    der.begin(der::constructed_context(1)).begin(der::kSequence).raw(encode_nonce(*data.nonce)).end().end();
  return der.end().take();
}

Bytes attach_certificate(ByteView signed_data, ByteView certificate) {
  der::Reader outer{signed_data};
  const auto parts = outer.next(der::kSequence, "signed OCSP response").content;
  der::Writer der;
  der.begin(der::kSequence).raw(parts);
  der.begin(der::constructed_context(0)).begin(der::kSequence).raw(certificate).end().end();
  return der.end().take();
}

Bytes encode_ocsp_failure(OcspFailure failure) { return {0x30, 0x03, 0x0A, 0x01, static_cast<std::uint8_t>(failure)}; }

Bytes encode_ocsp_success(ByteView basic_response) {
  constexpr std::uint8_t kSuccessful = 0;
  der::Writer der;
  der.begin(der::kSequence).add(der::kEnumerated, ByteView{&kSuccessful, 1});
  der.begin(der::constructed_context(0)).begin(der::kSequence);
  der.object_id(oid::kOcspBasic).add(der::kOctetString, basic_response);
  return der.end().end().end().take();
}

}  // namespace lamp::pki
