// The station's DFU code, with the real libusb, against the virtual STM32; main() is in usb_bus_test.cpp.
#include "cli/sim/usb_dfuse.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "cli/sim/usb_bus.hpp"
#include "lib/base/error.hpp"
#include "manufacturing/dfuse_session.hpp"
#include "manufacturing/usb.hpp"
#include "tests/sim/provisioning.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using namespace manufacturing;
using sim::Stm32Memory;

firmware::DfuseSettings places() {
  return {0x0483,
          0xdf11,
          Stm32Memory::kFlash,
          Stm32Memory::kFlashSize,
          Stm32Memory::kUniqueId,
          Stm32Memory::kOptions,
          0x0803D000,
          0x0803E000,
          8192,
          Stm32Memory::kFlash};
}

class UsbDfuse : public testing::Test {
 protected:
  void SetUp() override {
    auto profile = small_profile("zigbee-luminaire");
    profile.adapter = firmware::AdapterKind::dfuse;
    bus_.plug_in(std::make_unique<sim::UsbDfusePart>(sim::DeviceFlash::create(directory_ / "part", profile, rng_),
                                                     places(), rng_));
    dfu_ = std::get<std::unique_ptr<DfuPort>>(bench_->open("1-1"));
    session_.emplace(*dfu_, [this](std::chrono::milliseconds time) { bench_->wait(time); });
  }
  void TearDown() override { bus_.rethrow_failure(); }

  Botan::System_RNG rng_;
  TemporaryDirectory directory_;
  sim::UsbBus bus_;
  std::unique_ptr<Bench> bench_ = usb_bench(std::chrono::milliseconds{2000});
  std::unique_ptr<DfuPort> dfu_;
  std::optional<DfuseSession> session_;
};

TEST_F(UsbDfuse, TellsItsMemories) {
  ASSERT_EQ(session_->memories().size(), 2U);
  EXPECT_EQ(session_->memories()[0].size(), Stm32Memory::kFlashSize);
  EXPECT_EQ(dfu_->description().transfer_size, sim::DfuMachine::kTransferSize);
}

TEST_F(UsbDfuse, ReadsBackWhatWasWritten) {
  const SecureBytes image = rng_.random_vec(5000);
  session_->erase(0x08010000, 8192);
  session_->write(0x08010000, image);
  EXPECT_EQ(session_->read(0x08010000, image.size()), image);
}

TEST_F(UsbDfuse, RefusesToWriteWhatIsNotErasedAndGoesOn) {
  session_->write(0x08010000, Bytes(64, 1));
  const auto again = attempt([&] { return session_->write(0x08010000, Bytes(64, 2)), 0; });
  ASSERT_TRUE(std::holds_alternative<Error>(again));
  EXPECT_THAT(std::get<Error>(again).what(), testing::HasSubstr("errPROG"));
  EXPECT_EQ(session_->read(0x08010000, 1).front(), 1);
}

TEST_F(UsbDfuse, SaysThatAnAddressIsNoMemory) {
  EXPECT_THROW((void)session_->read(0x20000000, 16), Error);
  EXPECT_THROW(session_->erase(0x08000800, 4096), Error);
  EXPECT_THROW(session_->write(0x0803FFF8, Bytes(16, 0)), Error);
}

TEST_F(UsbDfuse, LeavesForItsApplicationOnTheSamePort) {
  session_->leave(Stm32Memory::kFlash);
  session_.reset();
  dfu_.reset();
  for (int look = 0; look < 300; ++look) {
    bench_->wait(std::chrono::milliseconds{10});
    auto plug = attempt([&] { return bench_->open("1-1"); });
    const auto* opened = std::get_if<Plug>(&plug);
    if (opened != nullptr && std::holds_alternative<std::unique_ptr<Fixture>>(*opened)) return;
  }
  FAIL() << "the application did not come";
}

}  // namespace
}  // namespace lamp::test
