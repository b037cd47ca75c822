// An open token inside this library: one session that holds the login, and sessions for operations, which are closed
// when an operation failed. Thread-safe.
#pragma once

#include <p11-kit/pkcs11.h>

#include <memory>
#include <mutex>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "hsm/module.hpp"
#include "hsm/token.hpp"
#include "lib/base/file.hpp"
#include "lib/base/secret.hpp"

namespace lamp::hsm {

/// One PKCS#11 session, closed when it goes.
class Session {
 public:
  /// Read-write, or read-only when the token is write-protected.
  Session(CK_FUNCTION_LIST* functions, CK_SLOT_ID slot);
  Session(Session&& other) noexcept
      : functions_{other.functions_}, handle_{std::exchange(other.handle_, CK_INVALID_HANDLE)} {}
  Session& operator=(Session&&) = delete;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  [[nodiscard]] CK_SESSION_HANDLE handle() const noexcept { return handle_; }
  CK_FUNCTION_LIST* operator->() const noexcept { return functions_; }
  [[nodiscard]] CK_STATE state() const;

 private:
  CK_FUNCTION_LIST* functions_;
  CK_SESSION_HANDLE handle_ = CK_INVALID_HANDLE;
};

/// PKCS#11 takes what it only reads as pointers to non-const.
[[nodiscard]] inline CK_BYTE_PTR mutable_pointer(ByteView bytes) noexcept {
  return const_cast<CK_BYTE_PTR>(bytes.data());
}

class Connection {
 public:
  Connection(std::shared_ptr<Module> module, TokenInfo info);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  [[nodiscard]] const TokenInfo& info() const noexcept { return info_; }
  [[nodiscard]] const Module& module() const noexcept { return *module_; }
  /// "token "NAME"", for messages.
  [[nodiscard]] std::string description() const;

  void login(const Pin& pin);
  void logout() noexcept;
  /// Throws Error{denied} when nobody is logged in.
  void require_login() const;
  /// The PIN again, for a key that wants it for each signature; between C_SignInit and C_Sign, under lock().
  void context_login(Session& session) const;
  [[nodiscard]] FileLock lock() const;
  /// Logs out and closes every session; what still holds the connection gets errors from then on.
  void close() noexcept;

  /// A session that no other work gets, closed when it goes.
  [[nodiscard]] Session fresh_session() const;
  /// Runs `work` in a session. A session whose work failed is closed: tpm2-pkcs11, for one, leaves the failed operation
  /// active in it for ever.
  template <class Work>
  std::invoke_result_t<Work, Session&> with_session(Work&& work) {
    Session session = take();
    if constexpr (std::is_void_v<std::invoke_result_t<Work, Session&>>) {
      std::forward<Work>(work)(session);
      give_back(std::move(session));
    } else {
      auto result = std::forward<Work>(work)(session);
      give_back(std::move(session));
      return result;
    }
  }

 private:
  [[nodiscard]] Session take();
  void give_back(Session session);
  [[noreturn]] void refuse_pin();

  std::shared_ptr<Module> module_;
  TokenInfo info_;
  mutable std::mutex mutex_;
  std::optional<Session> keeper_;
  std::vector<Session> idle_;
  std::shared_ptr<const Pin> pin_;
  bool logged_in_here_ = false;
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
