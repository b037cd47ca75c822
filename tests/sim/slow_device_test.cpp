// Devices that take their time, and what stands between a device and the bus.
#include "cli/sim/slow_device.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "cli/sim/usb_lamp.hpp"
#include "tests/sim/provisioning.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using namespace manufacturing;
using sim::Outcome;
using std::chrono::steady_clock;

class SlowLamp : public testing::Test {
 protected:
  static constexpr std::chrono::milliseconds kStep{60};

  Outcome ask(RequestBody body) { return lamp_.bulk_out(encode(Request{++sequence_, std::move(body)})); }
  Outcome hear() {
    data_.clear();
    return lamp_.bulk_in(4096, data_);
  }

  Botan::System_RNG rng_;
  TemporaryDirectory directory_;
  std::atomic<std::uint64_t> worked_{0};
  sim::SlowDevice lamp_{std::make_unique<sim::UsbLamp>(sim::VirtualDevice{
                            sim::DeviceFlash::create(directory_ / "1", small_profile("smart-lamp"), rng_), rng_}),
                        kStep, worked_};
  Bytes data_;
  std::uint32_t sequence_ = 0;
};

TEST_F(SlowLamp, AnswersWhatItKnowsAtOnce) {
  EXPECT_EQ(ask(Identify{}), Outcome::done);
  EXPECT_EQ(hear(), Outcome::done);
  EXPECT_EQ(worked_, 0U);
}

TEST_F(SlowLamp, TakesItsTimeToMakeAKey) {
  const auto begin = steady_clock::now();
  EXPECT_EQ(ask(Generate{Bytes(kNonceSize)}), Outcome::done);
  EXPECT_EQ(hear(), Outcome::nak);
  while (hear() == Outcome::nak) {
    ASSERT_GT(lamp_.busy_until(), begin);
  }
  EXPECT_GE(steady_clock::now() - begin, kStep);
  EXPECT_TRUE(std::holds_alternative<GeneratedKey>(decode_response(data_).body));
  EXPECT_EQ(worked_, 1U);
}

TEST_F(SlowLamp, ForgetsItsWorkWithoutPower) {
  (void)ask(Generate{Bytes(kNonceSize)});
  lamp_.power_cycle();
  EXPECT_EQ(ask(Identify{}), Outcome::done);
  EXPECT_EQ(hear(), Outcome::done);
}

/// Says something of its own to each question.
class Unusual final : public sim::UsbDevice {
 public:
  [[nodiscard]] sim::UsbDescriptors descriptors() const override { return {{1}, {}, {}}; }
  [[nodiscard]] Outcome set_interface(std::uint8_t, std::uint8_t) override { return Outcome::vanish; }
  [[nodiscard]] Outcome control(const sim::Setup&, Bytes&) override { return Outcome::stall; }
  [[nodiscard]] Outcome bulk_out(ByteView) override { return Outcome::farewell; }
  [[nodiscard]] Outcome bulk_in(std::size_t, Bytes&) override { return Outcome::nak; }
  void power_cycle() override { ++calls; }
  void clear_halt(std::uint8_t) override { ++calls; }
  void bus_reset() override { ++calls; }
  [[nodiscard]] bool comes_back() const override { return false; }
  [[nodiscard]] steady_clock::time_point busy_until() const override { return steady_clock::time_point::max(); }
  [[nodiscard]] bool is_finished() const override { return true; }
  int calls = 0;
};

TEST(UsbWrapper, HandsEveryCallOn) {
  auto unusual = std::make_unique<Unusual>();
  const auto& inside = *unusual;
  sim::UsbWrapper wrapper{std::move(unusual)};
  Bytes data;
  EXPECT_EQ(wrapper.descriptors().device, Bytes{1});
  EXPECT_EQ(wrapper.set_interface(0, 0), Outcome::vanish);
  EXPECT_EQ(wrapper.control({}, data), Outcome::stall);
  EXPECT_EQ(wrapper.bulk_out({}), Outcome::farewell);
  EXPECT_EQ(wrapper.bulk_in(1, data), Outcome::nak);
  EXPECT_FALSE(wrapper.comes_back());
  EXPECT_EQ(wrapper.busy_until(), steady_clock::time_point::max());
  EXPECT_TRUE(wrapper.is_finished());
  wrapper.power_cycle();
  wrapper.clear_halt(1);
  wrapper.bus_reset();
  EXPECT_EQ(inside.calls, 3);
}

}  // namespace
}  // namespace lamp::test
