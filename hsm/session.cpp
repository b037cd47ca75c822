#include "hsm/session.hpp"

#include "hsm/module.hpp"

namespace lamp::hsm {

Loss loss_by(CK_RV rv) noexcept {
  switch (rv) {
    case CKR_USER_NOT_LOGGED_IN: return Loss::login;
    case CKR_KEY_HANDLE_INVALID:
    case CKR_OBJECT_HANDLE_INVALID: return Loss::object;
    case CKR_SESSION_HANDLE_INVALID: return Loss::session;
    case CKR_SESSION_CLOSED: return Loss::session_busy;
    case CKR_TOKEN_NOT_PRESENT:
    case CKR_SLOT_ID_INVALID: return Loss::token;
    case CKR_DEVICE_REMOVED: return Loss::token_busy;
    default: return Loss::none;
  }
}

std::variant<Session, CK_RV> Session::open(CK_FUNCTION_LIST* functions, CK_SLOT_ID slot, unsigned generation) {
  CK_SESSION_HANDLE handle = CK_INVALID_HANDLE;
  CK_RV rv = functions->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle);
  if (rv == CKR_TOKEN_WRITE_PROTECTED) {
    rv = functions->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &handle);
  }
  if (rv != CKR_OK) return rv;
  return Session{functions, handle, generation, Loss::none};
}

Session::Session(CK_FUNCTION_LIST* functions, CK_SLOT_ID slot, unsigned generation)
    : functions_{functions}, generation_{generation} {
  auto opened = open(functions, slot, generation);
  if (const auto* rv = std::get_if<CK_RV>(&opened)) hsm::check(*rv, "C_OpenSession");
  handle_ = std::exchange(std::get<Session>(opened).handle_, CK_INVALID_HANDLE);
}

Session::~Session() {
  // A handle that the module disowned may be another session's by now.
  const bool ours = loss_ == Loss::none || loss_ == Loss::login || loss_ == Loss::object;
  if (handle_ != CK_INVALID_HANDLE && ours) functions_->C_CloseSession(handle_);
}

CK_STATE Session::state() const {
  CK_SESSION_INFO found{};
  hsm::check(functions_->C_GetSessionInfo(handle_, &found), "C_GetSessionInfo");
  return found.state;
}

void Session::check(CK_RV rv, const char* call) {
  loss_ = loss_by(rv);
  hsm::check(rv, call);
}

}  // namespace lamp::hsm
