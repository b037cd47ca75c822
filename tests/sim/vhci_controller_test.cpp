// The virtual host controller's attributes: a kernel without them, one that is full, and text that is not theirs.
#include "cli/sim/vhci_controller.hpp"

#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using sim::VhciController;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kTitle = "hub port sta spd dev      sockfd local_busid\n";
const std::string kOneFree = kTitle +
                             "hs  0000 006 003 00010001 000003 1-1\n"
                             "hs  0001 004 000 00000000 000000 0-0\n"
                             "ss  0008 004 000 00000000 000000 0-0\n";

template <class Act>
std::string complaint(const Act& act) {
  const auto done = attempt([&]() -> bool { return static_cast<void>(act()), true; });
  const auto* error = std::get_if<Error>(&done);
  return error != nullptr ? error->what() : "";
}

TEST(VhciController, FindsTheEmptyHighSpeedPorts) { EXPECT_THAT(sim::empty_ports(kOneFree), ElementsAre(1U)); }

TEST(VhciController, TellsWhatToDoWithoutTheKernelsModule) {
  const TemporaryDirectory place;
  EXPECT_THAT(complaint([&] { return VhciController{place / "vhci_hcd.0"}; }), HasSubstr("modprobe vhci-hcd"));
}

TEST(VhciController, SaysThatAllPortsAreTaken) {
  const TemporaryDirectory place;
  publish(place / "attach", "");
  publish(place / "status", kTitle + "hs  0000 006 003 00010001 000003 1-1\n");
  EXPECT_THAT(complaint([&] { return VhciController{place.path()}.free_port(); }), HasSubstr("taken"));
}

TEST(VhciController, PlugsInWithPortStreamDeviceAndSpeed) {
  const TemporaryDirectory place;
  publish(place / "attach", "");
  publish(place / "status", kOneFree);
  const VhciController controller{place.path()};
  const auto stream = controller.attach(controller.free_port(), 65538);
  ASSERT_TRUE(stream);
  EXPECT_THAT(read_text_file(place / "attach"), testing::MatchesRegex("1 [0-9]+ 65538 3"));
}

class VhciStatus : public testing::TestWithParam<const char*> {};

TEST_P(VhciStatus, IsRefused) {
  EXPECT_NE(complaint([] { return sim::empty_ports(GetParam()); }), "");
}

INSTANTIATE_TEST_SUITE_P(Malformed, VhciStatus,
                         testing::Values("", "hs  0000 004\n", "hub port sta\nhs\n", "hub port sta\nhs 0001\n",
                                         "hub port sta\nhs x 004\n", "hub port sta\nhs -1 004\n",
                                         "hub port sta\nhs 99999 004\n"));

}  // namespace
}  // namespace lamp::test
