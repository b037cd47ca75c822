#include "cli/service_parts.hpp"

#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <ostream>

#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

constexpr std::chrono::milliseconds kSequencePeriod{250};

}  // namespace

void Journal::operator()(const std::string& line) {
  const std::lock_guard lock{mutex_};
  world_.err << tool_ << ": " << format_instant(world_.clock.now()) << ' ' << line << std::endl;
}

Sequencer::Sequencer(std::function<void()> once, Journal& journal) : once_{std::move(once)}, journal_{journal} {
  once_();
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

Sequencer::~Sequencer() {
  thread_.request_stop();
  thread_.join();
  try_once();
}

void Sequencer::try_once() {
  const auto outcome = attempt([this] {
    guarded(Errc::unavailable, once_);
    return true;
  });
  if (const auto* failed = std::get_if<Error>(&outcome)) journal_(std::string{"audit log: "} + failed->what());
}

void Sequencer::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  while (!stop.stop_requested()) {
    std::unique_lock lock{mutex};
    wake.wait_for(lock, stop, kSequencePeriod, [] { return false; });
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
