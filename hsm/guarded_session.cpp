#include "hsm/guarded_session.hpp"

#include <botan/pk_keys.h>

#include <algorithm>

#include "hsm/custody.hpp"
#include "hsm/hybrid.hpp"
#include "lib/base/error.hpp"
#include "lib/quorum/share.hpp"
#include "lib/quorum/so_pin.hpp"

namespace lamp::hsm {
namespace {

namespace fs = std::filesystem;

/// What kept shares from being used, by cause: each cause has its own remedy.
struct Trouble {
  std::string bad, stale;
  std::vector<std::string> stale_officers;

  void add(std::string& list, const std::string& what) { list += (list.empty() ? "" : "; ") + what; }
};

std::string joined(const std::vector<std::string>& names) {
  std::string list;
  for (const auto& name : names) list += (list.empty() ? "" : ", ") + name;
  return list;
}

const quorum::Contribution& contribution_of(const std::vector<quorum::Contribution>& all, const std::string& officer) {
  const auto it = std::ranges::find(all, officer, &quorum::Contribution::officer);
  if (it == all.end()) throw Error{Errc::denied, "the approval of " + officer + " came without a share"};
  return *it;
}

[[noreturn]] void refuse_shares(const Trouble& trouble, const quorum::Dealing& dealing, const std::string& repeat) {
  std::string why;
  if (!trouble.stale_officers.empty())
    why = "the shares of " + joined(trouble.stale_officers) + " were voided when the PIN was renewed; dealing " +
          std::to_string(dealing.number) + " holds now: each of them runs '" + repeat +
          "' again for the share, the approvals still count";
  if (!trouble.bad.empty())
    why += (why.empty() ? "" : "; ") + trouble.bad +
           "; whose share is bad removes their file in approvals/ and approves again";
  throw Error{Errc::denied, why};
}

}  // namespace

GuardedSession::GuardedSession(const Occasion& occasion)
    : occasion_{occasion},
      files_{occasion.site, occasion.roster.name},
      lock_{files_.lock},
      dealing_{quorum::Dealing::load(files_.current, occasion.roster)},
      pending_{find_pending()} {
  open();
}

GuardedSession::~GuardedSession() = default;

std::unique_ptr<QuorumSession> DealtPin::open_session(const Occasion& occasion) {
  return std::make_unique<GuardedSession>(occasion);
}

std::optional<quorum::Renewal> GuardedSession::find_pending() {
  if (occasion_.next != nullptr) {
    auto loaded = attempt([&] { return files_.unfinished(*occasion_.next, dealing_); });
    pending_roster_ = occasion_.next;
    if (auto* found = std::get_if<0>(&loaded)) return std::move(*found);
  }
  pending_roster_ = &occasion_.roster;
  return files_.unfinished(occasion_.roster, dealing_);
}

std::vector<Share> GuardedSession::open_shares() const {
  const auto& roster = occasion_.roster;
  std::vector<Share> shares;
  Trouble trouble;
  for (const auto& name : occasion_.approved) {
    if (shares.size() == roster.threshold) break;
    auto opened = attempt([&]() -> std::optional<Share> {
      const auto& handed_in = contribution_of(occasion_.contributions, name);
      if (handed_in.dealing < dealing_.number) return std::nullopt;
      return quorum::open_share(handed_in.sealed_share, occasion_.session_key,
                                quorum::request_share_context(occasion_.digest, name), dealing_.of(name));
    });
    if (const auto* why = std::get_if<Error>(&opened)) {
      if (why->code() != Errc::denied) throw Error{*why};
      trouble.add(trouble.bad, why->what());
    } else if (auto& share = std::get<0>(opened)) {
      shares.push_back(std::move(*share));
    } else {
      trouble.stale_officers.push_back(name);
    }
  }
  if (shares.size() < roster.threshold) refuse_shares(trouble, dealing_, occasion_.repeat);
  return shares;
}

Pin GuardedSession::combined_pin() const { return combine(open_shares()); }

void GuardedSession::find_token() {
  token_.emplace(find_guarded(occasion_.token, occasion_.roster));
  const auto& info = token_->info();
  wrong_tries_seen_ = info.pin_count_low || info.pin_final_try;
}

void GuardedSession::open() {
  if (pending_) {
    find_token();
    resume();
    return;
  }
  pin_.emplace(combined_pin());
  find_token();
  token_->login(*pin_);
}

// Two PINs are possible and one of them is wrong: that try must not be one that somebody else has used up.
void GuardedSession::require_no_wrong_tries() const {
  if (!wrong_tries_seen_) return;
  const auto kept = quorum::so_pin_file(occasion_.site, occasion_.roster.name);
  throw Error{Errc::denied, "a renewal of the PIN of token \"" + token_->info().label +
                                "\" was cut short, so that one of two PINs holds, and the token reports wrong tries: "
                                "neither was given to it; find out who tried; " +
                                (fs::exists(kept) ? "who has the token's SO PIN, " + kept.string() +
                                                        " says: only that can reset the counter"
                                                  : "only the SO PIN could reset the counter, and nobody has it")};
}

/// The PIN of a renewal that was begun for this very occasion.
std::optional<Pin> GuardedSession::pending_pin() const {
  if (!equal_constant_time(pending_->dealing.occasion, occasion_.digest)) return std::nullopt;
  auto opened = attempt([&] { return quorum::open_pin(occasion_.session_key, *pending_roster_, *pending_); });
  if (const auto* why = std::get_if<Error>(&opened)) {
    if (why->code() != Errc::denied) throw Error{*why};
    return std::nullopt;
  }
  return std::move(std::get<Pin>(opened));
}

/// True when the token had got the new PIN already; then this session counts as renewed.
bool GuardedSession::opens_by_new(Pin pin) {
  if (!token_->try_login(pin)) return false;
  pin_.emplace(std::move(pin));
  commit();
  return true;
}

/// True when the renewal never reached the token.
bool GuardedSession::opens_by_old() {
  pin_.emplace(combined_pin());
  if (!token_->try_login(*pin_)) return false;
  discard_pending();
  return true;
}

void GuardedSession::resume() {
  auto fresh = pending_pin();
  if (!fresh) {
    settle_for_another();
    return;
  }
  // The wrong try that the token reports is then most likely our own, of a run that was cut short right here.
  const bool old_first = pending_->tried && wrong_tries_seen_;
  if (!old_first) {
    require_no_wrong_tries();
    pending_->tried = true;
    publish(files_.pending, std::string_view{pending_->yaml()});
  }
  const bool opened =
      old_first ? opens_by_old() || opens_by_new(std::move(*fresh)) : opens_by_new(std::move(*fresh)) || opens_by_old();
  if (!opened)
    throw Error{Errc::denied, "token \"" + token_->info().label +
                                  "\" takes neither the PIN of the renewal that was cut short nor the one before it: "
                                  "somebody has changed it past the quorum"};
}

/// A renewal that another command began: when the old PIN does not open the token, the new one is what holds, and so do
/// the shares that were dealt of it.
void GuardedSession::settle_for_another() {
  require_no_wrong_tries();
  if (opens_by_old()) return;
  commit();
  throw Error{Errc::denied, "another command's renewal of the PIN was cut short after the token had got it; dealing " +
                                std::to_string(dealing_.number) + " holds now: officers run '" + occasion_.repeat +
                                "' again for their shares, the approvals still count"};
}

void GuardedSession::renew(Botan::RandomNumberGenerator& rng, const std::string& custody_key) {
  if (renewed_) return;
  const auto& roster = heirs();
  const Pin fresh = random_pin(rng, guarded_pin_length(token_->info()));
  const auto shares = deal(fresh, roster.threshold, roster.officers.size(), rng);
  quorum::Renewal renewal{seal_shares(roster, dealing_.number + 1, shares, rng), {}};
  renewal.dealing.occasion = occasion_.digest;
  renew_hybrid(renewal.dealing, rng);
  renewal.dealing.sign(*token_->signing_key(custody_key), rng);
  renewal.sealed_pin = quorum::seal_pin(fresh, occasion_.session_key.public_point(), roster, renewal, rng);
  publish(files_.pending, std::string_view{renewal.yaml()});
  pending_.emplace(std::move(renewal));
  pending_roster_ = &roster;
  token_->change_pin(*pin_, fresh);
  commit();
}

std::unique_ptr<Botan::Private_Key> GuardedSession::hybrid_key() {
  if (!dealing_.hybrid) throw Error{Errc::denied, "quorum " + occasion_.roster.name + " has no ML-DSA key"};
  return combine_hybrid_key({occasion_.site, occasion_.roster, *dealing_.hybrid, occasion_.digest,
                             occasion_.session_key, occasion_.contributions, occasion_.approved, occasion_.repeat});
}

/// The new box is durable before anything names it, and has a name of its own: the one before it stays good until the
/// token has got the new PIN.
void GuardedSession::renew_hybrid(quorum::Dealing& next, Botan::RandomNumberGenerator& rng) {
  if (!dealing_.hybrid) return;
  if (occasion_.hybrid == HybridKey::untouched) {
    if (occasion_.next != nullptr) throw Error{Errc::internal, "shares of the ML-DSA key are of one roster only"};
    next.hybrid = dealing_.hybrid;
    return;
  }
  auto dealt = deal_hybrid_key(*hybrid_key(), heirs(), next.number, rng);
  quorum::publish_hybrid(occasion_.site, occasion_.roster.name, dealt.box);
  next.hybrid = std::move(dealt.dealt);
}

void GuardedSession::commit() {
  dealing_ = pending_->dealing;
  publish(files_.current, std::string_view{dealing_.yaml()});
  renewed_ = true;
  discard_pending();
  if (dealing_.hybrid) quorum::discard_other_hybrids(occasion_.site, occasion_.roster.name, *dealing_.hybrid);
}

// Not synced: a pending dealing that comes back after a power cut is not newer than the current one.
void GuardedSession::discard_pending() {
  guarded(Errc::unavailable, [&] { fs::remove(files_.pending); });
  pending_.reset();
}

bool renewal_is_due(const fs::path& site, const quorum::Roster& roster, ByteView digest,
                    const std::vector<quorum::Contribution>& contributions) {
  const quorum::DealingFiles files{site, roster.name};
  const auto dealing = quorum::Dealing::load(files.current, roster);
  const auto pending = files.unfinished(roster, dealing);
  if (pending && equal_constant_time(pending->dealing.occasion, digest)) return true;
  return std::ranges::any_of(contributions, [&](const auto& c) { return c.dealing == dealing.number; });
}

}  // namespace lamp::hsm
