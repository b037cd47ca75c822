#include "hsm/connection.hpp"

#include "hsm/lock.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

Pin copy_of(const Pin& pin) {
  const auto bytes = pin.expose_secret();
  return Pin{SecureBytes{bytes.begin(), bytes.end()}};
}

}  // namespace

Session::Session(CK_FUNCTION_LIST* functions, CK_SLOT_ID slot) : functions_{functions} {
  CK_RV rv = functions_->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &handle_);
  if (rv == CKR_TOKEN_WRITE_PROTECTED) {
    rv = functions_->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &handle_);
  }
  check(rv, "C_OpenSession");
}

Session::~Session() {
  if (handle_ != CK_INVALID_HANDLE) functions_->C_CloseSession(handle_);
}

CK_STATE Session::state() const {
  CK_SESSION_INFO found{};
  check(functions_->C_GetSessionInfo(handle_, &found), "C_GetSessionInfo");
  return found.state;
}

Connection::Connection(std::shared_ptr<Module> module, TokenInfo info)
    : module_{std::move(module)}, info_{std::move(info)}, keeper_{std::in_place, module_->functions(), info_.slot} {}

Connection::~Connection() { close(); }

std::string Connection::description() const { return "token \"" + info_.label + "\""; }

FileLock Connection::lock() const { return lock_module(module_->path()); }

Session Connection::take() {
  const std::scoped_lock guard{mutex_};
  if (!keeper_) throw Error{Errc::internal, description() + " was closed while a key of it is in use"};
  if (idle_.empty()) return Session{module_->functions(), info_.slot};
  Session session = std::move(idle_.back());
  idle_.pop_back();
  return session;
}

Session Connection::fresh_session() const {
  const std::scoped_lock guard{mutex_};
  if (!keeper_) throw Error{Errc::internal, description() + " was closed while it is in use"};
  return Session{module_->functions(), info_.slot};
}

void Connection::give_back(Session session) {
  const std::scoped_lock guard{mutex_};
  if (keeper_) idle_.push_back(std::move(session));
}

void Connection::login(const Pin& pin) {
  const FileLock file_lock = lock();
  const std::scoped_lock guard{mutex_};
  if (!keeper_) throw Error{Errc::internal, description() + " was closed"};
  info_ = token_info(*module_, info_.slot);
  if (!info_.user_pin_set) throw Error{Errc::denied, description() + " has no user PIN yet"};
  if (info_.pin_locked) {
    throw Error{Errc::denied, description() + ": its PIN is locked; the security officer must unblock it"};
  }
  if (info_.pin_final_try) {
    throw Error{Errc::denied, description() +
                                  ": one PIN try is left and is not spent unattended; log in once by hand "
                                  "(pkcs11-tool --login) to reset the counter"};
  }
  // Checked here because some cards count a PIN of impossible length as a try.
  if (pin.size() < info_.min_pin || (info_.max_pin != 0 && pin.size() > info_.max_pin)) {
    throw Error{Errc::denied, description() + ": the PIN must have " + std::to_string(info_.min_pin) + " to " +
                                  std::to_string(info_.max_pin) + " characters; it was not tried"};
  }
  const auto bytes = pin.expose_secret();
  const CK_RV rv = module_->functions()->C_Login(keeper_->handle(), CKU_USER, mutable_pointer(bytes), bytes.size());
  if (rv == CKR_PIN_INCORRECT) refuse_pin();
  // Login belongs to the process: somebody else's in this process is as good, once the state says that it is a user's.
  if (rv == CKR_USER_ALREADY_LOGGED_IN) {
    const auto state = keeper_->state();
    if (state != CKS_RW_USER_FUNCTIONS && state != CKS_RO_USER_FUNCTIONS) check(rv, "C_Login");
  } else {
    in_context(description(), [&] { check(rv, "C_Login"); });
    logged_in_here_ = true;
  }
  pin_ = std::make_shared<const Pin>(copy_of(pin));
}

void Connection::refuse_pin() {
  info_ = token_info(*module_, info_.slot);
  std::string left = "it was tried once; do not guess";
  if (info_.pin_locked) {
    left = "the token is locked now; the security officer must unblock it";
  } else if (info_.pin_final_try) {
    left = "one try is left before it locks";
  } else if (info_.pin_count_low) {
    left = "tries were used up; the token does not say how many are left";
  }
  throw Error{Errc::denied, description() + ": the PIN is wrong; " + left};
}

void Connection::logout() noexcept {
  const std::scoped_lock guard{mutex_};
  pin_.reset();
  if (logged_in_here_ && keeper_) module_->functions()->C_Logout(keeper_->handle());
  logged_in_here_ = false;
}

void Connection::require_login() const {
  const std::scoped_lock guard{mutex_};
  if (pin_ == nullptr) throw Error{Errc::denied, description() + ": log in first"};
}

void Connection::context_login(Session& session) const {
  std::shared_ptr<const Pin> pin;
  {
    const std::scoped_lock guard{mutex_};
    pin = pin_;
  }
  if (pin == nullptr) throw Error{Errc::denied, description() + ": log in first"};
  const auto bytes = pin->expose_secret();
  in_context(description(), [&] {
    check(session->C_Login(session.handle(), CKU_CONTEXT_SPECIFIC, mutable_pointer(bytes), bytes.size()),
          "C_Login (for one operation)");
  });
}

void Connection::close() noexcept {
  logout();
  const std::scoped_lock guard{mutex_};
  idle_.clear();
  keeper_.reset();
}

}  // namespace lamp::hsm
