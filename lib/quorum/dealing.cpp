#include "lib/quorum/dealing.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::quorum {
namespace {

constexpr std::string_view kContext = "lamp-dealing-v1";
constexpr std::size_t kDigestLength = 32;
constexpr std::uint64_t kMostDealings = 1ULL << 48;

Bytes base64_at(const config::Node& node) {
  return in_context(node.place(), [&] { return from_base64(node.text()); });
}

Bytes digest_at(const config::Node& node) {
  auto digest = in_context(node.place(), [&] { return from_hex(node.text()); });
  if (digest.size() != kDigestLength) node.refuse("expected 32 bytes");
  return digest;
}

DealtShare read_share(const config::Node& node) {
  node.only({"officer", "sealed", "commitment"});
  return {node.at("officer").text(), base64_at(node.at("sealed")), digest_at(node.at("commitment"))};
}

DealtHybrid read_hybrid(const config::Node& node) {
  node.only({"number", "box", "shares"});
  return {node.at("number").number(1, kMostDealings), digest_at(node.at("box")), read_shares(node.at("shares"))};
}

Dealing read(const config::Node& root) {
  root.only({"quorum", "roster", "number", "occasion", "shares", "hybrid", "signature"});
  Dealing dealing;
  dealing.quorum = root.at("quorum").text();
  dealing.roster_digest = digest_at(root.at("roster"));
  dealing.number = root.at("number").number(1, kMostDealings);
  if (const auto occasion = root.find("occasion")) dealing.occasion = digest_at(*occasion);
  dealing.shares = read_shares(root.at("shares"));
  if (const auto hybrid = root.find("hybrid")) dealing.hybrid = read_hybrid(*hybrid);
  dealing.signature = base64_at(root.at("signature"));
  return dealing;
}

Renewal read_renewal(const config::Node& root) {
  root.only({"sealed-pin", "tried", "dealing"});
  return {read(root.at("dealing")), base64_at(root.at("sealed-pin")), root.at("tried").boolean()};
}

Verdict check_hybrid(const Dealing& dealing, const Roster& roster) {
  if (dealing.hybrid.has_value() != !roster.hybrid_key.empty())
    return {{"the roster and the dealing do not agree on whether there is an ML-DSA key"}};
  if (!dealing.hybrid) return {};
  if (dealing.hybrid->number > dealing.number || !one_for_each_officer(dealing.hybrid->shares, roster))
    return {{"the shares of the ML-DSA key are not one for each officer of the roster, in its order"}};
  return {};
}

Verdict check(const Dealing& dealing, const Roster& roster) {
  if (dealing.quorum != roster.name || dealing.roster_digest != roster.digest())
    return {{"the shares were dealt under another roster than " + roster.name + " epoch " +
             std::to_string(roster.epoch) +
             ": the two files do not belong together; when a 'lamp-hsm quorum replace' was cut short, run it again"}};
  if (!one_for_each_officer(dealing.shares, roster))
    return {{"the shares are not one for each officer of the roster, in its order"}};
  if (auto verdict = check_hybrid(dealing, roster); !verdict.acceptable()) return verdict;
  const auto custody = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(roster.custody_key); });
  if (!cose::verify1(cose::parse_sign1(dealing.signature), *custody, dealing.canonical(), kContext).acceptable())
    return {{"the custody key's signature does not hold: the shares were altered after they were dealt"}};
  return {};
}

void require(const Dealing& dealing, const Roster& roster, const std::filesystem::path& file) {
  const Verdict verdict = in_context(file.string(), [&] { return check(dealing, roster); });
  if (!verdict.acceptable()) throw Error{Errc::denied, file.string() + ": " + verdict.objections.front()};
}

void write(config::YamlWriter& out, const Dealing& dealing) {
  out.begin_map().key("quorum").value(dealing.quorum).key("roster").value(hex(dealing.roster_digest));
  out.key("number").value(dealing.number);
  if (!dealing.occasion.empty()) out.key("occasion").value(hex(dealing.occasion));
  out.key("shares");
  write_shares(out, dealing.shares);
  if (dealing.hybrid) {
    out.key("hybrid").begin_map().key("number").value(dealing.hybrid->number);
    out.key("box").value(hex(dealing.hybrid->box_digest)).key("shares");
    write_shares(out, dealing.hybrid->shares);
    out.end_map();
  }
  out.key("signature").value(base64(dealing.signature)).end_map();
}

}  // namespace

