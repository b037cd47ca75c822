// A command line that cannot be meant: a value out of its range, options that exclude each other.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/error.hpp"

namespace lamp::cli {

/// Thrown by a verb before it touches anything. run() says it in one line and ends with Exit::usage.
class UsageError final : public std::exception {
 public:
  explicit UsageError(std::string message) : message_{std::move(message)} {}
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

/// Runs `read`, which makes something of the value of option `name`. Throws UsageError for what it finds malformed.
template <class Read>
decltype(auto) option_value(std::string_view name, Read&& read) {
  try {
    return std::forward<Read>(read)();
  } catch (const Error& e) {
    if (e.code() != Errc::bad_input) throw;
    throw UsageError{std::string{name} + ": " + e.what()};
  }
}

}  // namespace lamp::cli
