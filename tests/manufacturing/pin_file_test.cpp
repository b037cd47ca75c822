#include "manufacturing/pin_file.hpp"

#include <gtest/gtest.h>

#include "lib/base/error.hpp"

namespace lamp::manufacturing {
namespace {

// Two pins of RFC 7469 section 2.1.5.
const std::string kPin = "pin-sha256=\"d6qzRu9zOECb90Uez27xWltNsj0e1Md7GkYYkVoZWmM=\" server.pem\n";
const std::string kBackup = "pin-sha256=\"E9CZ9INDbd+2eRQozYqqbQ2yXLVKB9+xcprMF+44U1g=\" backup: next.pem\n";

TEST(PinFile, IsWhatThePinsVerbPrints) {
  const auto pins = parse_pins(kPin + kBackup, "pins.txt");
  ASSERT_EQ(pins.size(), 2U);
  EXPECT_EQ(base64(pins[1]), "E9CZ9INDbd+2eRQozYqqbQ2yXLVKB9+xcprMF+44U1g=");
}

class BadPins : public testing::TestWithParam<std::string> {};
TEST_P(BadPins, AreRefused) { EXPECT_THROW((void)parse_pins(GetParam(), "pins.txt"), Error); }
INSTANTIATE_TEST_SUITE_P(Texts, BadPins,
                         testing::Values("", kPin, kPin + kPin + kBackup, kBackup + "pins\n",
                                         kBackup + "pin-sha256=\"AAAA", kBackup + "pin-sha256=\"AAAA\" short\n",
                                         "sha256=\"" + kBackup));

}  // namespace
}  // namespace lamp::manufacturing