std::vector<DealtShare> read_shares(const config::Node& list) {
  std::vector<DealtShare> shares;
  for (const auto& item : list.items()) shares.push_back(read_share(item));
  return shares;
}

void write_shares(config::YamlWriter& out, const std::vector<DealtShare>& shares) {
  out.begin_list();
  for (const auto& share : shares) {
    out.begin_map().key("officer").value(share.officer).key("sealed").value(base64(share.box));
    out.key("commitment").value(hex(share.commitment)).end_map();
  }
  out.end_list();
}

cbor::Writer encode_shares(const std::vector<DealtShare>& shares) {
  cbor::Writer list;
  list.array(shares.size());
  for (const auto& share : shares) list.array(3).text(share.officer).bytes(share.box).bytes(share.commitment);
  return list;
}

bool one_for_each_officer(const std::vector<DealtShare>& shares, const Roster& roster) {
  return std::equal(shares.begin(), shares.end(), roster.officers.begin(), roster.officers.end(),
                    [](const DealtShare& share, const Officer& officer) { return share.officer == officer.name; });
}

Dealing Dealing::load(const std::filesystem::path& file, const Roster& roster) {
  Dealing dealing = read(config::Node::load(file));
  require(dealing, roster, file);
  return dealing;
}

Dealing Dealing::parse_signed(std::string_view text, const std::string& name, const Roster& roster) {
  Dealing dealing = parse(text, name);
  require(dealing, roster, name);
  return dealing;
}

std::string Dealing::yaml() const {
  config::YamlWriter out;
  out.comment("Sealed shares of a quorum's token PIN, lamp-quorum(5). Signed: any edit voids it.");
  write(out, *this);
  return out.text();
}

Bytes Dealing::canonical() const {
  cbor::MapWriter content;
  content.add(1, cbor::Writer{}.text(quorum))
      .add(2, cbor::Writer{}.bytes(roster_digest))
      .add(3, cbor::Writer{}.unsigned_integer(number))
      .add(4, encode_shares(shares))
      .add(5, cbor::Writer{}.bytes(occasion));
  if (hybrid)
    content.add(6, std::move(cbor::Writer{}
                                 .array(3)
                                 .unsigned_integer(hybrid->number)
                                 .bytes(hybrid->box_digest)
                                 .raw(encode_shares(hybrid->shares).encoded())));
  return content.encoded();
}

void Dealing::sign(const Botan::Private_Key& custody_key, Botan::RandomNumberGenerator& rng) {
  signature = cose::sign1(custody_key, rng, canonical(), kContext);
}

const DealtShare& Dealing::of(const std::string& officer) const {
  const auto it = std::ranges::find(shares, officer, &DealtShare::officer);
  if (it == shares.end()) throw Error{Errc::not_found, "no share of quorum " + quorum + " was dealt to " + officer};
  return *it;
}

Dealing Dealing::parse(std::string_view text, const std::string& name) { return read(config::Node::parse(text, name)); }

Renewal Renewal::parse(std::string_view text, const std::string& name) {
  return read_renewal(config::Node::parse(text, name));
}

Renewal Renewal::load(const std::filesystem::path& file, const Roster& roster) {
  auto renewal = read_renewal(config::Node::load(file));
  require(renewal.dealing, roster, file);
  return renewal;
}

std::string Renewal::yaml() const {
  config::YamlWriter out;
  out.comment(
      "A renewal of a quorum's token PIN, not finished yet, lamp-quorum(5). The same command again finishes it.");
  out.begin_map().key("sealed-pin").value(base64(sealed_pin));
  out.key("tried").value(tried).key("dealing");
  write(out, dealing);
  out.end_map();
  return out.text();
}

DealingFiles::DealingFiles(const std::filesystem::path& site, const std::string& quorum)
    : current{site / "quorum" / (quorum + ".shares.yaml")},
      pending{site / "quorum" / (quorum + ".shares.pending.yaml")},
      lock{site / "quorum" / ("." + quorum + ".lock")} {}

std::optional<Renewal> DealingFiles::unfinished(const Roster& roster, const Dealing& now) const {
  if (!std::filesystem::exists(pending)) return std::nullopt;
  auto renewal = Renewal::load(pending, roster);
  if (renewal.dealing.number <= now.number) return std::nullopt;
  return renewal;
}

}  // namespace lamp::quorum
