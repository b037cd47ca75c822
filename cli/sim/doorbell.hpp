// What poll() says of a device's node on umockdev's bus. The node that umockdev makes is a plain file, always ready, at
// which a waiting libusb spins; this one is a pipe that is full until there is something to reap.
#pragma once

#include <filesystem>

#include "lib/base/posix_file.hpp"

namespace lamp::sim {

class Doorbell {
 public:
  /// Makes the pipe. Throws Error{unavailable}. It is silent at first.
  explicit Doorbell(std::filesystem::path pipe);
  /// Puts the pipe where the node is, each time that there is one: who has opened the one before waits at the same
  /// pipe. Throws Error{unavailable}.
  void hang_at(const std::filesystem::path& node) const;
  void ring() noexcept;
  void be_silent() noexcept;

 private:
  std::filesystem::path path_;
  posix::Descriptor pipe_;
  bool rings_ = true;
};

}  // namespace lamp::sim
