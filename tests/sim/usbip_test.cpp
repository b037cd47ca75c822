// USB/IP as the kernel speaks it, in front of a virtual lamp; what is no message is refused.
#include "cli/sim/usbip_session.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "cli/sim/usb_lamp.hpp"
#include "lib/base/error.hpp"
#include "tests/sim/provisioning.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using namespace manufacturing;
using sim::usbip::kHeaderSize;

constexpr std::uint32_t kDevice = 0x00010002;
constexpr std::uint32_t kOut = 0, kIn = 1;

void put(Bytes& to, std::uint32_t word) {
  for (int shift = 24; shift >= 0; shift -= 8) to.push_back(static_cast<std::uint8_t>(word >> shift));
}

Bytes header(std::initializer_list<std::uint32_t> words, Bytes setup = Bytes(8)) {
  Bytes bytes;
  for (const auto word : words) put(bytes, word);
  bytes.resize(kHeaderSize - setup.size());
  append(bytes, setup);
  return bytes;
}

/// sequence, direction, endpoint, flags, length, start frame, packets, interval
Bytes submit(std::uint32_t sequence, std::uint32_t direction, std::uint32_t endpoint, std::uint32_t length,
             Bytes setup = Bytes(8)) {
  return header({1, sequence, kDevice, direction, endpoint, 0, length, 0, 0xFFFFFFFF, 0}, std::move(setup));
}

Bytes bulk_out(std::uint32_t sequence, const Bytes& data) {
  auto bytes = submit(sequence, kOut, 1, static_cast<std::uint32_t>(data.size()));
  append(bytes, data);
  return bytes;
}

Bytes unlink(std::uint32_t sequence, std::uint32_t victim) { return header({2, sequence, kDevice, 0, 0, victim}); }

std::uint32_t word(const Bytes& bytes, std::size_t at) {
  return static_cast<std::uint32_t>(bytes.at(at)) << 24 | static_cast<std::uint32_t>(bytes.at(at + 1)) << 16 |
         static_cast<std::uint32_t>(bytes.at(at + 2)) << 8 | bytes.at(at + 3);
}

class Usbip : public testing::Test {
 protected:
  Bytes answer_to(const Bytes& message) {
    session_.receive(message);
    return session_.take_output();
  }
  Bytes descriptor(std::uint8_t type, std::uint8_t length) {
    const auto answer = answer_to(submit(1, kIn, 0, length, Bytes{0x80, 6, 0, type, 0, 0, length, 0}));
    return {answer.begin() + kHeaderSize, answer.end()};
  }

  Botan::System_RNG rng_;
  TemporaryDirectory directory_;
  sim::UsbLamp lamp_{sim::VirtualDevice{
      sim::DeviceFlash::create(directory_ / "smart-lamp-1", small_profile("smart-lamp"), rng_), rng_}};
  sim::UsbipSession session_{lamp_, kDevice};
};

TEST_F(Usbip, GivesItsDescriptors) {
  EXPECT_EQ(descriptor(1, 18), (Bytes{18, 1, 0, 2, 0xff, 0, 0, 64, 0x09, 0x12, 1, 0, 0, 1, 1, 2, 3, 1}));
  EXPECT_EQ(descriptor(2, 9).size(), 9U);
}

TEST_F(Usbip, SaysWhenTheHostHasConfiguredIt) {
  EXPECT_FALSE(session_.is_configured());
  const auto answer = answer_to(submit(1, kOut, 0, 0, Bytes{0, 9, 1, 0, 0, 0, 0, 0}));
  EXPECT_EQ(word(answer, 20), 0U);
  EXPECT_TRUE(session_.is_configured());
}

TEST_F(Usbip, StallsWhatItDoesNotKnow) {
  const auto answer = answer_to(submit(7, kIn, 0, 10, Bytes{0x80, 6, 0, 6, 0, 0, 10, 0}));
  EXPECT_EQ(word(answer, 4), 7U);
  EXPECT_EQ(word(answer, 20), static_cast<std::uint32_t>(-32));
  EXPECT_EQ(answer.size(), kHeaderSize);
}

