#include "lib/store/checkpointer.hpp"

#include <optional>

#include "lib/base/error.hpp"
#include "lib/store/connection.hpp"

namespace lamp::store {
namespace {

// 64 MiB. The longer the log, the more often the last of several states of a page is the only one to be carried over.
constexpr std::uint64_t kStep = 16384;

}  // namespace

bool Checkpointer::is_due(std::uint64_t pages) noexcept {
  if (pages < carried_) carried_ = 0;  // the log has begun anew
  return !is_wanted_ && pages - carried_ >= kStep;
}

void Checkpointer::grown(std::uint64_t pages) noexcept {
  (void)attempt([&] {
    return guarded(Errc::unavailable, [&] {
      const std::lock_guard lock{mutex_};
      if (!is_due(pages)) return true;
      if (!worker_.joinable()) worker_ = std::jthread{[this](const std::stop_token& stop) { work(stop); }};
      is_wanted_ = true;
      wanted_.notify_one();
      return true;
    });
  });
}

void Checkpointer::work(const std::stop_token& stop) noexcept {
  std::optional<Connection> connection;
  std::unique_lock lock{mutex_};
  while (wanted_.wait(lock, stop, [&] { return is_wanted_; })) {
    lock.unlock();
    const auto carried = attempt([&] {
      return guarded(Errc::unavailable, [&] {
        if (!connection) connection.emplace(path_, Access::write);
        return connection->carry_log_over();
      });
    });
    lock.lock();
    is_wanted_ = false;
    // Otherwise it is tried after the next commit.
    if (const auto* pages = std::get_if<0>(&carried); pages != nullptr && *pages) carried_ = **pages;
  }
}

}  // namespace lamp::store
