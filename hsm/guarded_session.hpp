// A quorum's token, opened once for one occasion: a release request or an act. The shares that officers handed in for
// it are recombined, the token is opened, and afterwards the PIN is renewed, so that what was seen of it is worth
// nothing. What happens when this is cut short at any instant: lamp-quorum(5).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hsm/token.hpp"
#include "lib/base/file.hpp"
#include "lib/base/secret.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/quorum/approval.hpp"
#include "lib/quorum/contribution.hpp"
#include "lib/quorum/dealing.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::hsm {

/// Whether the quorum's ML-DSA key is used: officers hand in their shares of it then, and it is sealed and dealt anew
/// with the PIN.
enum class HybridKey { untouched, used };

/// What the token is opened for. The caller has checked what there is to check but the token: approvals, policy.
struct Occasion {
  std::filesystem::path site;  ///< the folder in which quorum/ is
  const quorum::Roster& roster;
  TokenAddress token;
  Bytes digest;                       ///< of the request or act: shares are bound to it
  crypto::AgreementKey& session_key;  ///< the occasion's one-time key, to which the shares are sealed
  std::vector<quorum::Contribution> contributions;
  std::vector<std::string> approved;  ///< the officers whose approval counts: quorum::Tally
  std::string repeat;  ///< what an officer runs to hand in a share again: "lamp-sign approve X --as NAME"
  const quorum::Roster* next = nullptr;     ///< the roster that takes over: the PIN is renewed for its officers
  HybridKey hybrid = HybridKey::untouched;  ///< used only in a process that is locked down: lib/base/lockdown.hpp
};

/// A quorum's token, open for one occasion.
class QuorumSession {
 public:
  QuorumSession() = default;
  QuorumSession(const QuorumSession&) = delete;
  QuorumSession& operator=(const QuorumSession&) = delete;
  virtual ~QuorumSession() = default;
  [[nodiscard]] virtual Token& token() = 0;
  /// Before it was opened, the token reported wrong tries: somebody tried to get in without the quorum.
  [[nodiscard]] virtual bool wrong_tries_seen() const = 0;
  /// Makes worthless what was seen of the secret that opened it. `custody_key` is the label of the key that signs
  /// dealings.
  virtual void renew(Botan::RandomNumberGenerator& rng, const std::string& custody_key = "custody") = 0;
};

/// How a quorum opens its token. Where the token itself counts officers, it is the maker's way that goes here.
class QuorumProvider {
 public:
  virtual ~QuorumProvider() = default;
  [[nodiscard]] virtual std::unique_ptr<QuorumSession> open_session(const Occasion& occasion) = 0;
};

/// By a PIN that is dealt out: GuardedSession.
class DealtPin final : public QuorumProvider {
 public:
  [[nodiscard]] std::unique_ptr<QuorumSession> open_session(const Occasion& occasion) override;
};

/// Logged in while it lives; nobody else on this host uses the quorum's token meanwhile.
class GuardedSession final : public QuorumSession {
 public:
  /// Opens the shares of officers whose approval counts until there are enough, recombines the PIN, logs in once.
  /// Throws Error{denied} naming the officers whose shares are bad, or of a dealing that a renewal has voided; the
  /// token was not touched then. After a crash within renew() the renewal's PIN is tried first and then the one before,
  /// unless the token says that wrong tries were made: Error{denied}.
  explicit GuardedSession(const Occasion& occasion);
  GuardedSession(const GuardedSession&) = delete;
  GuardedSession& operator=(const GuardedSession&) = delete;
  ~GuardedSession() override;

  [[nodiscard]] Token& token() override { return *token_; }
  [[nodiscard]] const quorum::Dealing& dealing() const noexcept { return dealing_; }
  [[nodiscard]] bool wrong_tries_seen() const override { return wrong_tries_seen_; }

  /// The ML-DSA key beside the token's, to be signed with and let go of at once. Before renew() only. Throws
  /// Error{denied} when the quorum has none, or naming the officers whose shares are missing or bad.
  [[nodiscard]] std::unique_ptr<Botan::Private_Key> hybrid_key();

  /// Gives the token a new PIN and deals it to the officers: pending dealing durable, C_SetPIN, pending dealing
  /// made the current one. Nothing to do when a run before this one got as far as the token. When it returns, the
  /// caller destroys the session key. Where the ML-DSA key is used, its box and shares are new as well; else the shares
  /// that were dealt go on.
  void renew(Botan::RandomNumberGenerator& rng, const std::string& custody_key = "custody") override;

 private:
  [[nodiscard]] std::vector<Share> open_shares() const;
  [[nodiscard]] Pin combined_pin() const;
  [[nodiscard]] const quorum::Roster& heirs() const {
    return occasion_.next != nullptr ? *occasion_.next : occasion_.roster;
  }
  [[nodiscard]] std::optional<quorum::Renewal> find_pending();
  void find_token();
  void open();
  void resume();
  void settle_for_another();
  void require_no_wrong_tries() const;
  [[nodiscard]] std::optional<Pin> pending_pin() const;
  [[nodiscard]] bool opens_by_new(Pin pin);
  [[nodiscard]] bool opens_by_old();
  void commit();
  void discard_pending();
  void renew_hybrid(quorum::Dealing& next, Botan::RandomNumberGenerator& rng);

  Occasion occasion_;
  quorum::DealingFiles files_;
  FileLock lock_;
  quorum::Dealing dealing_;
  const quorum::Roster* pending_roster_ = nullptr;  ///< that the pending dealing is under
  std::optional<quorum::Renewal> pending_;
  std::optional<Token> token_;
  std::optional<Pin> pin_;
  bool wrong_tries_seen_ = false, renewed_ = false;
};

/// Whether a use of the token for this occasion has yet to be followed by a renewal: the handed-in shares still hold,
/// or a renewal for it was begun. For a command that was cut short after its work was done.
[[nodiscard]] bool renewal_is_due(const std::filesystem::path& site, const quorum::Roster& roster, ByteView digest,
                                  const std::vector<quorum::Contribution>& contributions);

}  // namespace lamp::hsm
