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
constexpr std::size_t kDigestLength = 32;

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
  node.only({"name", "certificate", "share-key"});
  Officer officer;
  officer.name = node.at("name").text();
  if (!is_name(officer.name)) node.at("name").refuse("not a name: " + officer.name);
  officer.certificate = certificate_at(node.at("certificate"));
  officer.share_point = base64_at(node.at("share-key"));
  in_context(node.place(), [&] { crypto::require_p256_point(officer.share_point); });
  return officer;
}

/// One person under two names would be two approvals.
void require_distinct(const Roster& roster, const config::Node& place) {
  std::set<std::string> names;
  std::set<Bytes> keys, points;
  for (const auto& officer : roster.officers) {
    const bool fresh = names.insert(officer.name).second && points.insert(officer.share_point).second &&
                       keys.insert(cose::key_id(*roster.officer_key(officer))).second;
    if (!fresh) place.refuse("officer " + officer.name + " is listed twice, by name, certificate key or share key");
  }
}

/// Never without the release key beside which it signs.
void read_hybrid_key(const config::Node& node, Roster& roster) {
  if (roster.release_key.empty()) node.refuse("a hybrid-key signs beside a release-key only, and there is none");
  roster.hybrid_key = base64_at(node);
  const auto fits = attempt([&] {
    const auto key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(roster.hybrid_key); });
    return cose::algorithm_for(*key, cose::Use::hybrid_release);
  });
  if (std::holds_alternative<Error>(fits)) node.refuse("not a key of ML-DSA-87");
}

void read_keys(const config::Node& root, Roster& roster) {
  if (const auto release = root.find("release-key")) roster.release_key = base64_at(*release);
  if (const auto hybrid = root.find("hybrid-key")) read_hybrid_key(*hybrid, roster);
  roster.custody_key = base64_at(root.at("custody-key"));
  const auto others = root.find("other-keys");
  if (!others) return;
  for (const auto& [label, key] : others->entries()) {
    if (!is_name(label)) key.refuse("not a name: " + label);
    roster.other_keys.emplace(label, base64_at(key));
  }
}

void read_previous(const config::Node& root, Roster& roster) {
  const auto previous = root.find("previous");
  if (previous.has_value() != (roster.epoch > 1))
    root.at("epoch").refuse("only the first roster has epoch 1 and no 'previous'");
  if (!previous) return;
  roster.previous = in_context(previous->place(), [&] { return from_hex(previous->text()); });
  if (roster.previous.size() != kDigestLength) previous->refuse("expected 32 bytes");
}

Roster read(const config::Node& root) {
  root.only({"name", "epoch", "threshold", "token", "release-key", "hybrid-key", "custody-key", "other-keys",
             "previous", "officers", "signatures"});
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
  read_keys(root, roster);
  read_previous(root, roster);
  if (const auto signatures = root.find("signatures"))
    for (const auto& item : signatures->items()) roster.signatures.push_back(base64_at(item));
  require_distinct(roster, officers);
  return roster;
}

bool signed_by(const Roster& roster, const Botan::Public_Key& key) {
  const Bytes content = roster.canonical();
  return std::any_of(roster.signatures.begin(), roster.signatures.end(), [&](const Bytes& signature) {
    return cose::verify1(cose::parse_sign1(signature), key, content, kRosterContext).acceptable();
  });
}

bool signed_by_custody_key(const Roster& roster) {
  return signed_by(roster, *guarded(Errc::bad_input, [&] { return Botan::X509::load_key(roster.custody_key); }));
}

/// Whether `before`, when there is one, had this person with this very key.
bool is_new(const Roster& roster, const Officer& officer, const Roster* before) {
  if (before == nullptr) return true;
  const Bytes key = cose::key_id(*roster.officer_key(officer));
  return std::none_of(before->officers.begin(), before->officers.end(),
                      [&](const Officer& known) { return cose::key_id(*before->officer_key(known)) == key; });
}

Verdict check_newcomers(const Roster& roster, const Roster* before) {
  for (const auto& officer : roster.officers)
    if (is_new(roster, officer, before) && !signed_by(roster, *roster.officer_key(officer)))
      return {{"officer " + officer.name +
               " is new in it and has not signed it: nobody has shown that they hold the "
               "key of that certificate"}};
  return {};
}

Roster read_signed(const std::filesystem::path& file) {
  Roster roster = read(config::Node::load(file));
  in_context(file.string(), [&] {
    if (!signed_by_custody_key(roster))
      throw Error{Errc::denied, "no signature of the custody key holds: the roster was altered after it was made"};
  });
  return roster;
}

