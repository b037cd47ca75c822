// Rules of RFC 5280 section 5 for certificate revocation lists.
#include <algorithm>
#include <set>

#include "lib/base/error.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/lint_subject.hpp"

namespace lamp::pki {
namespace {

constexpr std::uint64_t kReasonUnused = 7, kReasonRemove = 8, kReasonLast = 10;

struct Entry {
  ByteView serial;
  CertificateTime at;
  std::vector<Extension> extensions;
};

struct List {
  std::uint64_t version = 1;
  ByteView signature_algorithm, outer_algorithm, issuer;
  CertificateTime this_update;
  std::optional<CertificateTime> next_update;
  bool empty_entries = false;  ///< an empty list, spelled out
  std::vector<Entry> entries;
  std::vector<Extension> extensions;

  [[nodiscard]] const Extension* find(std::string_view dotted) const noexcept {
    const auto found = std::ranges::find(extensions, dotted, &Extension::oid);
    return found == extensions.end() ? nullptr : &*found;
  }
};

bool is_time(std::uint8_t tag) { return tag == der::kUtcTime || tag == der::kGeneralizedTime; }

CertificateTime read_time(der::Reader& reader, std::string_view what) {
  if (!is_time(reader.peek())) throw Error{Errc::bad_input, std::string{what} + ": no time"};
  const auto item = reader.next(what);
  return {item.tag, to_text(item.content)};
}

Entry read_entry(der::Reader fields) {
  Entry entry;
  entry.serial = fields.next(der::kInteger, "revoked serial number").content;
  der::require_integer(entry.serial, "revoked serial number");
  entry.at = read_time(fields, "revocationDate");
  if (!fields.at_end()) entry.extensions = read_extensions(fields.next(der::kSequence, "entry's extensions").whole);
  fields.end("revoked certificate");
  return entry;
}

void read_entries(der::Reader entries, List& list) {
  list.empty_entries = entries.at_end();
  while (!entries.at_end()) list.entries.push_back(read_entry(entries.enter(der::kSequence, "revoked certificate")));
}

List read_list(ByteView der) {
  der::Reader outer{der};
  auto signed_parts = outer.enter(der::kSequence, "CertificateList");
  outer.end("CertificateList");
  List list;
  auto fields = signed_parts.enter(der::kSequence, "TBSCertList");
  if (const auto version = fields.next_if(der::kInteger, "version"))
    list.version = 1 + der::small_integer(version->content, "version");
  list.signature_algorithm = fields.next(der::kSequence, "signature algorithm").whole;
  list.issuer = fields.next(der::kSequence, "issuer").whole;
  list.this_update = read_time(fields, "thisUpdate");
  if (is_time(fields.peek())) list.next_update = read_time(fields, "nextUpdate");
  if (fields.peek() == der::kSequence) read_entries(fields.enter(der::kSequence, "revokedCertificates"), list);
  if (const auto extensions = fields.next_if(der::constructed_context(0), "crlExtensions"))
    list.extensions = read_extensions(extensions->content);
  fields.end("TBSCertList");
  list.outer_algorithm = signed_parts.next(der::kSequence, "signature algorithm").whole;
  (void)signed_parts.next(der::kBitString, "signature");
  signed_parts.end("CertificateList");
  return list;
}

struct ListSubject {
  const List& list;
  const IssuerFacts* issuer;
  std::vector<Finding>& findings;
  void say(std::string_view rule, std::string_view field, std::string says) const {
    findings.push_back({"rfc5280." + std::string{rule}, std::string{field}, std::move(says)});
  }
};

void frame(const ListSubject& s) {
  if (s.list.version != 2) s.say("crl.version", "version", "is not 2");
  if (s.list.issuer.size() <= 2) s.say("issuer.empty", "issuer", "is empty");
  if (!std::ranges::equal(s.list.signature_algorithm, s.list.outer_algorithm))
    s.say("signature.same", "signatureAlgorithm", "differs from the one that is signed");
  lint_algorithm(s.list.signature_algorithm, s.issuer, s.findings);
  if (s.issuer == nullptr) return;
  if (!std::ranges::equal(s.list.issuer, s.issuer->subject))
    s.say("issuer.name", "issuer", "is not, byte for byte, the subject of authority " + s.issuer->name);
  if (!s.issuer->signs_lists) s.say("crl.issuer", "issuer", s.issuer->name + " lacks the key usage cRLSign");
}

void times(const ListSubject& s) {
  lint_time(s.list.this_update, "thisUpdate", s.findings);
  if (!s.list.next_update) return s.say("crl.next-update", "nextUpdate", "is missing");
  lint_time(*s.list.next_update, "nextUpdate", s.findings);
  const auto begin = s.list.this_update.instant(), end = s.list.next_update->instant();
  if (begin && end && *end <= *begin) s.say("crl.order", "nextUpdate", "is not after thisUpdate");
}

void number(const ListSubject& s) {
  const auto* extension = s.list.find(oid::kCrlNumber);
  if (extension == nullptr) return s.say("crl.number", "cRLNumber", "is missing");
  der::Reader value{extension->value};
  const auto digits = value.next(der::kInteger, "cRLNumber").content;
  der::require_integer(digits, "cRLNumber");
  if ((digits.front() & 0x80U) != 0 || digits.size() > 20)
    s.say("crl.number", "cRLNumber", "is negative or longer than 20 octets");
}

void key_id(const ListSubject& s) {
  const auto* extension = s.list.find(oid::kAuthorityKeyIdentifier);
  if (extension == nullptr) return s.say("aki.present", "authorityKeyIdentifier", "is missing");
  const auto id = authority_key_id(extension->value);
  if (id.empty()) s.say("aki.key-id", "authorityKeyIdentifier", "has no keyIdentifier");
  if (s.issuer != nullptr && id != s.issuer->key_id)
    s.say("aki.issuer", "authorityKeyIdentifier", "is not the issuer's subjectKeyIdentifier");
}

void reason(const ListSubject& s, const std::string& which, const Extension& extension) {
  der::Reader value{extension.value};
  const auto code = der::small_integer(value.next(der::kEnumerated, "reasonCode").content, "reasonCode");
  value.end("reasonCode");
  const bool delta = s.list.find(oid::kDeltaCrlIndicator) != nullptr;
  if (code == 0) s.say("crl.reason", which, "spells out the reason unspecified, which is left out");
  if (code == kReasonUnused || code > kReasonLast)
    s.say("crl.reason", which, "has the unknown reason " + std::to_string(code));
  if (code == kReasonRemove && !delta) s.say("crl.reason", which, "has removeFromCRL in a list that is no delta");
}

void entries(const ListSubject& s) {
  if (s.list.empty_entries) s.say("crl.empty", "revokedCertificates", "is an empty sequence; it is to be left out");
  std::set<Bytes> seen;
  for (const auto& entry : s.list.entries) {
    const auto which = "revoked certificate " + hex(entry.serial);
    if (entry.serial.size() > 20) s.say("serial.length", which, "has a serial number of more than 20 octets");
    lint_time(entry.at, which, s.findings);
    lint_extension_frame(entry.extensions, s.findings);
    const auto has = [&](std::string_view dotted) {
      return std::ranges::find(entry.extensions, dotted, &Extension::oid) != entry.extensions.end();
    };
    if (!has(oid::kCertificateIssuer) && !seen.emplace(entry.serial.begin(), entry.serial.end()).second)
      s.say("crl.once", which, "is there twice");
    for (const auto& extension : entry.extensions)
      if (extension.oid == oid::kReasonCode) reason(s, which, extension);
  }
}

}  // namespace

bool is_revocation_list(ByteView der) {
  auto answer = attempt([&] {
    der::Reader outer{der};
    auto fields = outer.enter(der::kSequence, "signed structure").enter(der::kSequence, "signed part");
    (void)fields.next_if(der::kInteger, "version");
    (void)fields.next(der::kSequence, "signature algorithm");
    (void)fields.next(der::kSequence, "issuer");
    return is_time(fields.peek());
  });
  const auto* yes = std::get_if<bool>(&answer);
  return yes != nullptr && *yes;
}

std::vector<Finding> lint_list(ByteView der, const IssuerFacts* issuer) {
  std::vector<Finding> findings;
  guarded_rules(findings, "rfc5280.der", [&] {
    std::vector<Finding> found;
    const auto list = read_list(der);
    const ListSubject subject{list, issuer, found};
    for (const auto rule : {frame, times, number, key_id, entries}) rule(subject);
    lint_extension_frame(list.extensions, found);
    return found;
  });
  return findings;
}

}  // namespace lamp::pki
