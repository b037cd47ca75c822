#include "lib/quorum/roster.hpp"

#include <botan/hash.h>
#include <botan/pem.h>
#include <botan/x509_key.h>
#include <botan/x509cert.h>

#include <algorithm>
#include <set>

#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/crypto/seal.hpp"

namespace lamp::quorum {
namespace {

/// Every m-subset is tried when a quorum is made, which bounds the officers.
constexpr std::size_t kMostOfficers = 16;
constexpr std::size_t kCommitmentLength = 32;

Bytes base64_at(const config::Node& node) {
  return in_context(node.place(), [&] { return from_base64(node.text()); });
}

Bytes certificate_at(const config::Node& node) {
  return in_context(node.place(), [&] {
    return guarded(Errc::bad_input,
                   [&] { return Botan::unlock(Botan::PEM_Code::decode_check_label(node.text(), "CERTIFICATE")); });
  });
}

Officer read_officer(const config::Node& node) {
  node.only({"name", "certificate", "share-key", "sealed-share", "share-commitment"});
  Officer officer;
  officer.name = node.at("name").text();
  if (!is_name(officer.name)) node.at("name").refuse("not a name: " + officer.name);
  officer.certificate = certificate_at(node.at("certificate"));
  officer.share_point = base64_at(node.at("share-key"));
  officer.sealed_share = base64_at(node.at("sealed-share"));
  officer.share_commitment =
      in_context(node.at("share-commitment").place(), [&] { return from_hex(node.at("share-commitment").text()); });
  in_context(node.place(), [&] { crypto::require_p256_point(officer.share_point); });
  if (officer.share_commitment.size() != kCommitmentLength) node.at("share-commitment").refuse("expected 32 bytes");
  return officer;
}

/// One person under two names would be two approvals.
void require_distinct(const Roster& roster, const config::Node& place) {
  std::set<std::string> names;
  std::set<Bytes> keys, points;
  for (const auto& officer : roster.officers) {
    const bool fresh = names.insert(officer.name).second & points.insert(officer.share_point).second &
                       keys.insert(cose::key_id(*roster.officer_key(officer))).second;
    if (!fresh) place.refuse("officer " + officer.name + " is listed twice, by name, certificate key or share key");
  }
}

Roster read(const config::Node& root) {
  root.only(
      {"name", "epoch", "threshold", "token", "release-key", "custody-key", "previous", "officers", "signatures"});
  Roster roster;
  roster.name = root.at("name").text();
  if (!is_name(roster.name)) root.at("name").refuse("not a name: " + roster.name);
  roster.epoch = root.at("epoch").number(1, 1ULL << 32);
  const auto officers = root.at("officers");
  for (const auto& item : officers.items()) roster.officers.push_back(read_officer(item));
  if (roster.officers.size() < 2 || roster.officers.size() > kMostOfficers)
    officers.refuse("expected 2 to 16 officers");
  roster.threshold = root.at("threshold").number(2, roster.officers.size());
  const auto token = root.at("token");
  token.only({"label", "serial"});
  roster.token_label = token.at("label").text();
  roster.token_serial = token.at("serial").text();
  roster.release_key = base64_at(root.at("release-key"));
  roster.custody_key = base64_at(root.at("custody-key"));
  if (const auto previous = root.find("previous"))
    roster.previous = in_context(previous->place(), [&] { return from_hex(previous->text()); });
  for (const auto& item : root.at("signatures").items()) roster.signatures.push_back(base64_at(item));
  require_distinct(roster, officers);
  return roster;
}

bool signed_by_custody_key(const Roster& roster) {
  const auto custody = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(roster.custody_key); });
  const Bytes content = roster.canonical();
  return std::any_of(roster.signatures.begin(), roster.signatures.end(), [&](const Bytes& signature) {
    return cose::verify1(cose::parse_sign1(signature), *custody, content, kRosterContext).acceptable();
  });
}

}  // namespace

Roster Roster::load(const std::filesystem::path& file) {
  Roster roster = read(config::Node::load(file));
  in_context(file.string(), [&] {
    if (!signed_by_custody_key(roster))
      throw Error{Errc::denied, "no signature of the custody key holds: the roster was altered after it was made"};
  });
  return roster;
}

std::string Roster::yaml() const {
  config::YamlWriter out;
  out.comment("Quorum roster, lamp-quorum(5). Signed: any edit voids it.");
  out.begin_map().key("name").value(name).key("epoch").value(epoch).key("threshold").value(threshold);
  out.key("token").begin_map().key("label").value(token_label).key("serial").value(token_serial).end_map();
  out.key("release-key").value(base64(release_key)).key("custody-key").value(base64(custody_key));
  if (!previous.empty()) out.key("previous").value(hex(previous));
  out.key("officers").begin_list();
  for (const auto& officer : officers) {
    out.begin_map().key("name").value(officer.name);
    out.key("certificate").literal(Botan::PEM_Code::encode(officer.certificate, "CERTIFICATE"));
    out.key("share-key").value(base64(officer.share_point)).key("sealed-share").value(base64(officer.sealed_share));
    out.key("share-commitment").value(hex(officer.share_commitment)).end_map();
  }
  out.end_list().key("signatures").begin_list();
  for (const auto& signature : signatures) out.value(base64(signature));
  out.end_list().end_map();
  return out.text();
}

Bytes Roster::canonical() const {
  cbor::Writer list;
  list.array(officers.size());
  for (const auto& officer : officers)
    list.raw(cbor::MapWriter{}
                 .add(1, cbor::Writer{}.text(officer.name))
                 .add(2, cbor::Writer{}.bytes(officer.certificate))
                 .add(3, cbor::Writer{}.bytes(officer.share_point))
                 .add(4, cbor::Writer{}.bytes(officer.sealed_share))
                 .add(5, cbor::Writer{}.bytes(officer.share_commitment))
                 .encoded());
  return cbor::MapWriter{}
      .add(1, cbor::Writer{}.text(name))
      .add(2, cbor::Writer{}.unsigned_integer(epoch))
      .add(3, cbor::Writer{}.unsigned_integer(threshold))
      .add(4, std::move(list))
      .add(5, cbor::Writer{}.text(token_label))
      .add(6, cbor::Writer{}.text(token_serial))
      .add(7, cbor::Writer{}.bytes(release_key))
      .add(8, cbor::Writer{}.bytes(custody_key))
      .add(9, cbor::Writer{}.bytes(previous))
      .encoded();
}

Bytes Roster::digest() const {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(canonical());
  return hash->final_stdvec();
}

const Officer* Roster::find(const std::string& officer) const noexcept {
  const auto it = std::find_if(officers.begin(), officers.end(), [&](const Officer& o) { return o.name == officer; });
  return it == officers.end() ? nullptr : &*it;
}

std::unique_ptr<Botan::Public_Key> Roster::officer_key(const Officer& officer) const {
  return in_context("certificate of " + officer.name, [&] {
    return guarded(Errc::bad_input, [&] { return Botan::X509_Certificate{officer.certificate}.subject_public_key(); });
  });
}

}  // namespace lamp::quorum
