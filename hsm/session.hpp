// One PKCS#11 session, closed when it goes, and what a return code says of its fate.
#pragma once

#include <p11-kit/pkcs11.h>

#include <utility>
#include <variant>

#include "lib/base/bytes.hpp"

namespace lamp::hsm {

/// What a return code says was lost. PKCS#11 2.40, 5.1: the codes differ in whether the call had begun.
enum class Loss {
  none,
  login,         ///< the token forgot the login; nothing was done
  object,        ///< the key's handle is invalid, as after a logout; nothing was done
  session,       ///< the handle was invalid before the call; nothing was done
  session_busy,  ///< the session ended during the call: nobody knows whether it was done
  token,         ///< no token in the slot before the call; nothing was done
  token_busy,    ///< the token went during the call: nobody knows
};
[[nodiscard]] Loss loss_by(CK_RV rv) noexcept;

class Session {
 public:
  /// Read-write, or read-only when the token is write-protected. `generation` counts the connection's reopenings.
  Session(CK_FUNCTION_LIST* functions, CK_SLOT_ID slot, unsigned generation = 0);
  /// The same, but a token that gives none is an answer: what C_OpenSession said.
  [[nodiscard]] static std::variant<Session, CK_RV> open(CK_FUNCTION_LIST* functions, CK_SLOT_ID slot,
                                                         unsigned generation);
  Session(Session&& other) noexcept
      : functions_{other.functions_},
        handle_{std::exchange(other.handle_, CK_INVALID_HANDLE)},
        generation_{other.generation_},
        loss_{other.loss_} {}
  Session& operator=(Session&&) = delete;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  [[nodiscard]] CK_SESSION_HANDLE handle() const noexcept { return handle_; }
  CK_FUNCTION_LIST* operator->() const noexcept { return functions_; }
  [[nodiscard]] CK_STATE state() const;
  /// Object handles found in one generation mean nothing in the next.
  [[nodiscard]] unsigned generation() const noexcept { return generation_; }

  /// As hsm::check, and remembers what the code says was lost.
  void check(CK_RV rv, const char* call);
  [[nodiscard]] Loss loss() const noexcept { return loss_; }

 private:
  Session(CK_FUNCTION_LIST* functions, CK_SESSION_HANDLE handle, unsigned generation, Loss loss) noexcept
      : functions_{functions}, handle_{handle}, generation_{generation}, loss_{loss} {}

  CK_FUNCTION_LIST* functions_;
  CK_SESSION_HANDLE handle_ = CK_INVALID_HANDLE;
  unsigned generation_;
  Loss loss_ = Loss::none;
};

/// PKCS#11 takes what it only reads as pointers to non-const.
[[nodiscard]] inline CK_BYTE_PTR mutable_pointer(ByteView bytes) noexcept {
  return const_cast<CK_BYTE_PTR>(bytes.data());
}

}  // namespace lamp::hsm
