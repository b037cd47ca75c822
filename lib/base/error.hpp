// Failures and answers. A failure (the question could not be answered) is thrown as lamp::Error; an answer, also "no",
// is a return value such as Verdict.
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lamp {

enum class Errc {
  bad_input,    ///< malformed or contradictory data from outside the program
  not_found,    ///< the named file, key, token, device or project is absent
  exists,       ///< refusing to overwrite
  denied,       ///< policy, quorum, PIN or file mode said no
  unavailable,  ///< token, fixture, network or disk did not answer; a retry may help
  internal,     ///< a bug here; never caused by input
};

/// The only exception that crosses a function boundary in this project.
class Error final : public std::exception {
 public:
  Error(Errc code, std::string message) : code_{code}, message_{std::move(message)} {}
  [[nodiscard]] Errc code() const noexcept { return code_; }
  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  void add_context(std::string_view doing) { message_.insert(0, std::string{doing} + ": "); }

 private:
  Errc code_;
  std::string message_;
};

/// Where Botan, yaml-cpp and std::filesystem are called: their exceptions stop here.
template <class Call>
decltype(auto) guarded(Errc code, Call&& call) {
  try {
    return std::forward<Call>(call)();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {
    throw Error{code, e.what()};
  }
}

/// Runs `step`; an Error leaving it is rethrown with `doing` prepended.
template <class Step>
decltype(auto) in_context(std::string_view doing, Step&& step) {
  try {
    return std::forward<Step>(step)();
  } catch (Error& e) {
    e.add_context(doing);
    throw;
  }
}

/// One unit's result in a batch that must go on after a failure.
template <class T>
using Attempt = std::variant<T, Error>;

template <class Step>
auto attempt(Step&& step) -> Attempt<decltype(step())> {
  try {
    return std::forward<Step>(step)();
  } catch (const Error& e) {
    return e;
  }
}

/// Throws a failure that was kept (by attempt(), or by another thread).
[[noreturn]] inline void rethrow(const Error& kept) { throw Error{kept.code(), kept.what()}; }

/// Why something is not acceptable; empty means it is.
struct [[nodiscard]] Verdict {
  std::vector<std::string> objections;
  [[nodiscard]] bool acceptable() const noexcept { return objections.empty(); }
};

}  // namespace lamp
