// An open token inside this library: one session that holds the login, and a bounded pool of sessions for operations. A
// session whose operation failed is closed; sessions and a login that the token lost are opened again, once.
// Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "hsm/module.hpp"
#include "hsm/retry.hpp"
#include "hsm/session.hpp"
#include "hsm/token.hpp"
#include "lib/base/file.hpp"
#include "lib/base/secret.hpp"

namespace lamp::hsm {

/// How this token wants the other side's point of an ECDH agreement: learnt by the first one.
enum class PointForm { unknown, bare, der };

class Connection {
 public:
  /// Sessions at once, beside the one that holds the login; who needs another waits.
  static constexpr std::size_t kMaxSessions = 8;

  Connection(std::shared_ptr<Module> module, TokenInfo info);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] const TokenInfo& info() const noexcept { return info_; }
  [[nodiscard]] const Module& module() const noexcept { return *module_; }
  /// "token "NAME"", for messages.
  [[nodiscard]] std::string description() const;

  void login(const Pin& pin);
  [[nodiscard]] bool try_login(const Pin& pin);
  void change_pin(const Pin& from, const Pin& to);
  void logout() noexcept;
  /// Throws Error{denied} when nobody is logged in.
  void require_login() const;
  /// The PIN again, for a key that wants it for each signature; between C_SignInit and C_Sign, under lock().
  void context_login(Session& session) const;

  /// The module's lock between processes (hsm/lock.hpp) and, in this process, between threads; a thread that holds it
  /// may take it again.
  class Lock {
   public:
    explicit Lock(Connection& connection);
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;
    ~Lock();

   private:
    Connection& connection_;
  };

  /// Logs out and closes every session; what still holds the connection gets errors from then on.
  void close() noexcept;

  /// A session that no other work gets, closed when it goes; outside of the pool's bound.
  [[nodiscard]] Session fresh_session() const;

  /// Runs `work` in a session of the pool; once more when the token lost session or login meanwhile (hsm/retry.hpp). A
  /// session whose work failed is closed: tpm2-pkcs11, for one, leaves the failed operation active in it for ever. Do
  /// not nest: a thread that waits for a second session may wait for ever.
  template <class Work>
  std::invoke_result_t<Work, Session&> with_session(Work&& work, Repeat repeat = Repeat::harmless) {
    Retry retry{*this, repeat};
    for (;;) {
      auto tried = try_once(work);
      if (const auto* failure = std::get_if<Error>(&tried.result)) {
        retry.after(*failure, tried.loss, tried.generation);
      } else if constexpr (std::is_void_v<std::invoke_result_t<Work, Session&>>) {
        return;
      } else {
        return std::get<0>(std::move(tried.result));
      }
    }
  }

  /// For Retry: opens the same token (by its serial number) anew and logs in with the PIN that worked before, once; not
  /// when another thread did so since `generation`. False when nothing was lost after all.
  [[nodiscard]] bool recover(Loss loss, unsigned generation);

  std::atomic<PointForm> point_form{PointForm::unknown};

 private:
  /// A session on loan: goes back to the pool when its work succeeded.
  class Lease {
   public:
    explicit Lease(Connection& connection) : connection_{connection}, session_{connection.take()} {}
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();
    [[nodiscard]] Session& session() noexcept { return *session_; }
    void keep() noexcept { keep_ = true; }

   private:
    Connection& connection_;
    std::optional<Session> session_;
    bool keep_ = false;
  };

  template <class Result>
  struct Tried {
    Attempt<Result> result;
    Loss loss;
    unsigned generation;
  };

  // The session is back in the pool, or closed, before anybody waits for the lock of a recovery.
  template <class Work>
  auto try_once(Work& work) {
    Lease lease{*this};
    auto result = attempt([&] {
      if constexpr (std::is_void_v<std::invoke_result_t<Work&, Session&>>) {
        work(lease.session());
        return std::monostate{};
      } else {
        return work(lease.session());
      }
    });
    if (result.index() == 0) lease.keep();
    using Result = std::variant_alternative_t<0, decltype(result)>;
    return Tried<Result>{std::move(result), lease.session().loss(), lease.session().generation()};
  }

  [[nodiscard]] Session take();
  [[nodiscard]] std::optional<Session> take_if_free(std::unique_lock<std::mutex>& guard);
  [[nodiscard]] TokenInfo find_again() const;
  void log_in_again(const TokenInfo& now);
  void require_pin_tries(const TokenInfo& now) const;
  [[nodiscard]] CK_RV submit_pin(const Pin& pin);
  void submit_or_refuse(const Pin& pin);
  void prepare_login(const Pin& pin);
  [[nodiscard]] bool user_is_in() const;
  [[noreturn]] void refuse_pin();

  std::shared_ptr<Module> module_;
  TokenInfo info_;  ///< as it was when the token was opened, or at login()
  CK_SLOT_ID slot_;
  mutable std::mutex mutex_;
  std::condition_variable session_free_;
  std::optional<Session> keeper_;  ///< empty while the token is lost
  std::vector<Session> idle_;
  std::size_t on_loan_ = 0;
  unsigned generation_ = 0;
  std::shared_ptr<const Pin> pin_;
  bool logged_in_here_ = false, closed_ = false;

  std::recursive_mutex lock_mutex_;
  std::optional<FileLock> file_lock_;
  unsigned lock_depth_ = 0;
};

/// The token's connection outlives the token in keys that do; the token's end closes it.
struct Token::Impl {
  std::shared_ptr<Connection> connection;
  explicit Impl(std::shared_ptr<Connection> open) noexcept : connection{std::move(open)} {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { connection->close(); }
};

}  // namespace lamp::hsm
