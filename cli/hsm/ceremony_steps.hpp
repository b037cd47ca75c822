// Carrying out a ceremony's steps, one by one.
#pragma once

#include "cli/host.hpp"
#include "hsm/ceremony_plan.hpp"
#include "hsm/ceremony_transcript.hpp"

namespace lamp::cli {

/// How much of a digest people read aloud and type, in hexadecimal digits.
inline constexpr std::size_t kTypedDigits = 8;

class StepRunner {
 public:
  StepRunner(Host& host, ceremony::Mode mode) : host_{host}, mode_{mode} {}

  /// What is there before the step: goes into the record of its start. Throws Error{exists} when what the step is to
  /// make is there already.
  [[nodiscard]] ceremony::Details before(const ceremony::Step& step);

  /// Carries the step out and gives its result. When it was begun before and cut short, `begun` is the record of that
  /// start: what it left is examined, then completed.
  [[nodiscard]] ceremony::Details carry_out(const ceremony::Step& step, const ceremony::Record* begun);

  /// Compares the result of a finished step with what is there now, without doing anything. Throws Error{denied}.
  void recheck(const ceremony::Step& step, const ceremony::Record& done);

 private:
  Host& host_;
  ceremony::Mode mode_;
};

}  // namespace lamp::cli
