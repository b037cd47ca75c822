// The PIN: one try, never when the token's flags say that it may be the last, never again after a wrong one.
#include "hsm/connection.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

// Checked here because some cards count a PIN of impossible length as a try.
void require_pin_length(const TokenInfo& info, const std::string& token, const Pin& pin) {
  if (pin.size() >= info.min_pin && (info.max_pin == 0 || pin.size() <= info.max_pin)) return;
  throw Error{Errc::denied, token + ": the PIN must have " + std::to_string(info.min_pin) + " to " +
                                std::to_string(info.max_pin) + " characters; it was not tried"};
}

Pin copy_of(const Pin& pin) {
  const auto bytes = pin.expose_secret();
  return Pin{SecureBytes{bytes.begin(), bytes.end()}};
}

}  // namespace

void Connection::require_pin_tries(const TokenInfo& now) const {
  if (!now.user_pin_set) throw Error{Errc::denied, description() + " has no user PIN yet"};
  if (now.pin_locked) {
    throw Error{Errc::denied, description() + ": its PIN is locked; the security officer must unblock it"};
  }
  if (now.pin_final_try) {
    throw Error{Errc::denied, description() +
                                  ": one PIN try is left and is not spent unattended; log in once by hand "
                                  "(pkcs11-tool --login) to reset the counter"};
  }
}

bool Connection::user_is_in() const {
  const auto state = attempt([&] { return keeper_->state(); });
  const auto* known = std::get_if<CK_STATE>(&state);
  return known != nullptr && (*known == CKS_RW_USER_FUNCTIONS || *known == CKS_RO_USER_FUNCTIONS);
}

CK_RV Connection::submit_pin(const Pin& pin) {
  const auto bytes = pin.expose_secret();
  const CK_RV rv = module_->functions()->C_Login(keeper_->handle(), CKU_USER, mutable_pointer(bytes), bytes.size());
  if (rv == CKR_OK) logged_in_here_ = true;
  return rv;
}

void Connection::submit_or_refuse(const Pin& pin) {
  const CK_RV rv = submit_pin(pin);
  if (rv == CKR_PIN_INCORRECT) refuse_pin();
  // Login belongs to the process: somebody else's in this process is as good, once the state says that it is a user's.
  if (rv == CKR_USER_ALREADY_LOGGED_IN && user_is_in()) return;
  in_context(description(), [&] { check(rv, "C_Login"); });
}

void Connection::prepare_login(const Pin& pin) {
  if (closed_) throw Error{Errc::internal, description() + " was closed"};
  info_ = token_info(*module_, slot_);
  require_pin_tries(info_);
  require_pin_length(info_, description(), pin);
}

void Connection::login(const Pin& pin) {
  const Lock lock{*this};
  const std::scoped_lock guard{mutex_};
  prepare_login(pin);
  submit_or_refuse(pin);
  pin_ = std::make_shared<const Pin>(copy_of(pin));
}

bool Connection::try_login(const Pin& pin) {
  const Lock lock{*this};
  const std::scoped_lock guard{mutex_};
  prepare_login(pin);
  const CK_RV rv = submit_pin(pin);
  if (rv == CKR_PIN_INCORRECT) {
    info_ = token_info(*module_, slot_);
    return false;
  }
  if (rv == CKR_USER_ALREADY_LOGGED_IN)
    throw Error{Errc::unavailable, description() + " is logged in already in this process; the PIN was not checked"};
  in_context(description(), [&] { check(rv, "C_Login"); });
  pin_ = std::make_shared<const Pin>(copy_of(pin));
  return true;
}

void Connection::change_pin(const Pin& from, const Pin& to) {
  const Lock lock{*this};
  const std::scoped_lock guard{mutex_};
  if (closed_ || !keeper_) throw Error{Errc::unavailable, description() + " was closed or lost; run the command again"};
  info_ = token_info(*module_, slot_);
  require_pin_tries(info_);
  require_pin_length(info_, description(), to);
  const auto old_bytes = from.expose_secret();
  const auto new_bytes = to.expose_secret();
  const CK_RV rv = module_->functions()->C_SetPIN(keeper_->handle(), mutable_pointer(old_bytes), old_bytes.size(),
                                                  mutable_pointer(new_bytes), new_bytes.size());
  if (rv == CKR_PIN_INCORRECT) refuse_pin();
  in_context(description(), [&] { check(rv, "C_SetPIN"); });
  pin_ = std::make_shared<const Pin>(copy_of(to));
}

// A PIN that the token refuses now is forgotten, so that nobody tries it a second time.
void Connection::log_in_again(const TokenInfo& now) {
  logged_in_here_ = false;
  const auto tried = attempt([&] {
    require_pin_tries(now);
    const auto pin = std::exchange(pin_, nullptr);
    submit_or_refuse(*pin);
    return pin;
  });
  if (const auto* pin = std::get_if<std::shared_ptr<const Pin>>(&tried)) {
    pin_ = *pin;
    return;
  }
  auto failure = std::get<Error>(tried);
  failure.add_context("logging in again after the token lost the login");
  rethrow(failure);
}

void Connection::refuse_pin() {
  const auto now = token_info(*module_, slot_);
  std::string left = "it was tried once; do not guess";
  if (now.pin_locked) {
    left = "the token is locked now; the security officer must unblock it";
  } else if (now.pin_final_try) {
    left = "one try is left before it locks";
  } else if (now.pin_count_low) {
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
    session.check(session->C_Login(session.handle(), CKU_CONTEXT_SPECIFIC, mutable_pointer(bytes), bytes.size()),
                  "C_Login (for one operation)");
  });
}

}  // namespace lamp::hsm
