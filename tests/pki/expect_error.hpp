// What a step throws, as data.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>

#include "lib/base/error.hpp"

namespace lamp::test {

/// The Error that `step` throws; a step that does not throw fails the test.
template <class Step>
Error error_of(Step&& step) {
  const auto result = attempt([&] {
    (void)std::forward<Step>(step)();
    return 0;
  });
  if (const auto* error = std::get_if<Error>(&result)) return *error;
  ADD_FAILURE() << "nothing was thrown";
  return Error{Errc::internal, "nothing was thrown"};
}

}  // namespace lamp::test
