#include "lib/pki/ocsp.hpp"

#include <botan/pk_keys.h>
#include <botan/x509cert.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/revocation.hpp"

namespace lamp::pki {
namespace {

/// RFC 6960 section 4.2.2.2: a delegate is issued by the authority itself, for nothing less than OCSPSigning.
void require_delegate(const std::string& name, ByteView authority, ByteView delegate) {
  const auto issuer = Certificate::parse(authority).tbs;
  const auto own = Certificate::parse(delegate).tbs;
  const auto* usage = own.find(oid::kExtendedKeyUsage);
  const auto purposes = usage != nullptr ? extended_key_usage(usage->value) : std::vector<std::string>{};
  const bool named = std::ranges::equal(own.issuer, issuer.subject);
  const bool signed_by = named && guarded(Errc::bad_input, [&] {
                           const auto key = Botan::X509_Certificate{authority.data(), authority.size()};
                           const auto leaf = Botan::X509_Certificate{delegate.data(), delegate.size()};
                           return leaf.check_signature(*key.subject_public_key());
                         });
  if (!signed_by) throw Error{Errc::denied, "the OCSP signer's certificate is not issued by authority " + name};
  if (std::find(purposes.begin(), purposes.end(), oid::kOcspSigning) == purposes.end())
    throw Error{Errc::denied, "the OCSP signer's certificate of authority " + name + " is not for OCSPSigning"};
}

/// What goes to the client, of the parts that the database holds.
Bytes success(ByteView signed_data, ByteView certificate) {
  return encode_ocsp_success(certificate.empty() ? Bytes{signed_data.begin(), signed_data.end()}
                                                 : attach_certificate(signed_data, certificate));
}

struct Asked {
  store::Database& database;
  const OcspAuthority& authority;
  const OcspRequest& request;
  Instant now;
};

std::optional<Bytes> signed_ahead(const Asked& asked) {
  const auto& id = asked.request.wanted.front();
  if (asked.request.wanted.size() != 1 || !asked.authority.id().is_named_by(id)) return std::nullopt;
  const auto at = unix_seconds(asked.now);
  const auto row = asked.database.read([&](store::Transaction& t) {
    return t.query_one(
        "SELECT r.signed_data, s.certificate FROM ocsp_response r"
        " JOIN ocsp_signer s ON s.authority = r.authority AND s.signer = r.signer"
        " WHERE r.authority = ? AND r.serial = ? AND r.this_update <= ? AND r.next_update > ?",
        {asked.authority.name(), id.serial, at, at});
  });
  if (!row) return std::nullopt;
  return success(row->blob(0), row->blob(1));
}

Bytes signed_now(const Asked& asked, std::chrono::seconds validity, Botan::RandomNumberGenerator& rng) {
  ResponseData data;
  data.responder_key_sha1 = asked.authority.responder();
  data.produced_at = data.this_update = asked.now;
  data.next_update = std::min(asked.now + validity, asked.authority.signer_ends());
  // RFC 9654 section 2.1: nonces above 32 octets may be left unanswered.
  if (asked.request.nonce && asked.request.nonce->size() <= 32) data.nonce = asked.request.nonce;
  data.responses = asked.database.read([&](store::Transaction& t) {
    std::vector<SingleResponse> responses;
    responses.reserve(asked.request.wanted.size());
    for (const auto& id : asked.request.wanted)
      responses.push_back({id.der, asked.authority.id().is_named_by(id)
                                       ? status_of(t, asked.authority.name(), id.serial)
                                       : CertificateStatus{}});
    return responses;
  });
  return success(asked.authority.sign(data, rng), asked.authority.delegate());
}

/// Without a signer and without a response signed ahead: is there one to come?
Bytes nothing_signed(const Asked& asked) {
  const auto& id = asked.request.wanted.front();
  const bool ours = asked.request.wanted.size() == 1 && asked.authority.id().is_named_by(id);
  const bool known = ours && asked.database.read([&](store::Transaction& t) {
    return status_of(t, asked.authority.name(), id.serial).kind != CertificateStatus::Kind::unknown;
  });
  return encode_ocsp_failure(known ? OcspFailure::try_later : OcspFailure::unauthorized);
}

Bytes respond(store::Database& database, std::span<const OcspAuthority> authorities, const OcspRequest& request,
              Instant now, Botan::RandomNumberGenerator& rng, std::chrono::seconds validity) {
  const auto found = std::find_if(authorities.begin(), authorities.end(), [&](const OcspAuthority& authority) {
    return std::any_of(request.wanted.begin(), request.wanted.end(),
                       [&](const CertificateId& id) { return authority.id().is_named_by(id); });
  });
  if (found == authorities.end()) return encode_ocsp_failure(OcspFailure::unauthorized);
  const Asked asked{database, *found, request, now};
  if (!found->signs() || !request.nonce)
    if (auto ready = signed_ahead(asked)) return *ready;
  return found->signs() ? signed_now(asked, validity, rng) : nothing_signed(asked);
}

}  // namespace

OcspAuthority::OcspAuthority(std::string name, ByteView certificate)
    : name_{std::move(name)}, id_{IssuerId::of(certificate)} {}

OcspAuthority::OcspAuthority(std::string name, ByteView certificate, const Authority& signer)
    : OcspAuthority{std::move(name), certificate} {
  if (signer.facts() == nullptr) throw Error{Errc::internal, "an OCSP signer without a certificate"};
  const auto& own = signer.chain().front();
  if (!std::ranges::equal(own, certificate)) {
    require_delegate(name_, certificate, own);
    delegate_ = own;
  }
  signer_ = &signer;
  responder_ = key_sha1(Certificate::parse(own).tbs.public_key);
  signer_ends_ = signer.facts()->not_after;
}

Bytes OcspAuthority::sign(const ResponseData& data, Botan::RandomNumberGenerator& rng) const {
  if (signer_ == nullptr) throw Error{Errc::internal, "an OCSP responder without a signer was asked to sign"};
  if (data.produced_at >= signer_ends_)
    throw Error{Errc::denied, "the OCSP signer of authority " + name_ + " ended at " + format_instant(signer_ends_) +
                                  "; issue a new certificate for it"};
  return signer_->sign_list(encode_response_data(data), rng);
}

Bytes answer_ocsp(store::Database& database, std::span<const OcspAuthority> authorities, ByteView request, Instant now,
                  Botan::RandomNumberGenerator& rng, std::chrono::seconds validity) {
  const auto read = attempt([&] { return guarded(Errc::bad_input, [&] { return OcspRequest::parse(request); }); });
  const auto* asked = std::get_if<OcspRequest>(&read);
  if (asked == nullptr) return encode_ocsp_failure(OcspFailure::malformed_request);
  auto answer = attempt([&] {
    return guarded(Errc::internal, [&] { return respond(database, authorities, *asked, now, rng, validity); });
  });
  if (auto* response = std::get_if<Bytes>(&answer)) return std::move(*response);
  const bool ours = std::get<Error>(answer).code() == Errc::internal;
  return encode_ocsp_failure(ours ? OcspFailure::internal_error : OcspFailure::try_later);
}

}  // namespace lamp::pki
