// Where devices are plugged in, named after the work: a bench has ports, a fixture is one device in one of them.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::manufacturing {

/// Not thread-safe; fixtures of different ports are independent.
class Fixture {
 public:
  virtual ~Fixture() = default;
  /// Hands a whole frame to the device. Throws Error{unavailable} when it stalls, does not take it in time or is gone.
  virtual void send(ByteView frame) = 0;
  /// The next whole frame that the device gives. Throws Error{unavailable} as send() does, Error{bad_input} when what
  /// comes is no frame.
  [[nodiscard]] virtual Bytes receive() = 0;
};

class Bench {
 public:
  virtual ~Bench() = default;
  /// The ports that hold a device of ours now, by their path: bus, then the chain of hub ports, such as "1-2.3".
  /// Throws Error{unavailable} when the host has no USB at all.
  [[nodiscard]] virtual std::vector<std::string> occupied_ports() = 0;
  /// Nothing when no device of ours is there. Throws Error{denied} when the device may not be opened,
  /// Error{unavailable} when another program has it.
  [[nodiscard]] virtual std::unique_ptr<Fixture> open(const std::string& port) = 0;
  virtual void wait(std::chrono::milliseconds time) = 0;  ///< for something to be plugged in or to come back
};

}  // namespace lamp::manufacturing
