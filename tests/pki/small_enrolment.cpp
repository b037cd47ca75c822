#include "tests/pki/small_enrolment.hpp"

#include <botan/asn1_obj.h>
#include <botan/der_enc.h>
#include <botan/pubkey.h>

#include "lib/audit/record.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/revocation.hpp"
#include "lib/pki/tbs.hpp"
#include "tests/pki/small_request.hpp"

namespace lamp::test {
namespace {

const pki::Subject kDevice{{"serial", "SL-26-000001"}, {"model", "smart-lamp"}};

void add_attribute(Bytes& name, const std::string& oid, const std::string& text) {
  Botan::DER_Encoder{name}
      .start_set()
      .start_sequence()
      .encode(Botan::OID{oid})
      .add_object(Botan::ASN1_Type::PrintableString, Botan::ASN1_Class::Universal, text)
      .end_cons()
      .end_cons();
}

Bytes subject_of(const std::string& subject) {
  Bytes name;
  if (subject == "whole") {
    add_attribute(name, "2.5.4.10", "Example Lighting");
    add_attribute(name, "2.5.4.3", "smart-lamp SL-26-000001");
    add_attribute(name, "2.5.4.5", "SL-26-000001");
  } else if (subject.starts_with("SL-")) {
    add_attribute(name, "2.5.4.5", subject);
  } else if (!subject.empty()) {
    add_attribute(name, "2.5.4.3", subject);
  }
  return sequence(name);
}

/// The extension request with the hardware module name that the profile gives.
Bytes whole_names() {
  Bytes value;
  Botan::DER_Encoder der{value};
  der.start_sequence().start_context_specific(0).encode(Botan::OID{"1.3.6.1.5.5.7.8.4"});
  der.start_explicit_context_specific(0).start_sequence().encode(Botan::OID{"1.3.6.1.4.1.32473.1"});
  der.add_object(Botan::ASN1_Type::OctetString, Botan::ASN1_Class::Universal, std::string{"SL-26-000001"});
  der.end_cons().end_cons().end_cons().end_cons();
  return extension_request(extension("2.5.29.17", value));
}

}  // namespace

SmallEnrolment::SmallEnrolment()
    : operational_{make_authority("operational", "ldevid-ca")}, client_{make_authority("client", "client-ca")} {
  ca_.database().migrate(audit::schema());
  using To = pki::EnrolmentRule::To;
  std::vector<pki::EnrolmentRule> rules;
  rules.push_back({"ldevid", To::devices, "issuing", operational_.authority.get(), delivered_profile("ldevid")});
  rules.push_back({"idevid", To::stations, "client", &ca_.issuing(), delivered_profile("idevid")});
  desk_ = std::make_unique<pki::EnrolmentDesk>(ca_.database(), std::move(rules), *this, rng());
}

SmallEnrolment::~SmallEnrolment() = default;

SmallEnrolment::Signing SmallEnrolment::make_authority(const std::string& name, const std::string& profile) {
  Signing made{make_key(), nullptr};
  const auto issued =
      pki::issue(ca_.database(), ca_.root(), delivered_profile(profile), {{"name", name}, {"site", "test"}}, *made.key,
                 now, rng(), [](store::Transaction&, const pki::Issued&) {});
  made.authority = std::make_unique<pki::Authority>(
      name, std::vector<Bytes>{issued.certificate, ca_.root().chain().front()}, *made.key);
  return made;
}

pki::Issued SmallEnrolment::issue(const pki::Authority& authority, const std::string& profile,
                                  const pki::Subject& subject) {
  return pki::issue(ca_.database(), authority, delivered_profile(profile), subject, *make_key(), now, rng(),
                    [](store::Transaction&, const pki::Issued&) {});
}

pki::Applicant SmallEnrolment::applicant(const std::string& who) {
  const auto kind = who.substr(who.rfind(' ') + 1);
  if (kind == "nobody") return {"127.0.0.1", {}, {}};
  pki::Applicant found{who, "client", {}};
  pki::Issued issued;
  if (who == "unregistered idevid") {
    // Properly signed, by a host that shares the authority's key but not the register.
    auto key = make_key();
    [[maybe_unused]] const auto undone = attempt([&]() -> pki::Reserved {
      return ca_.database().write([&](store::Transaction& t) -> pki::Reserved {
        const auto kept = ca_.issuing().reserve(t, delivered_profile("idevid"), kDevice, *key, now, rng());
        found.certificate = ca_.issuing().sign(kept, rng());
        throw Error{Errc::unavailable, "rolled back"};
      });
    });
    found.authority = "issuing";
    return found;
  }
  if (kind == "idevid") issued = issue(ca_.issuing(), "idevid", kDevice);
  if (kind == "ldevid") issued = issue(*operational_.authority, "ldevid", kDevice);
  if (kind == "station") issued = issue(*client_.authority, "station", {{"name", "line1"}, {"site", "test"}});
  if (kind == "operator") issued = issue(*client_.authority, "operator", {{"name", "operator-1"}, {"site", "test"}});
  if (kind == "idevid") found.authority = "issuing";
  if (kind == "ldevid") found.authority = "operational";
  found.certificate = issued.certificate;
  if (who.starts_with("renewed ")) ask(pki::Enrolment::renewal, found, request(*make_key(), "whole"));
  if (who.starts_with("revoked "))
    ca_.database().write([&](store::Transaction& t) {
      return pki::revoke(t, *pki::find(t, found.authority, issued.serial), "keyCompromise", now);
    });
  records_before_ = audit_records();
  return found;
}

pki::Applicant SmallEnrolment::as_device(const pki::Issued& operational) const {
  return {"SL-26-000001", "operational", operational.certificate};
}

Bytes SmallEnrolment::request(const Botan::Private_Key& key, const std::string& subject,
                              const std::string& hash) const {
  Bytes info;
  Botan::DER_Encoder{info}
      .start_sequence()
      .encode(std::size_t{0})
      .raw_bytes(subject_of(subject))
      .raw_bytes(key.subject_public_key())
      .start_context_specific(0)
      .raw_bytes(subject == "whole" ? whole_names() : Bytes{})
      .end_cons()
      .end_cons();
  Botan::PK_Signer signer{key, rng(), hash, Botan::Signature_Format::DerSequence};
  const auto algorithm = pki::encode_algorithm(hash == "SHA-256" ? "1.2.840.10045.4.3.2" : "1.2.840.10045.4.3.3");
  return pki::encode_signed(info, algorithm, signer.sign_message(info, rng()));
}

pki::Issued SmallEnrolment::ask(pki::Enrolment act, const pki::Applicant& who, const Bytes& request,
                                const std::string& label) {
  return desk_->answer(act, label, who, request, now);
}

void SmallEnrolment::leave_unfinished(const Botan::Private_Key& key) {
  ca_.database().write([&](store::Transaction& t) {
    const auto held = pki::holder_of_identity(t, "operational", "ldevid", "SL-26-000001");
    pki::let_go_of_identity(t, "operational", held->serial);
    return operational_.authority->reserve(t, delivered_profile("ldevid"), kDevice, key, now, rng()).serial;
  });
}

pki::State SmallEnrolment::state_of(const pki::Issued& issued) {
  return ca_.database().read([&](store::Transaction& t) {
    for (const auto* authority : {"operational", "issuing"})
      if (const auto found = pki::find(t, authority, issued.serial)) return found->state;
    throw Error{Errc::not_found, "no such certificate"};
  });
}

std::size_t SmallEnrolment::audit_records() {
  return ca_.database().read([](store::Transaction& t) {
    return static_cast<std::size_t>(t.query_one("SELECT COUNT(*) FROM audit_record")->integer(0));
  });
}

std::size_t SmallEnrolment::count_of_acts() { return audit_records() - records_before_; }

pki::ProductionGate::Permit SmallEnrolment::take(store::Transaction& /*transaction*/, const Station& station,
                                                 const std::string& serial, const std::string& /*key*/,
                                                 Instant /*now*/) {
  if (serial != "SL-26-000007" && serial != "SL-26-000009")
    throw Error{Errc::denied, "no order of station " + station.name + " has it"};
  return {"order-1",
          serial == "SL-26-000007" ? "idevid" : "other",
          {{"serial", serial}, {"model", "smart-lamp"}},
          "1.3.6.1.4.1.32473.1.7"};
}

}  // namespace lamp::test
