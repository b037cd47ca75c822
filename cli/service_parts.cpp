#include "cli/service_parts.hpp"

#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <ostream>

#include "lib/base/file.hpp"

namespace lamp::cli {

void Journal::operator()(const std::string& line) {
  const std::lock_guard lock{mutex_};
  world_.err << tool_ << ": " << format_instant(world_.clock.now()) << ' ' << line << std::endl;
}

Periodic::Periodic(std::string what, std::chrono::milliseconds period, std::function<void()> once, Journal& journal)
    : what_{std::move(what)}, period_{period}, once_{std::move(once)}, journal_{journal} {
  once_();
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

Periodic::~Periodic() {
  thread_.request_stop();
  thread_.join();
  try_once();
}

void Periodic::try_once() {
  const auto outcome = attempt([this] {
    guarded(Errc::unavailable, once_);
    return true;
  });
  if (const auto* failed = std::get_if<Error>(&outcome)) journal_(what_ + ": " + failed->what());
}

void Periodic::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    std::unique_lock lock{mutex};
    wake.wait_for(lock, stop, period_, [] { return false; });
    try_once();
  }
}

ReadyFile::ReadyFile(std::string path) : path_{std::move(path)} {
  if (!path_.empty()) publish(path_, std::to_string(::getpid()) + "\n");
}

ReadyFile::~ReadyFile() {
  std::error_code gone;
  if (!path_.empty()) std::filesystem::remove(path_, gone);
}

}  // namespace lamp::cli
