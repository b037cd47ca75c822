// Hot-plug events for programs under umockdev, whose own sender ends the whole process when a listener dies while it is
// being told (0.17, Debian 12) or is slow to listen.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace lamp::sim {

class UeventSender {
 public:
  /// testbed_root: where umockdev's preloaded library puts its listeners' sockets, named event and a number.
  explicit UeventSender(std::filesystem::path testbed_root);

  /// Tells every listener of what happened to a USB device. action: "add" or "remove". properties: NAME=value, each
  /// ended by a NUL. A listener that has ended is passed over; for a full one this waits. Throws Error{unavailable}
  /// when a listener did not listen for ten seconds.
  void send(std::string_view action, std::string_view device_path, std::string_view properties);

 private:
  std::filesystem::path root_;
  std::uint64_t sequence_ = 0;
};

}  // namespace lamp::sim
