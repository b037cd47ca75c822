#include "cli/sim/tool.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "lib/base/file.hpp"
#include "tests/firmware/release_fixture.hpp"
#include "tests/sim/provisioning.hpp"
#include "tests/support/run_tool.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

const std::string kSite = R"(site: demo
tokens: {}
authorities: {}
people: {}
quorums: {release: release, order: release, order-approvals: 1}
cloud: {url: "https://localhost:8443", listen: "127.0.0.1:8443", database: cloud/registry.db, artifacts: cloud/artifacts}
state: state.db
log: {directory: log, origin: demo/host}
)";

/// A site with a blank lamp and a provisioned one.
class SimSite : public testing::Test {
 protected:
  SimSite() {
    publish(place_ / "site.yaml", kSite);
    (void)sim::DeviceFlash::create(place_ / "sim/smart-lamp-1", small_profile("smart-lamp"), rng_);
    sim::VirtualDevice second{sim::DeviceFlash::create(place_ / "sim/smart-lamp-2", small_profile("smart-lamp"), rng_),
                              rng_};
    provision(second, rng_);
  }
  Ran run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--site", place_.path().string()});
    return run_tool(cli::make_sim_tool(), arguments);
  }

  Botan::System_RNG rng_;
  TemporaryDirectory place_;
};

TEST_F(SimSite, ListsDevicesWithTheirState) {
  const auto ran = run({"list"});
  EXPECT_EQ(ran.exit, 0) << ran.err;
  EXPECT_THAT(ran.out, testing::ContainsRegex("smart-lamp-1 +smart-lamp +- +blank +1.0.0 +1 +1"));
  EXPECT_THAT(ran.out, testing::ContainsRegex("smart-lamp-2 +smart-lamp +SL-26-000001 +provisioned +1.0.0"));
}

TEST_F(SimSite, ListsAsJson) { EXPECT_THAT(run({"list", "--json"}).out, testing::HasSubstr(R"("state": "blank")")); }

TEST_F(SimSite, OffersAReleaseAndSaysWhyTheDeviceRefusesIt) {
  publish(place_ / "noise.suit", "not a release");
  const auto ran = run({"apply", "smart-lamp-2", (place_ / "noise.suit").string()});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, testing::HasSubstr("refused: smart-lamp-2: not a well-formed release"));
}

/// What the lamp of this site believes.
firmware::test::Recipe for_the_lamp(std::uint64_t sequence, firmware::PayloadPlace place) {
  return {.vendor = "lamps.example",
          .sequence = sequence,
          .image = Bytes(5000, 0x21),
          .kek_fill = 7,
          .release_signature = false,
          .officers = {},
          .place = place,
          .second_signature = true};
}

TEST_F(SimSite, AppliesAReleaseWithItsPayloadInsideOrBeside) {
  const auto inside = firmware::test::make_release(for_the_lamp(5, firmware::PayloadPlace::integrated));
  publish(place_ / "inside.suit", inside.envelope);
  const auto first = run({"apply", "smart-lamp-2", (place_ / "inside.suit").string()});
  EXPECT_EQ(first.exit, 0) << first.err;
  EXPECT_THAT(first.out, testing::HasSubstr("1.0.0 -> 1.1.0"));
  const auto beside = firmware::test::make_release(for_the_lamp(6, firmware::PayloadPlace::detached));
  publish(place_ / "beside.suit", beside.envelope);
  EXPECT_EQ(run({"apply", "smart-lamp-2", (place_ / "beside.suit").string()}).exit, 3);
  publish(place_ / "payload.bin", beside.payload);
  const auto second = run({"apply", "smart-lamp-2", (place_ / "beside.suit").string()});
  EXPECT_EQ(second.exit, 0) << second.err;
}

TEST_F(SimSite, RefusesToUpdateABlankDevice) {
  publish(place_ / "noise.suit", "not a release");
  const auto ran = run({"apply", "smart-lamp-1", (place_ / "noise.suit").string()});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_THAT(ran.err, testing::HasSubstr("has not been through the factory"));
}

struct Case {
  const char* name;
  std::vector<std::string> arguments;
  int exit;
  const char* says;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class SimTool : public SimSite, public testing::WithParamInterface<Case> {};

TEST_P(SimTool, ExitsAndExplains) {
  const auto ran = run(GetParam().arguments);
  EXPECT_EQ(ran.exit, GetParam().exit) << ran.err;
  EXPECT_THAT(ran.err, testing::HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Mistakes, SimTool,
    testing::Values(Case{"NoCount", {"usb", "--model", "smart-lamp", "--", "true"}, 2, "write MODEL=COUNT"},
                    Case{"Twice", {"usb", "--model", "a=1", "--model", "a=2", "--", "true"}, 2, "a is given twice"},
                    Case{"NoCommand", {"usb", "--model", "smart-lamp=1"}, 2, "command is required"},
                    Case{"NoSuchModel", {"usb", "--model", "toaster=1", "--", "true"}, 3, "smart-lamp"},
                    Case{"TooMany", {"usb", "--model", "smart-lamp=1001", "--", "true"}, 2, "smart-lamp"},
                    Case{"NoSuchDevice", {"apply", "smart-lamp-9", "x"}, 3, "there are smart-lamp-1, smart-lamp-2"},
                    Case{"NotAName", {"apply", "../pins", "x"}, 3, "name of a virtual device"},
                    Case{"NoSuchFile", {"apply", "smart-lamp-2", "absent"}, 3, "absent"}),
    [](const auto& of) { return of.param.name; });

}  // namespace
}  // namespace lamp::test
