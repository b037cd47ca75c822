// Who may use a connection when, and how the acts of several threads share one commit. Private to lib/store.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string_view>
#include <thread>

#include "lib/store/checkpointer.hpp"
#include "lib/store/connection.hpp"

namespace lamp::store {

using Act = std::function<void(Connection&)>;

/// One connection, used by one thread at a time.
class Lane {
 public:
  Lane(const std::filesystem::path& path, Access access);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

 protected:
  ~Lane() = default;
  void refuse_inside() const;
  // What follows needs the mutex.
  /// In a transaction of its own, and again when another connection was writing.
  void run_alone(const Act& act);
  void call(const Act& act);

  Connection connection_;
  std::mutex mutex_;

 private:
  void once(const Act& act);

  std::string_view begin_;
  std::atomic<std::thread::id> holder_;
};

class ReadLane final : public Lane {
 public:
  explicit ReadLane(const std::filesystem::path& path) : Lane{path, Access::read} {}
  /// Runs `act` on one snapshot.
  void run(const Act& act);
};

/// Group commit: an act that finds others waiting leaves its transaction open to them, and who finds nobody waiting
/// commits for all with one sync. Each act has a savepoint, so that what throws is undone alone. When the transaction
/// itself comes to nothing, each of its acts runs again in one of its own and fails, or does not, by itself.
class WriteLane final : public Lane {
 public:
  explicit WriteLane(const std::filesystem::path& path);

  /// Durable when it returns; undone when it throws, which it does as soon as it is certain that what the act read
  /// holds.
  void run(const Act& act);

 private:
  /// Acts that are committed together.
  struct Company {
    std::size_t acts = 0;
    bool over = false, durable = false;
    std::exception_ptr failure;
  };

  /// False when the act is to run alone: nothing of it is left then.
  [[nodiscard]] bool take_part(std::unique_lock<std::mutex>& lock, const Act& act);
  [[nodiscard]] bool admit();
  [[nodiscard]] bool undo_last();
  void await_end(std::unique_lock<std::mutex>& lock, Company& company);
  void commit();
  void end(bool durable, std::exception_ptr failure);

  void tend_log(std::uint64_t pages) noexcept;

  Checkpointer checkpointer_;
  std::condition_variable changed_;
  std::shared_ptr<Company> open_;  ///< whose transaction is open
  std::atomic<std::size_t> waiting_{0};
};

}  // namespace lamp::store
