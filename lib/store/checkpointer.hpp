// Carries the write-ahead log over into the database's file while the writer goes on. Private to lib/store.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <stop_token>
#include <thread>

namespace lamp::store {

/// SQLite would do it in the thread whose commit made the log too long, and everybody who writes would wait: a second
/// for a register of a million certificates, whose keys fall on any page. A database that is never written to much has
/// no thread.
class Checkpointer {
 public:
  explicit Checkpointer(std::filesystem::path path) : path_{std::move(path)} {}
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  /// After a commit: how many pages the log has now. Never throws: a log that is not carried over is only longer.
  void grown(std::uint64_t pages) noexcept;

  /// A log of so many pages (of 4 KiB) is carried over by the writer itself, or it might never begin anew: it does when
  /// everything in it was carried over and nobody reads it.
  static constexpr std::uint64_t kLongest = 49152;

 private:
  void work(const std::stop_token& stop) noexcept;
  [[nodiscard]] bool is_due(std::uint64_t pages) noexcept;

  std::filesystem::path path_;
  std::mutex mutex_;
  std::condition_variable_any wanted_;
  bool is_wanted_ = false;
  std::uint64_t carried_ = 0;  ///< pages of the log, from its beginning
  std::jthread worker_;        ///< last, so that it ends before what it uses
};

}  // namespace lamp::store
