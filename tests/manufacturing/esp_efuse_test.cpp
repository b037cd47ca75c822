// espefuse's own virtual chip (--virt) keeps its fuses in a file: burnt is burnt, as on a real one.
#include "manufacturing/esp_efuse.hpp"

#include <botan/system_rng.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "manufacturing/tool_run.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::manufacturing {
namespace {

class Espefuse : public testing::Test {
 protected:
  void SetUp() override {
    const auto found = attempt([] { return run_tool({"espefuse", "--help"}, {}, std::chrono::seconds{30}); });
    if (std::holds_alternative<Error>(found)) GTEST_SKIP() << "espefuse is not installed (Debian 13: esptool)";
  }
  test::TemporaryDirectory folder_;
  std::string fuses_ = (folder_ / "fuses.bin").string();
  EspEfuse chip_{"esp32h2", 0, {"--virt", "--path-efuse-file", fuses_}};
  firmware::DeviceKey key_ = firmware::make_device_key("idevid", firmware::KeyCurve::p256, Botan::system_rng());
};

TEST_F(Espefuse, BurnsAKeyThatNobodyReadsAgain) {
  EXPECT_TRUE(chip_.summary().is_blank());
  EXPECT_FALSE(chip_.summary().has_key());
  chip_.burn_key(key_);
  EXPECT_TRUE(chip_.summary().has_key());
  EXPECT_FALSE(chip_.summary().is_locked());
}

TEST_F(Espefuse, ASecondKeyIsRefusedByTheChip) {
  chip_.burn_key(key_);
  const auto second = firmware::make_device_key("idevid", firmware::KeyCurve::p256, Botan::system_rng());
  const auto burnt = attempt([&] { return chip_.burn_key(second), 0; });
  ASSERT_TRUE(std::holds_alternative<Error>(burnt));
  EXPECT_EQ(std::get<Error>(burnt).code(), Errc::denied);
}

TEST_F(Espefuse, LocksOnceAndForAll) {
  chip_.burn_key(key_);
  chip_.close_debug_port();
  EXPECT_TRUE(chip_.summary().debug_port_off());
  EXPECT_FALSE(chip_.summary().is_locked());
  chip_.close_download_mode();
  EXPECT_TRUE(chip_.summary().is_locked());
  chip_.close_debug_port();  // nothing is left to burn
  chip_.close_download_mode();
  EXPECT_TRUE(chip_.summary().is_locked());
}

}  // namespace
}  // namespace lamp::manufacturing
