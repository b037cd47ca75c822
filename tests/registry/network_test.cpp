#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "lib/registry/claim.hpp"
#include "tests/registry/fleet.hpp"

namespace lamp::registry {
namespace {

using test::kNow;
using test::record;

/// A claimed gateway (1) in project hq, lamps 2 and 3 that nobody has, gateway 4 of another project.
class Networks : public testing::Test {
 protected:
  void SetUp() override {
    for (const unsigned n : {1U, 4U}) ASSERT_TRUE(fleet_.take_in(record(n)).first_time);
    for (const unsigned n : {2U, 3U}) ASSERT_TRUE(fleet_.take_in(record(n, "smart-lamp")).first_time);
    claim(1, "hq", "installer-1");
    claim(4, "branch", "installer-2");
  }
  void claim(unsigned n, const char* project, const char* user) {
    const auto code = binding::read_claim_code(test::kGoodCode);
    const auto result = fleet_.write(
        [&](store::Transaction& t) { return registry::claim(t, record(n).mac, code, project, user, kNow); });
    ASSERT_EQ(result.answer, ClaimAnswer::claimed);
  }
  Network create(const char* name, unsigned gateway, const char* user = "installer-1") {
    return fleet_.write([&](store::Transaction& t) {
      return create_network(t, name, record(gateway).mac, user, kNow, Botan::system_rng());
    });
  }
  std::optional<Network> find(const char* name, const char* user = "installer-1") {
    return fleet_.write([&](store::Transaction& t) { return find_network(t, name, user); });
  }
  void add(const Network& network, const std::vector<std::string>& serials) {
    fleet_.write([&](store::Transaction& t) { add_to_network(t, network, serials, "installer-1", kNow); });
  }
  Errc refusal(auto act) {
    const auto outcome = attempt([&] {
      act();
      return true;
    });
    return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome).code() : Errc::internal;
  }

  test::Fleet fleet_;
};

TEST_F(Networks, AreMadeOnTheUsersOwnGatewayAndStayTheSame) {
  const auto made = create("floor-1", 1);
  EXPECT_EQ(made.project, "hq");
  EXPECT_EQ(made.gateway, "SL-26-000001");
  EXPECT_EQ(made.extended_pan_id.size(), 16U);
  EXPECT_EQ(create("floor-1", 1).extended_pan_id, made.extended_pan_id);
}

TEST_F(Networks, AreOnePerGatewayAndOnePerName) {
  static_cast<void>(create("floor-1", 1));
  EXPECT_EQ(refusal([&] { static_cast<void>(create("floor-2", 1)); }), Errc::exists);
}

TEST_F(Networks, OfOthersDoNotExist) {
  EXPECT_EQ(refusal([&] { static_cast<void>(create("floor-1", 4)); }), Errc::not_found);
  static_cast<void>(create("floor-1", 1));
  EXPECT_FALSE(find("floor-1", "installer-2"));
}

TEST_F(Networks, BringLampsToTheirProject) {
  add(create("floor-1", 1), {"SL-26-000002", "SL-26-000003", "SL-26-000002"});
  EXPECT_EQ(fleet_.find("SL-26-000002")->project, "hq");
  EXPECT_EQ(fleet_.find("SL-26-000003")->network, "floor-1");
  EXPECT_EQ(find("floor-1")->members.size(), 2U);
}

TEST_F(Networks, TakeTheSameLampsAgain) {
  add(create("floor-1", 1), {"SL-26-000002"});
  add(find("floor-1").value(), {"SL-26-000002", "SL-26-000003"});
  EXPECT_EQ(find("floor-1")->members.size(), 2U);
}

TEST_F(Networks, TakeAllOrNone) {
  const auto network = create("floor-1", 1);
  EXPECT_EQ(refusal([&] { add(network, {"SL-26-000002", "SL-26-000009"}); }), Errc::denied);
  EXPECT_FALSE(fleet_.find("SL-26-000002")->project);
}

TEST_F(Networks, TakeNoGatewayAndNothingOfAnotherProject) {
  const auto network = create("floor-1", 1);
  EXPECT_EQ(refusal([&] { add(network, {"SL-26-000001"}); }), Errc::denied);
  EXPECT_EQ(refusal([&] { add(network, {"SL-26-000004"}); }), Errc::denied);
}

TEST_F(Networks, DevicesAreSeenByMembersOnly) {
  add(create("floor-1", 1), {"SL-26-000002", "SL-26-000003"});
  const auto seen = [&](const char* user, const char* model) {
    return fleet_.write([&](store::Transaction& t) { return project_devices(t, "hq", user, model); });
  };
  EXPECT_EQ(seen("installer-1", "").value().size(), 3U);
  EXPECT_EQ(seen("installer-1", "smart-lamp").value().size(), 2U);
  EXPECT_FALSE(seen("installer-2", ""));
}

}  // namespace
}  // namespace lamp::registry
