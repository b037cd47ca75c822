// The capture of a conversation, read back by the fields of usbmon's packets.
#include "cli/sim/capture.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include <cstring>

#include "cli/sim/usb_lamp.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "tests/sim/provisioning.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using namespace manufacturing;

struct Read {
  std::uint64_t transfer = 0;
  char event = 0;
  std::uint8_t kind = 0, endpoint = 0, device = 0;
  std::int32_t status = 0;
  std::uint32_t length = 0;
  Bytes data;
};

template <class T>
T at(const Bytes& bytes, std::size_t offset) {
  T value{};
  std::memcpy(&value, bytes.data() + offset, sizeof value);
  return value;
}

/// Records behind the file's head of 24 bytes: 16 bytes of their own, 64 of usbmon, data.
std::vector<Read> packets_in(const Bytes& file) {
  std::vector<Read> packets;
  for (std::size_t next = 24; next < file.size();) {
    const auto size = at<std::uint32_t>(file, next + 8);
    const auto head = next + 16, data = head + 64, end = head + size;
    packets.push_back(
        {at<std::uint64_t>(file, head), static_cast<char>(file.at(head + 8)), file.at(head + 9), file.at(head + 10),
         file.at(head + 11), at<std::int32_t>(file, head + 28), at<std::uint32_t>(file, head + 32),
         Bytes{file.begin() + static_cast<std::ptrdiff_t>(data), file.begin() + static_cast<std::ptrdiff_t>(end)}});
    next = end;
  }
  return packets;
}

class CapturedLamp : public testing::Test {
 protected:
  std::vector<Read> read() { return packets_in(read_file(directory_ / "lamp.pcap")); }

  Botan::System_RNG rng_;
  TemporaryDirectory directory_;
  sim::Capture capture_{directory_ / "lamp.pcap"};
  sim::CapturedCable lamp_{
      std::make_unique<sim::UsbLamp>(sim::VirtualDevice{
          sim::DeviceFlash::create(directory_ / "smart-lamp-1", small_profile("smart-lamp"), rng_), rng_}),
      capture_, 2};
  Bytes question_ = encode(Request{1, Identify{}});
};

TEST_F(CapturedLamp, IsAFileOfTheLinkTypeThatUsbmonHas) {
  const auto file = read_file(directory_ / "lamp.pcap");
  EXPECT_EQ(at<std::uint32_t>(file, 0), 0xa1b2c3d4U);
  EXPECT_EQ(at<std::uint32_t>(file, 20), 220U);
  struct stat info{};
  ASSERT_EQ(::stat((directory_ / "lamp.pcap").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(CapturedLamp, HoldsQuestionAndAnswer) {
  Bytes answer;
  (void)lamp_.bulk_out(question_);
  (void)lamp_.bulk_in(512, answer);
  const auto packets = read();
  ASSERT_EQ(packets.size(), 4U);
  EXPECT_EQ(packets[0].data, question_);
  EXPECT_EQ(packets[0].event, 'S');
  EXPECT_EQ(packets[0].endpoint, 0x01);
  EXPECT_EQ(packets[3].data, answer);
  EXPECT_EQ(packets[3].event, 'C');
  EXPECT_EQ(packets[3].endpoint, 0x81);
  EXPECT_EQ(packets[3].device, 2);
  EXPECT_EQ(packets[3].transfer, packets[2].transfer);
}

TEST_F(CapturedLamp, WritesATransferThatWaitsOnce) {
  Bytes answer;
  for (int times = 0; times < 3; ++times) (void)lamp_.bulk_in(512, answer);
  (void)lamp_.bulk_out(question_);
  (void)lamp_.bulk_in(512, answer);
  const auto packets = read();
  ASSERT_EQ(packets.size(), 4U);
  EXPECT_EQ(packets[0].transfer, packets[3].transfer);
}

TEST_F(CapturedLamp, HoldsTheHostsFreshStart) {
  lamp_.clear_halt(0x81);
  const auto packets = read();
  ASSERT_EQ(packets.size(), 2U);
  EXPECT_EQ(packets[0].kind, 2);
  EXPECT_EQ(packets[1].status, 0);
}

TEST(Capture, SaysThatItCannotWrite) {
  const auto made = attempt([]() -> bool { return sim::Capture{"/nonexistent/lamp.pcap"}.next_transfer() > 0; });
  EXPECT_TRUE(std::holds_alternative<Error>(made));
}

}  // namespace
}  // namespace lamp::test
