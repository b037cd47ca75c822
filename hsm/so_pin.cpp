#include "hsm/so_pin.hpp"

#include <botan/pk_keys.h>

#include <algorithm>

#include "hsm/custody.hpp"
#include "hsm/hybrid.hpp"
#include "hsm/lock.hpp"
#include "hsm/session.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::hsm {

void set_user_pin(const Module& module, const TokenInfo& token, const Pin& so_pin, const Pin& user_pin) {
  Session session{module.functions(), token.slot};
  const auto so = so_pin.expose_secret();
  const auto user = user_pin.expose_secret();
  check(session->C_Login(session.handle(), CKU_SO, mutable_pointer(so), so.size()), "C_Login");
  const CK_RV rv = session->C_InitPIN(session.handle(), mutable_pointer(user), user.size());
  session->C_Logout(session.handle());
  check(rv, "C_InitPIN");
}

void reset_user_pin(const TokenAddress& address, const quorum::Roster& roster, const Pin& so_pin, const Pin& user_pin) {
  const auto info = find_guarded(address, roster).info();
  const auto lock = lock_module(address.module);
  const auto module = Module::load(address.module, address.module_init);
  const auto tokens = list_tokens(*module);
  const auto found = std::ranges::find_if(
      tokens, [&](const TokenInfo& t) { return t.initialized && t.serial == info.serial && t.label == info.label; });
  if (found == tokens.end()) throw Error{Errc::unavailable, "token \"" + info.label + "\" vanished"};
  in_context("resetting the PIN of token \"" + info.label + "\"",
             [&] { set_user_pin(*module, *found, so_pin, user_pin); });
}

quorum::Dealing recover_pin(const std::filesystem::path& site, const TokenAddress& address,
                            const quorum::Roster& roster, const Pin& so_pin, ByteView occasion,
                            const OpenHybridKey& hybrid, Botan::RandomNumberGenerator& rng,
                            const std::string& custody_key) {
  const quorum::DealingFiles files{site, roster.name};
  const FileLock lock{files.lock};
  const auto last = quorum::Dealing::load(files.current, roster);
  const Pin fresh = random_pin(rng, guarded_pin_length(find_guarded(address, roster).info()));
  auto dealing = seal_shares(roster, last.number + 1, deal(fresh, roster.threshold, roster.officers.size(), rng), rng);
  dealing.occasion.assign(occasion.begin(), occasion.end());
  if (last.hybrid) {
    auto dealt = deal_hybrid_key(*hybrid(*last.hybrid), roster, dealing.number, rng);
    quorum::publish_hybrid(site, roster.name, dealt.box);
    dealing.hybrid = std::move(dealt.dealt);
  }
  reset_user_pin(address, roster, so_pin, fresh);
  auto token = find_guarded(address, roster);
  token.login(fresh);
  dealing.sign(*token.signing_key(custody_key), rng);
  const auto text = dealing.yaml();
  // What nobody could open again must not become the dealing that holds.
  (void)quorum::Dealing::parse_signed(text, files.current.string(), roster);
  publish(files.current, std::string_view{text});
  std::error_code absent;
  std::filesystem::remove(files.pending, absent);  // a dealing of no PIN that the token has
  if (dealing.hybrid) quorum::discard_other_hybrids(site, roster.name, *dealing.hybrid);
  return dealing;
}

quorum::SoPin deal_so_pin(const quorum::Roster& roster, const Pin& so_pin, Botan::RandomNumberGenerator& rng) {
  return quorum::seal_so_shares(roster, deal(so_pin, quorum::so_threshold(roster), roster.officers.size(), rng), rng);
}

Pin combine_so_pin(const quorum::SoPin& kept, ByteView act_digest, crypto::AgreementKey& session_key,
                   const std::vector<quorum::Contribution>& contributions, const std::vector<std::string>& approved) {
  std::vector<Share> shares;
  std::string without;
  for (const auto& dealt : kept.shares) {
    const auto it = std::ranges::find(contributions, dealt.officer, &quorum::Contribution::officer);
    const bool counts = std::ranges::find(approved, dealt.officer) != approved.end();
    if (it == contributions.end() || !counts || it->sealed_so_share.empty()) {
      without += (without.empty() ? "" : ", ") + dealt.officer;
      continue;
    }
    if (shares.size() == kept.threshold) break;
    shares.push_back(quorum::open_share(it->sealed_so_share, session_key,
                                        quorum::act_so_share_context(act_digest, dealt.officer), dealt));
  }
  if (shares.size() < kept.threshold)
    throw Error{Errc::denied, "the SO PIN takes the shares of " + std::to_string(kept.threshold) + " officers; " +
                                  std::to_string(shares.size()) + " handed theirs in, missing of " + without +
                                  ": they approve as well (officers can be replaced without it: --forget-so-pin)"};
  return combine(shares);
}

}  // namespace lamp::hsm