TEST_F(Usbip, CarriesARequestThatCameByteByByteAndItsAnswer) {
  for (const auto byte : bulk_out(1, encode(Request{1, Identify{}}))) session_.receive(Bytes{byte});
  (void)session_.take_output();
  const auto answer = answer_to(submit(2, kIn, 1, 512));
  EXPECT_EQ(word(answer, 0), 3U);
  EXPECT_EQ(word(answer, 24), answer.size() - kHeaderSize);
  const auto response = decode_response(ByteView{answer}.subspan(kHeaderSize));
  EXPECT_EQ(std::get<Identity>(response.body).chip_id, lamp_.device().chip_id());
}

TEST_F(Usbip, LetsTheHostWaitUntilThereIsSomething) {
  EXPECT_TRUE(answer_to(submit(1, kIn, 1, 512)).empty());
  EXPECT_TRUE(session_.is_waiting());
  EXPECT_GT(answer_to(bulk_out(2, encode(Request{1, Identify{}}))).size(), 2 * kHeaderSize);
  EXPECT_FALSE(session_.is_waiting());
}

TEST_F(Usbip, TakesATransferBack) {
  (void)answer_to(submit(1, kIn, 1, 512));
  const auto answer = answer_to(unlink(2, 1));
  EXPECT_EQ(word(answer, 0), 4U);
  EXPECT_EQ(word(answer, 20), static_cast<std::uint32_t>(-104));
  EXPECT_FALSE(session_.is_waiting());
  EXPECT_EQ(word(answer_to(unlink(3, 1)), 20), 0U);
}

TEST_F(Usbip, ForgetsHalfAFrameWhenTheHostClearsTheHalt) {
  (void)answer_to(bulk_out(1, Bytes{'L', 'P', 1, 0, 0, 0, 200, 0x83}));
  (void)answer_to(submit(2, kOut, 0, 0, Bytes{2, 1, 0, 0, 1, 0, 0, 0}));
  (void)answer_to(bulk_out(3, encode(Request{1, Identify{}})));
  const auto answer = answer_to(submit(4, kIn, 1, 512));
  EXPECT_TRUE(std::holds_alternative<Identity>(decode_response(ByteView{answer}.subspan(kHeaderSize)).body));
}

TEST_F(Usbip, LeavesAfterItsGoodbye) {
  (void)answer_to(bulk_out(1, encode(Request{1, Reset{}})));
  EXPECT_FALSE(session_.has_left());
  EXPECT_GT(answer_to(submit(2, kIn, 1, 512)).size(), kHeaderSize);
  EXPECT_TRUE(session_.has_left());
}

struct Malformed {
  const char* name;
  Bytes bytes;
  const char* says;
};
void PrintTo(const Malformed& m, std::ostream* os) { *os << m.name; }

class UsbipMalformed : public Usbip, public testing::WithParamInterface<Malformed> {};

TEST_P(UsbipMalformed, IsRefusedWithItsReason) {
  const auto received = attempt([&]() -> bool { return session_.receive(GetParam().bytes), true; });
  const auto* error = std::get_if<Error>(&received);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->code(), Errc::bad_input);
  EXPECT_THAT(error->what(), testing::HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Message, UsbipMalformed,
    testing::Values(Malformed{"UnknownCommand", header({9, 1, kDevice}), "command 9"},
                    Malformed{"AnswerAsCommand", header({3, 1, kDevice}), "command 3"},
                    Malformed{"OtherDevice", header({1, 1, kDevice + 1, kIn, 1, 0, 512}), "another device"},
                    Malformed{"ThirdDirection", submit(1, 2, 1, 0), "direction 2"},
                    Malformed{"Endpoint16", submit(1, kIn, 16, 0), "endpoint 16"},
                    Malformed{"TooLong", submit(1, kOut, 1, (1U << 20) + 1), "1048577 bytes"},
                    Malformed{"NegativeLength", submit(1, kOut, 1, 0xFFFFFFFF), "4294967295 bytes"},
                    Malformed{"Isochronous", header({1, 1, kDevice, kIn, 1, 0, 512, 0, 4, 1}), "isochronous"},
                    Malformed{"SetupLonger", submit(1, kIn, 0, 18, Bytes{0x80, 6, 0, 1, 0, 0, 64, 0}), "length"},
                    Malformed{"SetupOtherWay", submit(1, kOut, 0, 18, Bytes{0x80, 6, 0, 1, 0, 0, 18, 0}), "direction"}),
    [](const auto& of) { return std::string{of.param.name}; });

}  // namespace
}  // namespace lamp::test
