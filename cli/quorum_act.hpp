// A verb that needs a quorum's token: it writes down what it wants, says who has to approve, and does it when it is run
// again and they have. lib/quorum/act.hpp, lamp-quorum(5).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/command.hpp"
#include "cli/host.hpp"
#include "hsm/guarded_session.hpp"
#include "lib/base/file.hpp"
#include "lib/quorum/act.hpp"

namespace lamp::cli {

/// A quorum's roster. Throws Error{denied} when this host recorded another of that name.
[[nodiscard]] quorum::Roster known_quorum(Host& host, const std::string& name);

struct ActRequest {
  std::string kind, what, content;  ///< as quorum::Act has them
};

class QuorumAct {
 public:
  /// Finds the act that an earlier run wrote, or writes it when there is none, or the one there is of other content,
  /// under another roster, or expired. Throws Error{denied} when the one that is there was done before.
  QuorumAct(Host& host, quorum::Roster roster, const ActRequest& request);

  /// Whether enough officers approve. When not, it has said what is missing, and waiting() is how the verb ends.
  [[nodiscard]] bool approved();
  [[nodiscard]] Exit waiting() const noexcept { return state_ == State::found ? Exit::refused : Exit::ok; }
  /// A run before this one did all of it but to put the files away, which is done now: approved() says so.
  [[nodiscard]] bool done_before() const noexcept { return state_ == State::done_before; }
  /// The token was opened for this act and its PIN renewed: only finish() is left to do.
  [[nodiscard]] bool used_up() const;

  [[nodiscard]] const quorum::Roster& roster() const noexcept { return roster_; }
  [[nodiscard]] const quorum::Act& act() const noexcept { return act_; }
  [[nodiscard]] const std::vector<quorum::Contribution>& contributions() const noexcept {
    return handed_in_.contributions;
  }
  [[nodiscard]] const std::vector<std::string>& officers() const noexcept { return tally_.approved; }

  /// Opens the token; `next` is the roster under which its PIN will be dealt, when that is another one.
  [[nodiscard]] hsm::QuorumSession& open(const quorum::Roster* next = nullptr);
  void close() { session_.reset(); }
  /// Opens the quorum's ML-DSA key by the shares that were handed in, in a process that is locked down from then on.
  [[nodiscard]] std::unique_ptr<Botan::Private_Key> hybrid_key(const quorum::DealtHybrid& dealt);
  /// The act's one-time key, to which officers seal what they hand in.
  [[nodiscard]] crypto::AgreementKey& session_key();

  /// Records that the act was done, together with `also`, puts its files away and destroys its session key.
  void finish(audit::Event event, const std::function<void(store::Transaction&)>& also = {});

 private:
  void find_or_write(const ActRequest& request);
  [[nodiscard]] bool still_holds(const ActRequest& request) const;
  void write(const ActRequest& request);
  void put_away();
  void drop_session_keys();
  void lock_down_for_hybrid();
  [[nodiscard]] std::string session_label() const;
  [[nodiscard]] std::string how_to_approve() const;

  Host& host_;
  quorum::Roster roster_;
  quorum::ActFiles files_;
  FileLock lock_;
  quorum::Act act_;
  quorum::HandedIn handed_in_;
  quorum::Tally tally_;
  enum class State { found, asked_for, done_before } state_ = State::found;
  std::unique_ptr<crypto::AgreementKey> session_key_;
  std::unique_ptr<hsm::QuorumSession> session_;
};

}  // namespace lamp::cli
