#include "cli/sim/usb_lamp.hpp"

#include <botan/system_rng.h>
#include <gtest/gtest.h>

#include "tests/sim/provisioning.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using namespace manufacturing;
using sim::Outcome;

constexpr std::uint8_t kOut = 0x01;

class UsbLamp : public testing::Test {
 protected:
  Response read_answer() {
    Bytes frame;
    for (Bytes piece; lamp_.bulk_in(16, piece) == Outcome::done;) append(frame, piece);
    return decode_response(frame);
  }
  static Bytes identify() { return encode(Request{1, Identify{}}); }

  Botan::System_RNG rng_;
  TemporaryDirectory directory_;
  sim::UsbLamp lamp_{sim::VirtualDevice{
      sim::DeviceFlash::create(directory_ / "smart-lamp-1", small_profile("smart-lamp"), rng_), rng_}};
};

TEST_F(UsbLamp, HasNothingToSayBeforeItIsAsked) {
  Bytes data;
  EXPECT_EQ(lamp_.bulk_in(512, data), Outcome::nak);
}

TEST_F(UsbLamp, CollectsAFrameFromSingleBytes) {
  for (const auto byte : identify()) EXPECT_EQ(lamp_.bulk_out(Bytes{byte}), Outcome::done);
  EXPECT_TRUE(std::holds_alternative<Identity>(read_answer().body));
}

TEST_F(UsbLamp, AnswersGarbageWithBadRequest) {
  EXPECT_EQ(lamp_.bulk_out(Bytes(20, 'x')), Outcome::done);
  const auto answer = read_answer();
  EXPECT_EQ(answer.operation, Operation::none);
  EXPECT_EQ(std::get<Refusal>(answer.body).status, Status::bad_request);
}

TEST_F(UsbLamp, RefusesBytesAfterAFrame) {
  auto frame = identify();
  frame.push_back(0);
  EXPECT_EQ(lamp_.bulk_out(frame), Outcome::done);
  EXPECT_EQ(std::get<Refusal>(read_answer().body).status, Status::bad_request);
}

TEST_F(UsbLamp, ForgetsHalfAFrameWhenTheHostStartsAfresh) {
  EXPECT_EQ(lamp_.bulk_out(Bytes{'L', 'P', 1, 0, 0}), Outcome::done);
  lamp_.clear_halt(kOut);
  EXPECT_EQ(lamp_.bulk_out(identify()), Outcome::done);
  EXPECT_TRUE(std::holds_alternative<Identity>(read_answer().body));
}

TEST_F(UsbLamp, LeavesTheBusAfterItsGoodbyeWasRead) {
  EXPECT_EQ(lamp_.bulk_out(encode(Request{1, Reset{}})), Outcome::done);
  Bytes goodbye;
  EXPECT_EQ(lamp_.bulk_in(512, goodbye), Outcome::farewell);
  EXPECT_TRUE(std::holds_alternative<Resetting>(decode_response(goodbye).body));
}

TEST_F(UsbLamp, LeavesTheBusWhenNobodyReadsItsGoodbye) {
  EXPECT_EQ(lamp_.bulk_out(encode(Request{1, Reset{}})), Outcome::done);
  EXPECT_EQ(lamp_.bulk_out(identify()), Outcome::vanish);
}

}  // namespace
}  // namespace lamp::test
