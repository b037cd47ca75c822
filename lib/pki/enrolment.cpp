#include "lib/pki/enrolment.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <tuple>
#include <variant>

#include "lib/audit/record.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/pki/csr.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/revocation.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {

/// One request on its way.
struct EnrolmentDesk::Case {
  Enrolment act;
  const EnrolmentRule& rule;
  const Applicant& who;
  Instant now;
  CertificateRequest request{};
  std::unique_ptr<Botan::Public_Key> key{};
  std::string fingerprint{};  ///< of the key
  std::string identity{};     ///< what the register files the certificate under
  std::string order{};
};

namespace {

[[noreturn]] void refuse(const std::string& reason) { throw Error{Errc::denied, reason}; }

/// What the register says, at this request, of the certificate that was shown.
Record registered(store::Transaction& transaction, const Applicant& who, Instant now) {
  if (who.certificate.empty()) refuse("no certificate that counts here");
  const auto shown = Certificate::parse(who.certificate);
  auto record = find(transaction, who.authority, hex(shown.tbs.serial));
  if (!record || record->certificate != who.certificate) refuse("its certificate is not in this host's register");
  if (record->state != State::issued) refuse("its certificate was revoked (" + record->reason + ")");
  if (record->not_after < now) refuse("its certificate ended " + format_instant(record->not_after));
  return std::move(*record);
}

Subject values_of(const Record& record) {
  Subject values;
  for (const auto line : split(record.values, '\n')) {
    const auto equals = line.find('=');
    if (equals != std::string_view::npos) values.emplace(line.substr(0, equals), line.substr(equals + 1));
  }
  return values;
}

bool same(const NameAttribute& a, const NameAttribute& b) { return a.oid == b.oid && a.text == b.text; }

bool same(const GeneralName& a, const GeneralName& b) {
  const auto parts = [](const GeneralName& n) {
    return std::tie(n.tag, n.text, n.other_type, n.hardware_type, n.hardware_serial);
  };
  return parts(a) == parts(b);
}

std::vector<GeneralName> alternative_names(const Tbs& tbs) {
  const auto* extension = tbs.find(oid::kSubjectAlternativeName);
  return extension == nullptr ? std::vector<GeneralName>{} : general_names(extension->value);
}

template <class Name>
bool all_in(const std::vector<Name>& wanted, const std::vector<Name>& given) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const Name& name) {
    return std::any_of(given.begin(), given.end(), [&](const Name& g) { return same(name, g); });
  });
}

template <class Name>
bool equal(const std::vector<Name>& a, const std::vector<Name>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Name& x, const Name& y) { return same(x, y); });
}

/// A request need not say what it is to be called. Where it does, it must agree with what it will be called.
void require_agreement(const CertificateRequest& request, ByteView tbs_der) {
  const auto tbs = Tbs::parse(tbs_der);
  if (!all_in(request.subject_attributes, tbs.subject_attributes))
    refuse("the request's subject is not what the certificate would say");
  if (!all_in(request.alternative_names, alternative_names(tbs)))
    refuse("the request's alternative names are not what the certificate would say");
}

/// RFC 7030 section 4.2.2: subject and alternative names stay the same in request and certificate.
void require_same(const CertificateRequest& request, ByteView before, ByteView after) {
  const auto old = Certificate::parse(before).tbs;
  const auto fresh = Tbs::parse(after);
  if (!equal(request.subject_attributes, old.subject_attributes))
    refuse("the request's subject is not that of the certificate to renew");
  if (!equal(request.alternative_names, alternative_names(old)))
    refuse("the request's alternative names are not those of the certificate to renew");
  if (!equal(fresh.subject_attributes, old.subject_attributes) ||
      !equal(alternative_names(fresh), alternative_names(old)))
    refuse("the profile names its holder otherwise than the certificate to renew does");
}

bool is_station(const Record& record) {
  const auto tbs = Certificate::parse(record.certificate).tbs;
  return only_value(tbs.subject_attributes, *attribute_oid("OU")) == "station";
}

