// What the verbs that serve have in common: lines for the operator, the audit log kept up to date, the file that says
// that the service listens.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

#include "cli/world.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {

/// Lines for the service's operator, from any thread.
class Journal {
 public:
  Journal(World& world, std::string tool) : world_{world}, tool_{std::move(tool)} {}
  void operator()(const std::string& line);

 private:
  World& world_;
  std::string tool_;
  std::mutex mutex_;
};

/// Audit records are carried into the log four times a second.
inline constexpr std::chrono::milliseconds kSequencePeriod{250};

/// Does something again and again, in a thread of its own, and once more at the end.
class Periodic {
 public:
  /// Runs `once` before it returns, and throws what that throws; what it throws later is a line in the journal, after
  /// `what`.
  Periodic(std::string what, std::chrono::milliseconds period, std::function<void()> once, Journal& journal);
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;
  ~Periodic();

 private:
  void try_once();
  void run(const std::stop_token& stop);

  std::string what_;
  std::chrono::milliseconds period_;
  std::function<void()> once_;
  Journal& journal_;
  std::jthread thread_;
};

/// Holds the process id, for as long as the object lives. Nothing when the path is empty.
class ReadyFile {
 public:
  explicit ReadyFile(std::string path);
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;
  ~ReadyFile();

 private:
  std::string path_;
};

}  // namespace lamp::cli
