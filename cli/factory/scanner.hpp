// Where scanned labels come from: a scanner that types them, or one at a serial port.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "cli/world.hpp"

namespace lamp::cli {

class Scanner {
 public:
  virtual ~Scanner() = default;
  /// The next label's text without its end of line; nothing at the end. A line longer than any label is cut to nothing
  /// and says so: Error{bad_input}; the next call goes on behind it.
  virtual std::optional<SecureBytes> next() = 0;
};

/// `device` is a serial port, set to `baud`, 8 data bits, no parity; or "-" or empty for standard input, which is asked
/// without echo when it is a terminal, because a label may hold a claim code. Throws Error{unavailable}.
[[nodiscard]] std::unique_ptr<Scanner> open_scanner(const std::string& device, std::uint64_t baud, World& world);

}  // namespace lamp::cli
