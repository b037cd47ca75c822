// The station's own USB code, with the real libusb, against virtual devices.
#include "cli/sim/usb_bus.hpp"

#include <botan/pk_keys.h>
#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include <chrono>

#include "cli/sim/child_process.hpp"
#include "cli/sim/usb_lamp.hpp"
#include "lib/base/error.hpp"
#include "manufacturing/device_session.hpp"
#include "manufacturing/usb.hpp"
#include "tests/sim/provisioning.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using namespace manufacturing;
using testing::ElementsAre;

class UsbBus : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"smart-lamp-1", "smart-lamp-2"}) {
      auto lamp = std::make_unique<sim::UsbLamp>(
          sim::VirtualDevice{sim::DeviceFlash::create(directory_ / name, small_profile("smart-lamp"), rng_), rng_});
      if (first_ == nullptr) first_ = lamp.get();
      bus_.plug_in(std::move(lamp));
    }
  }
  void TearDown() override { bus_.rethrow_failure(); }

  std::unique_ptr<Fixture> open(const std::string& port) {
    auto plug = bench_->open(port);
    auto* fixture = std::get_if<std::unique_ptr<Fixture>>(&plug);
    return fixture != nullptr ? std::move(*fixture) : nullptr;
  }

  std::unique_ptr<Fixture> open_within(std::chrono::milliseconds patience, const std::string& port) {
    for (const auto until = std::chrono::steady_clock::now() + patience; std::chrono::steady_clock::now() < until;) {
      // A device that is just leaving is found, and is gone when it is claimed.
      auto opened = attempt([&] { return open(port); });
      if (auto* fixture = std::get_if<std::unique_ptr<Fixture>>(&opened); fixture != nullptr && *fixture)
        return std::move(*fixture);
      bench_->wait(std::chrono::milliseconds{10});
    }
    return nullptr;
  }

  Botan::System_RNG rng_;
  TemporaryDirectory directory_;
  sim::UsbLamp* first_ = nullptr;  ///< in port 1-1
  sim::UsbBus bus_;
  std::unique_ptr<Bench> bench_ = usb_bench(std::chrono::milliseconds{2000});
};

TEST_F(UsbBus, ShowsEachDeviceAtItsPort) { EXPECT_THAT(bench_->occupied_ports(), ElementsAre("1-1", "1-2")); }

TEST_F(UsbBus, CarriesTheProvisioningProtocol) {
  const auto fixture = open("1-2");
  DeviceSession session{*fixture, rng_};
  EXPECT_EQ(session.identify().state, Lifecycle::blank);
  EXPECT_FALSE(session.generate().spki.empty());
  EXPECT_EQ(session.identify().state, Lifecycle::keyed);
}

TEST_F(UsbBus, KeepsTwoConversationsApart) {
  const auto first = open("1-1");
  const auto second = open("1-2");
  DeviceSession one{*first, rng_};
  DeviceSession two{*second, rng_};
  EXPECT_NE(one.identify().chip_id, two.identify().chip_id);
  EXPECT_EQ(one.identify().chip_id, one.identify().chip_id);
}

TEST_F(UsbBus, LendsADeviceToOneProgramAtATime) {
  const auto fixture = open("1-1");
  EXPECT_THROW((void)open("1-1"), Error);
}

// lamp-provisioning(7), USB: what a station that was killed in the middle of a frame leaves behind.
TEST_F(UsbBus, ForgetsHalfAFrameWhenTheNextStationBegins) {
  open("1-1")->send(Bytes{'L', 'P', 1, 0, 0, 0, 200, 0x83});
  const auto fixture = open("1-1");
  EXPECT_EQ((DeviceSession{*fixture, rng_}.identify().state), Lifecycle::blank);
}

