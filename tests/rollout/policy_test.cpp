#include "lib/rollout/policy.hpp"

#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/rollout/plan.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::rollout {
namespace {

namespace fs = std::filesystem;

const fs::path kDelivered = fs::path{LAMP_SOURCE_DIR} / "templates/policy/rollout";

std::vector<std::size_t> sizes(const Policy& policy, std::size_t devices) {
  std::vector<std::size_t> result;
  for (const auto& wave : make_waves(policy, std::vector<std::string>(devices, "x")))
    result.push_back(wave.devices.size());
  return result;
}

TEST(DeliveredPolicies, TakeEveryDeviceOnce) {
  const auto canary = Policy::load(kDelivered / "canary.yaml");
  EXPECT_EQ(canary.name, "canary");
  EXPECT_THAT(sizes(canary, 4), testing::ElementsAre(1, 3));
  EXPECT_THAT(sizes(canary, 1), testing::ElementsAre(1));
  const auto careful = Policy::load(kDelivered / "careful.yaml");
  EXPECT_THAT(sizes(careful, 250), testing::ElementsAre(3, 25, 222));
  EXPECT_THAT(sizes(careful, 2), testing::ElementsAre(1, 1));
  EXPECT_THAT(sizes(careful, 0), testing::IsEmpty());
}

struct Malformed {
  const char* name;
  const char* yaml;
  const char* says;
};
void PrintTo(const Malformed& c, std::ostream* os) { *os << c.name; }

class MalformedPolicy : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedPolicy, IsRefusedWithItsPlace) {
  const test::TemporaryDirectory folder;
  publish(folder / "p.yaml", std::string_view{GetParam().yaml});
  const auto read = attempt([&] { return Policy::load(folder / "p.yaml"); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_EQ(std::get<Error>(read).code(), Errc::bad_input);
  EXPECT_THAT(std::get<Error>(read).what(), testing::HasSubstr("p.yaml:"));
  EXPECT_THAT(std::get<Error>(read).what(), testing::HasSubstr(GetParam().says));
}

#define GATE "gate: {proven-percent: 100, most-failures: 0, soak: 0}"

INSTANTIATE_TEST_SUITE_P(
    Table, MalformedPolicy,
    testing::Values(
        Malformed{"NoWaves", "approvals: 1\nwaves: []\n", "waves"},
        Malformed{"NoApproval", "approvals: 0\nwaves: [{name: a, share: rest, " GATE "}]\n", "p.yaml:1"},
        Malformed{"NoRest", "approvals: 1\nwaves: [{name: a, share: 1, " GATE "}]\n", "takes the rest"},
        Malformed{"RestFirst",
                  "approvals: 1\nwaves:\n- {name: a, share: rest, " GATE "}\n- {name: b, share: rest, " GATE "}\n",
                  "takes the rest"},
        Malformed{"SameName",
                  "approvals: 1\nwaves:\n- {name: a, share: 1, " GATE "}\n- {name: a, share: rest, " GATE "}\n",
                  "second wave"},
        Malformed{"Percent", "approvals: 1\nwaves: [{name: a, share: 101%, " GATE "}]\n", "percentage"},
        Malformed{"ShareOfNothing", "approvals: 1\nwaves: [{name: a, share: 0, " GATE "}]\n", "number of devices"},
        Malformed{"Typo", "approvals: 1\nwaves: [{name: a, share: rest, gate: {proven: 100}}]\n", "proven"}),
    [](const auto& given) { return given.param.name; });

}  // namespace
}  // namespace lamp::rollout