/// `file` and the rosters before it, the newest first.
std::vector<Roster> read_chain(const std::filesystem::path& file) {
  std::vector<Roster> chain{read_signed(file)};
  while (chain.back().epoch > 1) {
    const auto& newer = chain.back();
    const auto place = file.parent_path() / (newer.name + "." + std::to_string(newer.epoch - 1) + ".yaml");
    auto older = in_context("a roster of epoch " + std::to_string(newer.epoch) + " counts through those before it",
                            [&] { return read_signed(place); });
    const auto verdict = check_succession(newer, older);
    if (!verdict.acceptable()) throw Error{Errc::denied, file.string() + ": " + verdict.objections.front()};
    chain.push_back(std::move(older));
  }
  return chain;
}

}  // namespace

Verdict check_founding(const Roster& roster) {
  if (roster.epoch != 1) return {{"it has epoch " + std::to_string(roster.epoch) + ", a first roster has 1"}};
  if (!signed_by_custody_key(roster)) return {{"its custody key has not signed it"}};
  return check_newcomers(roster, nullptr);
}

Verdict check_succession(const Roster& next, const Roster& before) {
  const auto which = "roster " + next.name + " epoch " + std::to_string(next.epoch);
  if (next.name != before.name || next.epoch != before.epoch + 1 || next.previous != before.digest())
    return {{which + " does not name the roster before it"}};
  if (!signed_by_custody_key(next)) return {{which + " is not signed by its custody key"}};
  std::uint64_t signers = 0;
  for (const auto& officer : before.officers) signers += signed_by(next, *before.officer_key(officer)) ? 1 : 0;
  if (signers < before.threshold)
    return {{which + " is signed by " + std::to_string(signers) + " officers of the roster before it, which demands " +
             std::to_string(before.threshold)}};
  return check_newcomers(next, &before);
}

Roster Roster::load(const std::filesystem::path& file) {
  auto chain = read_chain(file);
  const auto verdict = check_founding(chain.back());
  if (!verdict.acceptable()) throw Error{Errc::denied, file.string() + ": " + verdict.objections.front()};
  Roster roster = std::move(chain.front());
  for (auto older = chain.rbegin(); older + 1 != chain.rend(); ++older) roster.ancestors.push_back(older->digest());
  return roster;
}

Roster Roster::parse(std::string_view text, const std::string& name) { return read(config::Node::parse(text, name)); }

std::string Roster::yaml() const {
  config::YamlWriter out;
  out.comment("Quorum roster, lamp-quorum(5). Signed: any edit voids it.");
  out.begin_map().key("name").value(name).key("epoch").value(epoch).key("threshold").value(threshold);
  out.key("token").begin_map().key("label").value(token_label).key("serial").value(token_serial).end_map();
  if (!release_key.empty()) out.key("release-key").value(base64(release_key));
  if (!hybrid_key.empty()) out.key("hybrid-key").value(base64(hybrid_key));
  out.key("custody-key").value(base64(custody_key));
  if (!other_keys.empty()) {
    out.key("other-keys").begin_map();
    for (const auto& [label, key] : other_keys) out.key(label).value(base64(key));
    out.end_map();
  }
  if (!previous.empty()) out.key("previous").value(hex(previous));
  out.key("officers").begin_list();
  for (const auto& officer : officers) {
    out.begin_map().key("name").value(officer.name);
    out.key("certificate").literal(Botan::PEM_Code::encode(officer.certificate, "CERTIFICATE"));
    out.key("share-key").value(base64(officer.share_point)).end_map();
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
                 .encoded());
  cbor::Writer others;
  others.array(other_keys.size());
  for (const auto& [label, key] : other_keys) others.array(2).text(label).bytes(key);
  cbor::MapWriter content;
  content.add(1, cbor::Writer{}.text(name))
      .add(2, cbor::Writer{}.unsigned_integer(epoch))
      .add(3, cbor::Writer{}.unsigned_integer(threshold))
      .add(4, std::move(list))
      .add(5, cbor::Writer{}.text(token_label))
      .add(6, cbor::Writer{}.text(token_serial))
      .add(7, cbor::Writer{}.bytes(release_key))
      .add(8, cbor::Writer{}.bytes(custody_key))
      .add(9, cbor::Writer{}.bytes(previous))
      .add(10, std::move(others));
  if (!hybrid_key.empty()) content.add(11, cbor::Writer{}.bytes(hybrid_key));
  return content.encoded();
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

std::filesystem::path roster_file(const std::filesystem::path& site, const std::string& quorum) {
  return site / "quorum" / (quorum + ".yaml");
}

std::filesystem::path older_roster_file(const std::filesystem::path& site, const std::string& quorum,
                                        std::uint64_t epoch) {
  return site / "quorum" / (quorum + "." + std::to_string(epoch) + ".yaml");
}

}  // namespace lamp::quorum
