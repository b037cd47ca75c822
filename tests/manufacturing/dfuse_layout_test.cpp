#include "manufacturing/dfuse_layout.hpp"

#include <gtest/gtest.h>

#include "lib/base/error.hpp"

namespace lamp::manufacturing {
namespace {

// The boot loader of an STM32F407, as dfu-util lists it.
TEST(DfuseLayout, ReadsPagesOfSeveralSizes) {
  const auto memory = parse_dfuse_layout("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg");
  EXPECT_EQ(memory.name, "Internal Flash");
  ASSERT_EQ(memory.regions.size(), 3U);
  EXPECT_EQ(memory.regions[1].address, 0x08010000U);
  EXPECT_EQ(memory.regions[2].page_size, 128U * 1024);
  EXPECT_EQ(memory.size(), 1024U * 1024);
  EXPECT_TRUE(memory.regions[0].readable && memory.regions[0].erasable && memory.regions[0].writable);
}

TEST(DfuseLayout, ReadsOptionBytesThatCannotBeErased) {
  const auto memory = parse_dfuse_layout("@Option Bytes  /0x1FFF8000/01*128 e");
  EXPECT_EQ(memory.size(), 128U);
  EXPECT_TRUE(memory.regions[0].readable && memory.regions[0].writable);
  EXPECT_FALSE(memory.regions[0].erasable);
}

TEST(DfuseLayout, ReadsSeveralAddresses) {
  const auto memory = parse_dfuse_layout("@Flash/0x08000000/02*002Kg/0x08100000/01*1Mg");
  ASSERT_EQ(memory.regions.size(), 2U);
  EXPECT_EQ(memory.regions[1].address, 0x08100000U);
  EXPECT_EQ(memory.find(0x08000800, 2048)->address, 0x08000000U);
  EXPECT_EQ(memory.find(0x08000fff, 2), nullptr);
}

class BadLayout : public testing::TestWithParam<const char*> {};

TEST_P(BadLayout, IsRefused) { EXPECT_THROW((void)parse_dfuse_layout(GetParam()), Error); }

INSTANTIATE_TEST_SUITE_P(Texts, BadLayout,
                         testing::Values("", "Internal Flash/0x08000000/04*016Kg", "@Flash", "@Flash/0x08000000",
                                         "@Flash/08000000/04*016Kg", "@Flash/0x08000000/04x016Kg",
                                         "@Flash/0x08000000/04*016K", "@Flash/0x08000000/04*016Kh",
                                         "@Flash/0x08000000/00*016Kg", "@Flash/0x08000000/04*000Kg",
                                         "@Flash/0x08000000/04*016Gg", "@Flash/0x08000000/99999999*99999999Mg",
                                         "@Flash/0xF0000000/9999*1Mg", "@Flash/0x080000001/1*1Kg", "@Flash/0x/1*1Kg",
                                         "@Flash/0x08000000/1*1Kg,", "@Flash/0x08000000/1*1Kg/0x1", "@Flash//1*1Kg",
                                         "@Flash/0x08000000/-1*1Kg"));

TEST(DfuStatus, IsSixBytesOfTheStandard) {
  const auto status = parse_dfu_status(Bytes{0, 0x10, 0x27, 0, 4, 0});
  EXPECT_EQ(status.poll, std::chrono::milliseconds{10'000});
  EXPECT_EQ(status.state, DfuDeviceState::dnbusy);
  EXPECT_EQ(dfu_status_name(11), "errVENDOR");
  EXPECT_THROW((void)parse_dfu_status(Bytes(5)), Error);
  EXPECT_THROW((void)parse_dfu_status(Bytes(7)), Error);
  EXPECT_THROW((void)parse_dfu_status(Bytes{16, 0, 0, 0, 2, 0}), Error);
  EXPECT_THROW((void)parse_dfu_status(Bytes{0, 0, 0, 0, 11, 0}), Error);
}

}  // namespace
}  // namespace lamp::manufacturing