/// With the same key, a certificate is renewed in the second half of its life: until then the one there is answers.
bool is_young(const Record& record, Instant now) {
  const auto begin = record.issued_at.value_or(record.reserved_at);
  return now < begin + (record.not_after - begin) / 2;
}

Issued existing(const Record& record) {
  return {record.serial, record.certificate, record.not_after, Issued::Outcome::existed};
}

std::optional<Record> current_of(store::Transaction& transaction, const EnrolmentRule& rule,
                                 const std::string& identity, Instant now) {
  auto held = holder_of_identity(transaction, rule.authority->name(), rule.profile.name, identity);
  if (held && held->not_after < now) return std::nullopt;
  return held;
}

std::vector<Record> issued_to(store::Transaction& transaction, const EnrolmentRule& rule, const std::string& identity) {
  Filter filter;
  filter.authority = rule.authority->name();
  filter.profile = rule.profile.name;
  filter.identity = identity;
  filter.state = State::issued;
  return list(transaction, filter);
}

/// The one that is to be renewed is the latest that was handed out, also when a later one was begun and never signed.
void require_latest(store::Transaction& transaction, const EnrolmentRule& rule, const Record& own,
                    const std::optional<Record>& current) {
  if (current && current->serial == own.serial) return;
  if (current && current->state == State::issued) refuse("its certificate was renewed before; only the newest counts");
  for (const auto& other : issued_to(transaction, rule, own.identity))
    if (other.issued_at > own.issued_at) refuse("its certificate was renewed before; only the newest counts");
}

}  // namespace

const EnrolmentRule* EnrolmentDesk::rule_for(Enrolment act, const std::string& label, const Applicant& who) const {
  const auto applies = [&](const EnrolmentRule& rule) {
    if (!label.empty() && rule.label != label) return false;
    if (act == Enrolment::initial) return rule.vouched_by == who.authority;
    return rule.to == EnrolmentRule::To::devices && rule.authority->name() == who.authority;
  };
  const auto found = std::find_if(rules_.begin(), rules_.end(), applies);
  return found == rules_.end() ? nullptr : &*found;
}

EnrolmentDesk::Case EnrolmentDesk::open_case(Enrolment act, const std::string& label, const Applicant& who,
                                             Instant now) const {
  if (who.certificate.empty()) refuse("no certificate that counts here");
  const auto* rule = rule_for(act, label, who);
  if (rule == nullptr)
    refuse("certificates of authority " + who.authority + " give no right to one" +
           (label.empty() ? "" : " under this label"));
  return {act, *rule, who, now};
}

Issued EnrolmentDesk::answer(Enrolment act, const std::string& label, const Applicant& who, ByteView request,
                             Instant now) {
  auto one = open_case(act, label, who, now);
  // Whoever has no right learns nothing about the request either.
  database_.read([&](store::Transaction& t) { return registered(t, who, now).serial; });
  one.request = parse_request(request);
  one.key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(one.request.public_key_info); });
  one.fingerprint = key_fingerprint(one.request.public_key_info);
  auto begun = database_.write([&](store::Transaction& t) { return reserve(t, one); });
  if (auto* there = std::get_if<Issued>(&begun)) return std::move(*there);
  const auto& reserved = std::get<Reserved>(begun);
  const auto certificate = one.rule.authority->sign(reserved, rng_);
  return database_.write([&](store::Transaction& t) { return commit(t, one, reserved, certificate); });
}

EnrolmentDesk::Grant EnrolmentDesk::grant(store::Transaction& transaction, const Case& one, const Record& own) {
  const auto& rule = one.rule;
  if (rule.to == EnrolmentRule::To::devices) {
    if (one.act == Enrolment::renewal && own.profile != rule.profile.name)
      refuse("its certificate is of profile " + own.profile + ", which is not renewed here");
    return {values_of(own), {}, rule.profile};
  }
  if (!is_station(own)) refuse("it is no station");
  const auto serial = only_value(one.request.subject_attributes, oid::kSerialNumber);
  if (!serial) refuse("the request names no serial number");
  auto permit = orders_.take(transaction, {own.identity, own.key}, *serial, one.fingerprint, one.now);
  if (permit.profile != rule.profile.name)
    refuse("order " + permit.order + " is for profile " + permit.profile + ", not " + rule.profile.name);
  return {std::move(permit.values), std::move(permit.order), for_hardware(rule.profile, permit.hardware_type)};
}

