#include "cli/sim/uevent_sender.hpp"

#include <gmock/gmock.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <thread>

#include "lib/base/error.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// What umockdev makes of a netlink socket. Like a killed program, it leaves its name behind.
class Listener {
 public:
  explicit Listener(const std::filesystem::path& at) : fd_{socket(AF_UNIX, SOCK_RAW | SOCK_CLOEXEC, 0)} {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    at.native().copy(address.sun_path, sizeof address.sun_path - 1);
    unlink(at.c_str());
    if (fd_ < 0 || bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      throw Error{Errc::unavailable, "cannot listen at " + at.string()};
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener() { close(fd_); }

  [[nodiscard]] std::string next() const {
    std::array<char, 4096> buffer{};
    const auto size = recv(fd_, buffer.data(), buffer.size(), 0);
    return size < 0 ? std::string{} : std::string(buffer.data(), static_cast<std::size_t>(size));
  }

 private:
  int fd_;
};

class UeventSender : public testing::Test {
 protected:
  void add(std::string_view path) { sender_.send("add", path, std::string_view{"DEVTYPE=usb_device\0", 19}); }

  TemporaryDirectory directory_;
  sim::UeventSender sender_{directory_.path()};
};

TEST_F(UeventSender, TellsEveryListener) {
  const Listener one{directory_ / "event7"};
  const Listener other{directory_ / "event12"};
  add("/devices/usb1/1-1");
  for (const auto* listener : {&one, &other}) {
    const auto message = listener->next();
    EXPECT_THAT(message, StartsWith(std::string_view{"libudev\0\xfe\xed\xca\xfe", 12}));
    EXPECT_EQ(message.substr(40), (std::string_view{"ACTION=add\0DEVPATH=/devices/usb1/1-1\0SUBSYSTEM=usb\0SEQNUM=1\0"
                                                    "DEVTYPE=usb_device\0",
                                                    79}));
  }
}

TEST_F(UeventSender, PassesOverAListenerThatHasEnded) {
  {
    const Listener ended{directory_ / "event1"};
  }
  const Listener living{directory_ / "event2"};
  add("/devices/usb1/1-1");
  EXPECT_THAT(living.next(), HasSubstr("1-1"));
}

// umockdev's own sender aborted the process here: the listener is there when it is connected to and gone when it is
// told.
TEST_F(UeventSender, SurvivesAListenerThatEndsWhileItIsTold) {
  std::jthread program{[this](const std::stop_token& stop) {
    while (!stop.stop_requested()) const Listener short_lived{directory_ / "event3"};
  }};
  for (int i = 0; i < 5000; ++i) add("/devices/usb1/1-1");
}

TEST_F(UeventSender, WaitsForASlowListener) {
  constexpr int kMoreThanAQueueHolds = 300;
  const Listener slow{directory_ / "event4"};
  std::jthread bus{[this] {
    for (int i = 1; i <= kMoreThanAQueueHolds; ++i) add("/devices/usb1/1-" + std::to_string(i));
  }};
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  for (int i = 1; i <= kMoreThanAQueueHolds; ++i)
    ASSERT_THAT(slow.next(), HasSubstr("/1-" + std::to_string(i) + std::string{'\0'}));
}

}  // namespace
}  // namespace lamp::test
