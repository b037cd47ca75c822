#include "lib/base/secret.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <sstream>

namespace lamp {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };

// The promises of the type, kept by the compiler.
static_assert(!std::copyable<Pin>);
static_assert(std::movable<Pin>);
static_assert(!std::equality_comparable<Pin>);
static_assert(!Printable<Pin>);
static_assert(!std::convertible_to<Pin, DeviceSecret>);
static_assert(!std::constructible_from<DeviceSecret, Pin>);

TEST(Secret, IsNotShownByATestThatFails) {
  std::ostringstream shown;
  PrintTo(Pin{SecureBytes{'1', '2', '3', '4'}}, &shown);
  EXPECT_EQ(shown.str(), "<secret>");
}

TEST(Secret, LeavesNothingBehindWhenMoved) {
  Pin pin{SecureBytes{'1', '2', '3', '4'}};
  const Pin other{std::move(pin)};
  EXPECT_EQ(other.size(), 4U);
  EXPECT_EQ(pin.size(), 0U);  // NOLINT(bugprone-use-after-move): what a moved-from secret holds is the point
}

}  // namespace
}  // namespace lamp
