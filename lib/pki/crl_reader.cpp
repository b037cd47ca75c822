#include "lib/pki/crl_reader.hpp"

#include <botan/pubkey.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error{Errc::bad_input, "revocation list: " + why}; }

Instant read_time(der::Reader& reader, const char* what) {
  const auto item = reader.next(what);
  if (item.tag != der::kUtcTime && item.tag != der::kGeneralizedTime) refuse(std::string{what} + " is no time");
  const auto at = CertificateTime{item.tag, to_text(item.content)}.instant();
  if (!at) refuse(std::string{what} + " is not in the form of RFC 5280");
  return *at;
}

struct ReadExtension {
  std::string name;
  bool critical;
  ByteView value;
};

std::vector<ReadExtension> read_extensions(der::Reader list) {
  std::vector<ReadExtension> all;
  if (list.at_end()) refuse("an empty list of extensions");
  while (!list.at_end()) {
    auto extension = list.enter(der::kSequence, "extension");
    auto name = der::object_id(extension.next(der::kObjectId, "extension").content);
    const auto critical = extension.next_if(der::kBoolean, "extension critical");
    if (critical && !der::boolean(critical->content)) refuse("'critical FALSE' written out, which DER forbids");
    const auto value = extension.next(der::kOctetString, "extension value").content;
    extension.end("extension");
    if (std::any_of(all.begin(), all.end(), [&](const ReadExtension& had) { return had.name == name; }))
      refuse("extension " + std::string{name_of(name)} + " twice");
    all.push_back({std::move(name), critical.has_value(), value});
  }
  return all;
}

void read_entry(der::Reader entry, ListFacts& facts, const std::function<void(ByteView)>& act) {
  const auto serial = entry.next(der::kInteger, "serial number").content;
  der::require_integer(serial, "serial number");
  (void)read_time(entry, "revocation date");
  if (!entry.at_end()) {
    for (const auto& extension : read_extensions(entry.enter(der::kSequence, "entry extensions")))
      if (extension.critical) refuse("critical entry extension " + extension.name + " is not known here");
    entry.end("entry");
  }
  ++facts.entries;
  if (act) act(serial);
}

/// Only a list for everything at its distribution points is one of ours: the other members make it narrower.
std::vector<std::string> read_issuing_point(ByteView value) {
  der::Reader outer{value};
  auto point = outer.enter(der::kSequence, "IssuingDistributionPoint");
  outer.end("IssuingDistributionPoint");
  const auto name = point.next_if(der::constructed_context(0), "distribution point name");
  point.end("IssuingDistributionPoint (only its name is known here)");
  return name ? urls_in(name->content) : std::vector<std::string>{};
}

void read_list_extension(const ReadExtension& extension, ListFacts& facts) {
  if (extension.name == oid::kCrlNumber) {
    der::Reader number{extension.value};
    facts.number = der::small_integer(number.next(der::kInteger, "CRL number").content, "CRL number");
    number.end("CRL number");
  } else if (extension.name == oid::kAuthorityKeyIdentifier) {
    facts.authority_key_id = authority_key_id(extension.value);
  } else if (extension.name == oid::kIssuingDistributionPoint) {
    facts.part_for = read_issuing_point(extension.value);
  } else if (extension.critical) {
    refuse("the critical extension " + extension.name + " is not known here");
  }
}

void read_tbs(der::Reader tbs, ListFacts& facts, const std::function<void(ByteView)>& act) {
  if (der::small_integer(tbs.next(der::kInteger, "version").content, "version") != 1) refuse("not version 2");
  const auto algorithm = tbs.next(der::kSequence, "signature algorithm").whole;
  if (!std::ranges::equal(algorithm, facts.signature_algorithm)) refuse("two different signature algorithms");
  facts.issuer = tbs.next(der::kSequence, "issuer").whole;
  facts.this_update = read_time(tbs, "thisUpdate");
  facts.next_update = read_time(tbs, "nextUpdate");
  if (const auto revoked = tbs.next_if(der::kSequence, "revoked certificates")) {
    der::Reader entries{revoked->content};
    if (entries.at_end()) refuse("an empty list of revoked certificates, which RFC 5280 wants absent");
    while (!entries.at_end()) read_entry(entries.enter(der::kSequence, "entry"), facts, act);
  }
  auto wrapper = tbs.enter(der::constructed_context(0), "extensions");
  tbs.end("TBSCertList");
  for (const auto& extension : read_extensions(wrapper.enter(der::kSequence, "extensions")))
    read_list_extension(extension, facts);
  wrapper.end("extensions");
  if (facts.number == 0) refuse("no CRL number");
}

std::string hash_of(ByteView algorithm) {
  der::Reader outer{algorithm};
  auto fields = outer.enter(der::kSequence, "signature algorithm");
  const auto name = der::object_id(fields.next(der::kObjectId, "signature algorithm").content);
  if (name == oid::kEcdsaSha256) return "SHA-256";
  if (name == oid::kEcdsaSha384) return "SHA-384";
  throw Error{Errc::denied,
              "revocation list: signed with " + std::string{name_of(name)} + ", which no authority here has"};
}

}  // namespace

ListFacts ListFacts::parse(ByteView der, const std::function<void(ByteView)>& entry) {
  der::Reader outer{der};
  auto whole = outer.enter(der::kSequence, "CertificateList");
  outer.end("CertificateList");
  const auto tbs = whole.next(der::kSequence, "TBSCertList");
  ListFacts facts;
  facts.tbs = tbs.whole;
  facts.signature_algorithm = whole.next(der::kSequence, "signature algorithm").whole;
  const auto bits = whole.next(der::kBitString, "signature").content;
  whole.end("CertificateList");
  if (bits.empty() || bits[0] != 0) refuse("a signature that is no whole number of octets");
  facts.signature = bits.subspan(1);
  read_tbs(der::Reader{tbs.content}, facts, entry);
  return facts;
}

void require_signed(const ListFacts& list, ByteView authority_certificate) {
  const auto own = Certificate::parse(authority_certificate).tbs;
  const auto hash = hash_of(list.signature_algorithm);
  const bool good = std::ranges::equal(own.subject, list.issuer) && guarded(Errc::bad_input, [&] {
                      const auto key = Botan::X509::load_key(own.public_key);
                      Botan::PK_Verifier verifier{*key, hash, Botan::Signature_Format::DerSequence};
                      return verifier.verify_message(list.tbs, list.signature);
                    });
  if (!good) throw Error{Errc::denied, "revocation list: not signed by this authority"};
}

std::vector<std::string> complaints(const ListFacts& list, const ListState& state, std::uint64_t days, Instant now) {
  std::vector<std::string> all;
  const auto which = "list " + std::to_string(list.number);
  if (list.next_update <= now)
    all.push_back(which + " ended at " + format_instant(list.next_update) + ": verifiers refuse it");
  else if (list.next_update - now < (list.next_update - list.this_update) / 4)
    all.push_back(which + " ends soon, at " + format_instant(list.next_update));
  if (now - list.this_update > std::chrono::days{days} && list.next_update > now)
    all.push_back(which + " of " + format_instant(list.this_update) + " is older than the " + std::to_string(days) +
                  " days of its profile");
  if (list.this_update > now) all.push_back(which + " is of the future: " + format_instant(list.this_update));
  if (list.number < state.number)
    all.push_back(which + " is published, and list " + std::to_string(state.number) + " was made");
  if (state.unlisted != 0)
    all.push_back(std::to_string(state.unlisted) + " revocation" + (state.unlisted == 1 ? " is" : "s are") +
                  " not on " + which);
  return all;
}

}  // namespace lamp::pki