bool EnrolmentDesk::answers(const Case& one, const Record& own, const Record& current) {
  if (current.state != State::issued || current.key != one.fingerprint) return false;
  if (one.rule.to == EnrolmentRule::To::stations) return true;
  // Asked again by the certificate that was renewed: the answer was lost on its way.
  if (one.act == Enrolment::renewal && current.serial != own.serial) return true;
  return is_young(current, one.now);
}

/// Key and identity of a device's certificate pass to its successor; a reservation that nobody completed is withdrawn.
void EnrolmentDesk::make_way(store::Transaction& transaction, const Case& one, const Record& current) {
  const bool same_key = current.key == one.fingerprint;
  if (same_key && current.state == State::reserved) return;
  if (one.rule.to == EnrolmentRule::To::stations)
    refuse("serial number " + current.identity + " was certified for another key");
  if (current.state == State::issued) {
    if (same_key) let_go_of_key(transaction, current);
    let_go_of_identity(transaction, current.authority, current.serial);
  } else if (!revoke(transaction, current, "superseded", one.now)) {
    throw Error{Errc::internal, "a reservation that was withdrawn holds its identity"};
  }
}

std::variant<Reserved, Issued> EnrolmentDesk::reserve(store::Transaction& transaction, Case& one) {
  const auto own = registered(transaction, one.who, one.now);
  const auto granted = grant(transaction, one, own);
  one.identity = one.rule.profile.identity.expand(granted.values);
  one.order = granted.order;
  const auto agree = [&](ByteView tbs) {
    if (one.act == Enrolment::renewal)
      require_same(one.request, own.certificate, tbs);
    else
      require_agreement(one.request, tbs);
  };
  const auto current = current_of(transaction, one.rule, one.identity, one.now);
  if (current && answers(one, own, *current)) {
    agree(current->tbs);
    return existing(*current);
  }
  if (one.act == Enrolment::renewal) require_latest(transaction, one.rule, own, current);
  if (current) make_way(transaction, one, *current);
  auto reserved =
      one.rule.authority->reserve(transaction, granted.profile, granted.values, *one.key, one.now, rng_, granted.order);
  agree(reserved.tbs);
  return reserved;
}

Issued EnrolmentDesk::commit(store::Transaction& transaction, const Case& one, const Reserved& reserved,
                             const Bytes& certificate) {
  const auto& authority = *one.rule.authority;
  const auto record = find(transaction, authority.name(), reserved.serial);
  if (record && record->state == State::issued) return existing(*record);
  authority.commit(transaction, reserved, certificate, one.now);
  const Issued issued{reserved.serial, certificate, record ? record->not_after : Instant{}, Issued::Outcome::fresh};
  audit::Event event{one.who.name,
                     one.act == Enrolment::renewal ? "ca.enrol.renew" : "ca.enrol",
                     one.identity,
                     {{"authority", authority.name()},
                      {"profile", one.rule.profile.name},
                      {"serial", issued.serial},
                      {"key", one.fingerprint},
                      {"not-after", format_instant(issued.not_after)}}};
  if (!one.order.empty()) event.details.emplace_back("order", one.order);
  // A device that comes with its initial identity has lost the key of the operational one, or worse.
  if (one.act == Enrolment::initial && one.rule.to == EnrolmentRule::To::devices) {
    for (const auto& other : issued_to(transaction, one.rule, one.identity)) {
      if (other.serial == issued.serial || other.not_after < one.now) continue;
      if (revoke(transaction, other, "superseded", one.now)) event.details.emplace_back("superseded", other.serial);
    }
  }
  audit::record(transaction, event, one.now, rng_);
  return issued;
}

}  // namespace lamp::pki
