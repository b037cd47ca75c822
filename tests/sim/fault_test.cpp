// Faults: how they are spelled, and what each does to a lamp on the cable.
#include "cli/sim/fault.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "cli/sim/fault_plan.hpp"
#include "cli/sim/usb_lamp.hpp"
#include "lib/base/error.hpp"
#include "tests/sim/provisioning.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using namespace manufacturing;
using sim::Fault;
using sim::FaultKind;
using sim::Outcome;

TEST(Fault, NamesDeviceKindStepAndTimes) {
  const auto fault = Fault::parse("smart-lamp-2=stall@install*3");
  EXPECT_EQ(fault.device, "smart-lamp-2");
  EXPECT_EQ(fault.kind, FaultKind::stall);
  EXPECT_EQ(fault.place, Fault::Place{Operation::install});
  EXPECT_EQ(fault.times, 3U);
}

TEST(Fault, NamesATransferByItsNumber) { EXPECT_EQ(Fault::parse("a=flip@12").place, Fault::Place{std::uint64_t{12}}); }

TEST(Fault, NamesTheOtherOfATwin) { EXPECT_EQ(Fault::parse("lamp-2=twin@lamp-1").other, "lamp-1"); }

struct Misspelled {
  const char* text;
  const char* says;
};
class FaultText : public testing::TestWithParam<Misspelled> {};

TEST_P(FaultText, IsRefusedWithItsReason) {
  const auto parsed = attempt([] { return Fault::parse(GetParam().text); });
  const auto* error = std::get_if<Error>(&parsed);
  ASSERT_NE(error, nullptr);
  EXPECT_THAT(error->what(), testing::HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Misspelled, FaultText,
    testing::Values(Misspelled{"", "DEVICE=KIND@STEP"}, Misspelled{"lamp", "DEVICE=KIND@STEP"},
                    Misspelled{"lamp=stall", "DEVICE=KIND@STEP"},
                    Misspelled{"lamp=melt@install", "there are stall, nak"},
                    Misspelled{"lamp=stall@boot", "there are identify"}, Misspelled{"lamp=stall@0", "transfer"},
                    Misspelled{"lamp=stall@", "no step"}, Misspelled{"lamp=stall@install*0", "times"},
                    Misspelled{"lamp=no-lock@install", "has no step"}, Misspelled{"lamp=no-lock*2", "each time"},
                    Misspelled{"lamp=twin", "OTHER-DEVICE"}, Misspelled{"lamp=twin@../x", "other device"},
                    Misspelled{"../x=stall@install", "name of a device"}));

class FaultyLamp : public testing::Test {
 protected:
  std::unique_ptr<sim::UsbDevice> with(const std::string& fault) {
    const sim::FaultPlan plan{{"smart-lamp-1=" + fault}};
    const auto folder = directory_ / "smart-lamp-1";
    auto flash = sim::DeviceFlash::create(folder, small_profile("smart-lamp"), rng_);
    return plan.wrap(
        std::make_unique<sim::UsbLamp>(sim::VirtualDevice{std::move(flash), rng_, plan.defects_of(folder)}),
        "smart-lamp-1", [this](const Fault&) { ++strikes_; });
  }
  static Bytes identify() { return encode(Request{1, Identify{}}); }

  Botan::System_RNG rng_;
  TemporaryDirectory directory_;
  int strikes_ = 0;
};

TEST_F(FaultyLamp, StallsAtItsStepUntilTheHaltIsCleared) {
  const auto lamp = with("stall@identify*1");
  EXPECT_EQ(lamp->bulk_out(identify()), Outcome::stall);
  EXPECT_EQ(lamp->bulk_out(identify()), Outcome::stall);
  lamp->clear_halt(0x01);
  EXPECT_EQ(lamp->bulk_out(identify()), Outcome::done);
  EXPECT_EQ(strikes_, 1);
}

TEST_F(FaultyLamp, KeepsItsAnswerToItself) {
  const auto lamp = with("nak@identify");
  EXPECT_EQ(lamp->bulk_out(identify()), Outcome::done);
  Bytes data;
  EXPECT_EQ(lamp->bulk_in(512, data), Outcome::nak);
}

TEST_F(FaultyLamp, FlipsOneBitOfItsAnswer) {
  const auto lamp = with("flip@identify*1");
  Bytes struck, whole;
  (void)lamp->bulk_out(identify());
  (void)lamp->bulk_in(512, struck);
  (void)lamp->bulk_out(identify());
  (void)lamp->bulk_in(512, whole);
  struck.back() ^= 1U;
  EXPECT_EQ(struck, whole);
}

TEST_F(FaultyLamp, IsPulledOutAndStaysOut) {
  const auto lamp = with("unplug@identify");
  EXPECT_EQ(lamp->bulk_out(identify()), Outcome::vanish);
  EXPECT_FALSE(lamp->comes_back());
}

TEST_F(FaultyLamp, IsPulledOutBeforeItsAnswerIsRead) {
  const auto lamp = with("unplug-late@generate");
  EXPECT_EQ(lamp->bulk_out(encode(Request{1, Generate{Bytes(32)}})), Outcome::done);
  Bytes data;
  EXPECT_EQ(lamp->bulk_in(512, data), Outcome::vanish);
  EXPECT_FALSE(lamp->comes_back());
}

TEST_F(FaultyLamp, IsPulledOutAfterItsAnswer) {
  const auto lamp = with("unplug-after@identify");
  (void)lamp->bulk_out(identify());
  Bytes data;
  EXPECT_EQ(lamp->bulk_in(512, data), Outcome::farewell);
  EXPECT_TRUE(std::holds_alternative<Identity>(decode_response(data).body));
  EXPECT_FALSE(lamp->comes_back());
}

TEST_F(FaultyLamp, IsPluggedInAgain) {
  const auto lamp = with("replug@identify*1");
  EXPECT_EQ(lamp->bulk_out(identify()), Outcome::vanish);
  EXPECT_TRUE(lamp->comes_back());
  lamp->power_cycle();
  EXPECT_EQ(lamp->bulk_out(identify()), Outcome::done);
}

TEST_F(FaultyLamp, StrikesTheSecondTransferOnly) {
  const auto lamp = with("stall@2");
  EXPECT_EQ(lamp->bulk_out(identify()), Outcome::done);
  EXPECT_EQ(lamp->bulk_out(identify()), Outcome::stall);
}

TEST_F(FaultyLamp, LeavesOtherDevicesAlone) {
  const sim::FaultPlan plan{{"smart-lamp-2=no-lock", "smart-lamp-2=stall@lock"}};
  EXPECT_FALSE(plan.defects_of(directory_ / "smart-lamp-1").no_lock);
  EXPECT_TRUE(plan.defects_of(directory_ / "smart-lamp-2").no_lock);
  EXPECT_THROW(plan.require_devices({"smart-lamp-1"}), Error);
}

}  // namespace
}  // namespace lamp::test
