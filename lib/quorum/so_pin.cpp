#include "lib/quorum/so_pin.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::quorum {
namespace {

using crypto::sha256;

constexpr std::string_view kContext = "lamp-so-pin-v1";
constexpr std::size_t kDigestLength = 32;

Bytes base64_at(const config::Node& node) {
  return in_context(node.place(), [&] { return from_base64(node.text()); });
}

void read_recovery(const config::Node& node, SoPin& kept) {
  node.only({"key", "sealed"});
  kept.recovery_point = base64_at(node.at("key"));
  in_context(node.place(), [&] { crypto::require_p256_point(kept.recovery_point); });
  kept.recovery_box = base64_at(node.at("sealed"));
}

SoPin read(const config::Node& root) {
  root.only({"quorum", "roster", "threshold", "shares", "recovery", "signature"});
  SoPin kept;
  kept.quorum = root.at("quorum").text();
  kept.roster_digest = in_context(root.place(), [&] { return from_hex(root.at("roster").text()); });
  if (kept.roster_digest.size() != kDigestLength) root.refuse("roster: expected 32 bytes");
  if (const auto recovery = root.find("recovery")) {
    if (root.find("shares") || root.find("threshold")) root.refuse("it is either dealt in shares or sealed to a card");
    read_recovery(*recovery, kept);
  } else {
    kept.threshold = root.at("threshold").number(2, 16);
    kept.shares = read_shares(root.at("shares"));
  }
  kept.signature = base64_at(root.at("signature"));
  return kept;
}

Verdict check(const SoPin& kept, const Roster& roster) {
  if (kept.quorum != roster.name || kept.roster_digest != roster.digest())
    return {{"the SO PIN was kept under another roster than " + roster.name + " epoch " + std::to_string(roster.epoch) +
             ": the two files do not belong together; when a 'lamp-hsm quorum replace' was cut short, run it again"}};
  const auto custody = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(roster.custody_key); });
  if (!cose::verify1(cose::parse_sign1(kept.signature), *custody, kept.canonical(), kContext).acceptable())
    return {{"the custody key's signature does not hold: the file was altered after it was made"}};
  if (!kept.dealt()) return {};
  if (kept.threshold != so_threshold(roster)) return {{"the SO PIN's threshold is not one more than the roster's"}};
  if (!one_for_each_officer(kept.shares, roster))
    return {{"the shares are not one for each officer of the roster, in its order"}};
  return {};
}

}  // namespace

SoPin SoPin::load(const std::filesystem::path& file, const Roster& roster) {
  SoPin kept = read(config::Node::load(file));
  const Verdict verdict = in_context(file.string(), [&] { return check(kept, roster); });
  if (!verdict.acceptable()) throw Error{Errc::denied, file.string() + ": " + verdict.objections.front()};
  return kept;
}

SoPin SoPin::parse(std::string_view text, const std::string& name) { return read(config::Node::parse(text, name)); }

std::string SoPin::yaml() const {
  config::YamlWriter out;
  out.comment("How the SO PIN of a quorum's token is kept, lamp-quorum(5). Signed: any edit voids it.");
  out.begin_map().key("quorum").value(quorum).key("roster").value(hex(roster_digest));
  if (dealt()) {
    out.key("threshold").value(threshold).key("shares");
    write_shares(out, shares);
  } else {
    out.key("recovery").begin_map().key("key").value(base64(recovery_point));
    out.key("sealed").value(base64(recovery_box)).end_map();
  }
  out.key("signature").value(base64(signature)).end_map();
  return out.text();
}

Bytes SoPin::canonical() const {
  return cbor::MapWriter{}
      .add(1, cbor::Writer{}.text(quorum))
      .add(2, cbor::Writer{}.bytes(roster_digest))
      .add(3, cbor::Writer{}.unsigned_integer(threshold))
      .add(4, encode_shares(shares))
      .add(5, cbor::Writer{}.bytes(recovery_point))
      .add(6, cbor::Writer{}.bytes(recovery_box))
      .encoded();
}