TEST_F(UsbBus, BringsADeviceBackWithANewSessionAfterItsReset) {
  auto fixture = open("1-1");
  const auto before = DeviceSession{*fixture, rng_}.identify();
  DeviceSession{*fixture, rng_}.reset();
  EXPECT_THROW((void)(DeviceSession{*fixture, rng_}.identify()), Error);
  fixture = open_within(std::chrono::seconds{3}, "1-1");
  ASSERT_NE(fixture, nullptr);
  const auto after = DeviceSession{*fixture, rng_}.identify();
  EXPECT_EQ(after.chip_id, before.chip_id);
  EXPECT_NE(after.session_point, before.session_point);
}

// A station that was slow: it opened the node before the device left, and speaks to it when it is there again.
TEST_F(UsbBus, TellsWhoOpenedADeviceBeforeItLeftThatItIsGone) {
  const auto before = open("1-1");
  DeviceSession{*before, rng_}.reset();
  const auto after = open_within(std::chrono::seconds{3}, "1-1");
  ASSERT_NE(after, nullptr);
  EXPECT_THROW((void)(DeviceSession{*before, rng_}.identify()), Error);
  EXPECT_EQ((DeviceSession{*after, rng_}.identify().state), Lifecycle::blank);
}

TEST_F(UsbBus, TellsOfADeviceThatComesBackAsOfAnotherOne) {
  (void)bench_->occupied_ports();
  const auto before = bench_->arrival("1-1");
  const auto changes = bench_->changes();
  EXPECT_NE(before, 0U);
  {
    auto fixture = open("1-1");
    DeviceSession{*fixture, rng_}.reset();
  }
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{3};
  while (bench_->arrival("1-1") == before && std::chrono::steady_clock::now() < until) {
    (void)bench_->wait_for_change(bench_->changes(), std::chrono::milliseconds{20});
    (void)bench_->occupied_ports();
  }
  EXPECT_NE(bench_->arrival("1-1"), before);
  EXPECT_GT(bench_->changes(), changes);
}

/// Brings the lamp in the port as far as its proof that it is locked.
void finish(Fixture& fixture, Botan::RandomNumberGenerator& rng, sim::VirtualDevice& lamp) {
  provision(lamp, rng);
  DeviceSession session{fixture, rng};
  session.lock();
  session.reset();
}

TEST_F(UsbBus, PutsTheNextDeviceIntoThePortOfOneThatIsThrough) {
  auto flash = sim::DeviceFlash::create(directory_ / "smart-lamp-3", small_profile("smart-lamp"), rng_);
  auto third = std::make_unique<sim::UsbLamp>(sim::VirtualDevice{std::move(flash), rng_});
  const auto third_chip = third->device().chip_id();
  bus_.supply([&]() -> std::unique_ptr<sim::UsbDevice> { return std::move(third); });
  finish(*open("1-1"), rng_, first_->device());
  auto fixture = open_within(std::chrono::seconds{3}, "1-1");
  ASSERT_NE(fixture, nullptr);
  const auto key = sim::device_key(first_->device().flash().contents())->subject_public_key();
  EXPECT_EQ((DeviceSession{*fixture, rng_}.prove(key).said.state), Lifecycle::locked);
  fixture.reset();
  Bytes chip;
  for (int tries = 0; tries < 300 && chip != third_chip; ++tries) {
    fixture = open_within(std::chrono::seconds{3}, "1-1");
    const auto seen = attempt([&] { return DeviceSession{*fixture, rng_}.identify().chip_id; });
    if (const auto* found = std::get_if<Bytes>(&seen)) chip = *found;
    fixture.reset();
    bench_->wait(std::chrono::milliseconds{10});
  }
  EXPECT_EQ(chip, third_chip);
  EXPECT_EQ(bus_.tally().swaps, 1U);
}

}  // namespace
}  // namespace lamp::test

int main(int argc, char** argv) {
  if (!lamp::sim::UsbBus::is_possible()) lamp::sim::restart_preloaded(lamp::sim::kPreloadLibrary);
  testing::InitGoogleMock(&argc, argv);
  return RUN_ALL_TESTS();
}
