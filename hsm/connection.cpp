#include "hsm/connection.hpp"

#include "hsm/lock.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {

Connection::Connection(std::shared_ptr<Module> module, TokenInfo info)
    : module_{std::move(module)},
      info_{std::move(info)},
      slot_{info_.slot},
      keeper_{std::in_place, module_->functions(), slot_} {}

Connection::~Connection() { close(); }

std::string Connection::description() const { return "token \"" + info_.label + "\""; }

Connection::Lock::Lock(Connection& connection) : connection_{connection} {
  connection_.lock_mutex_.lock();
  if (connection_.lock_depth_++ != 0) return;
  auto locked = attempt([&] { return std::make_unique<FileLock>(lock_module(connection_.module_->path())); });
  if (auto* failure = std::get_if<Error>(&locked)) {
    --connection_.lock_depth_;
    connection_.lock_mutex_.unlock();
    throw Error{failure->code(), failure->what()};
  }
  connection_.file_lock_.emplace(std::move(*std::get<0>(locked)));
}

Connection::Lock::~Lock() {
  if (--connection_.lock_depth_ == 0) connection_.file_lock_.reset();
  connection_.lock_mutex_.unlock();
}

Connection::Lease::~Lease() {
  {
    const std::scoped_lock guard{connection_.mutex_};
    --connection_.on_loan_;
    const bool current = session_->generation() == connection_.generation_ && !connection_.closed_;
    if (keep_ && current) {
      connection_.idle_.push_back(std::move(*session_));
    }
    session_.reset();
  }
  connection_.session_free_.notify_one();
}

// Nothing when the bound is reached, when the token has no session left while other work of ours holds some, and after
// a recovery.
std::optional<Session> Connection::take_if_free(std::unique_lock<std::mutex>& guard) {
  if (!idle_.empty()) {
    Session session = std::move(idle_.back());
    idle_.pop_back();
    return session;
  }
  if (on_loan_ < kMaxSessions) {
    auto opened = Session::open(module_->functions(), slot_, generation_);
    if (auto* session = std::get_if<Session>(&opened)) return std::move(*session);
    const auto rv = std::get<CK_RV>(opened);
    if (rv != CKR_SESSION_COUNT || on_loan_ == 0) check(rv, "C_OpenSession");
  }
  session_free_.wait(guard);
  return std::nullopt;
}

Session Connection::take() {
  std::unique_lock guard{mutex_};
  for (;;) {
    if (closed_) throw Error{Errc::internal, description() + " was closed while a key of it is in use"};
    if (!keeper_) {
      const auto lost = generation_;
      guard.unlock();
      static_cast<void>(recover(Loss::token, lost));
      guard.lock();
    } else if (auto session = take_if_free(guard)) {
      ++on_loan_;
      return std::move(*session);
    }
  }
}

Session Connection::fresh_session() const {
  const std::scoped_lock guard{mutex_};
  if (closed_) throw Error{Errc::internal, description() + " was closed while it is in use"};
  return Session{module_->functions(), slot_, generation_};
}

void Connection::close() noexcept {
  logout();
  const std::scoped_lock guard{mutex_};
  closed_ = true;
  idle_.clear();
  keeper_.reset();
  session_free_.notify_all();
}

TokenInfo Connection::find_again() const {
  const auto tokens = attempt([&] { return list_tokens(*module_); });
  if (const auto* there = std::get_if<std::vector<TokenInfo>>(&tokens)) {
    for (const auto& token : *there) {
      if (token.initialized && token.serial == info_.serial && token.label == info_.label) return token;
    }
  }
  throw Error{Errc::unavailable, description() + " (serial " + info_.serial +
                                     ") is gone; plug the same token in and run the command again"};
}

bool Connection::recover(Loss loss, unsigned generation) {
  const Lock lock{*this};
  const std::scoped_lock guard{mutex_};
  if (closed_) return false;
  if (generation != generation_) return keeper_.has_value();
  // A key that wants its PIN each time says the same as a token that forgot the login.
  if ((loss == Loss::login || loss == Loss::object) && (pin_ == nullptr || user_is_in())) return false;
  idle_.clear();
  keeper_.reset();
  const auto now = find_again();
  slot_ = now.slot;
  ++generation_;
  in_context("opening " + description() + " again", [&] { keeper_.emplace(module_->functions(), slot_, generation_); });
  if (pin_ != nullptr) log_in_again(now);
  return true;
}

}  // namespace lamp::hsm