void SoPin::sign(const Botan::Private_Key& custody_key, Botan::RandomNumberGenerator& rng) {
  signature = cose::sign1(custody_key, rng, canonical(), kContext);
}

const DealtShare& SoPin::of(const std::string& officer) const {
  const auto it = std::ranges::find(shares, officer, &DealtShare::officer);
  if (it == shares.end())
    throw Error{Errc::not_found, "no share of the SO PIN of quorum " + quorum + " was dealt to " + officer};
  return *it;
}

std::filesystem::path so_pin_file(const std::filesystem::path& site, const std::string& quorum) {
  return site / "quorum" / (quorum + ".so.yaml");
}

Bytes so_share_context(const Roster& roster, std::uint64_t threshold, const Officer& officer) {
  return officers_context("lamp-so-share-v1", roster, threshold, officer);
}

Bytes act_so_share_context(ByteView act_digest, const std::string& officer) {
  return cbor::Writer{}.array(3).text("lamp-act-so-share-v1").bytes(act_digest).text(officer).encoded();
}

Bytes recovery_context(const Roster& roster) {
  return cbor::Writer{}
      .array(4)
      .text("lamp-so-recovery-v1")
      .text(roster.name)
      .text(roster.token_serial)
      .bytes(sha256(roster.custody_key))
      .encoded();
}

SoPin seal_so_shares(const Roster& roster, const std::vector<Share>& shares, Botan::RandomNumberGenerator& rng) {
  SoPin kept;
  kept.quorum = roster.name;
  kept.roster_digest = roster.digest();
  kept.threshold = so_threshold(roster);
  for (std::size_t i = 0; i < roster.officers.size(); ++i) {
    const auto& officer = roster.officers[i];
    const auto context = so_share_context(roster, kept.threshold, officer);
    kept.shares.push_back(
        {officer.name, seal_share(shares.at(i), officer.share_point, context, rng), commitment(shares[i])});
  }
  return kept;
}

void require_nobodys_key(const Roster& roster, ByteView point) {
  for (const auto& officer : roster.officers) {
    const auto approval = roster.officer_key(officer)->raw_public_key_bits();
    if (std::ranges::equal(point, officer.share_point) || std::ranges::equal(point, approval))
      throw Error{Errc::denied, "the recovery key is a key of officer " + officer.name +
                                    ", who could then reset the token's PIN alone: take a card that is nobody's"};
  }
}

SoPin seal_to_recovery(const Roster& roster, const Pin& so_pin, ByteView point, Botan::RandomNumberGenerator& rng) {
  require_nobodys_key(roster, point);
  SoPin kept;
  kept.quorum = roster.name;
  kept.roster_digest = roster.digest();
  kept.recovery_point.assign(point.begin(), point.end());
  kept.recovery_box = crypto::seal(so_pin.expose_secret(), point, recovery_context(roster), rng);
  return kept;
}

Pin open_recovery(const Roster& roster, const SoPin& kept, crypto::AgreementKey& card) {
  return in_context("the SO PIN of quorum " + kept.quorum,
                    [&] { return Pin{crypto::open_sealed(kept.recovery_box, card, recovery_context(roster))}; });
}

SoPin carry_over(const SoPin& kept, const Roster& next) {
  SoPin carried = kept;
  carried.roster_digest = next.digest();
  carried.signature.clear();
  return carried;
}

Share open_so_share(const Roster& roster, const SoPin& kept, const Officer& officer, crypto::AgreementKey& share_key) {
  const auto& dealt = kept.of(officer.name);
  return open_share(dealt.box, share_key, so_share_context(roster, kept.threshold, officer), dealt);
}

Bytes hand_over_so_share(const Roster& roster, const SoPin& kept, const Officer& officer,
                         crypto::AgreementKey& share_key, ByteView session_point, ByteView act_digest,
                         Botan::RandomNumberGenerator& rng) {
  const auto share = open_so_share(roster, kept, officer, share_key);
  return seal_share(share, session_point, act_so_share_context(act_digest, officer.name), rng);
}

}  // namespace lamp::quorum
