// Claims, networks and production records as their callers meet them.
#include <gmock/gmock.h>

#include "lib/audit/log.hpp"
#include "lib/cloud/factory_batch.hpp"
#include "tests/cloud/running_service.hpp"

namespace lamp::cloud {
namespace {

using test::kGoodCode;
using testing::HasSubstr;

class Api : public testing::Test {
 protected:
  void SetUp() override {
    service_.write([](store::Transaction& t) {
      registry::create_project(t, {"hq", "UTC"}, test::kNow);
      registry::add_member(t, "hq", "installer-1", "installer");
    });
    static_cast<void>(service_.device(1, "gateway"));
    static_cast<void>(service_.device(2));
  }
  static std::string claim(const std::string& mac, const std::string& code, const std::string& project = "hq") {
    return R"({"mac":")" + mac + R"(","claim_code":")" + code + R"(","project":")" + project + R"("})";
  }
  Response post(Client& client, const char* path, const std::string& json) {
    return client.send("POST", path, "application/json", as_bytes(json));
  }
  Response claim_as(Client& client, const std::string& mac, const std::string& code) {
    return post(client, "/api/v1/claims", claim(mac, code));
  }

  test::RunningService service_;
  Client installer_ = service_.client(service_.person("installer-1", "installer"));
  static constexpr const char* kGateway = "00:00:5e:00:53:01";
};

TEST_F(Api, ClaimsByLabelAndRepeatsItself) {
  const auto first = claim_as(installer_, kGateway, kGoodCode);
  EXPECT_EQ(first.status, 200U);
  EXPECT_THAT(to_text(first.body), HasSubstr("SL-26-000001"));
  EXPECT_EQ(claim_as(installer_, kGateway, kGoodCode).body, first.body);
}

TEST_F(Api, RefusesClaimsWithOneAndTheSameAnswer) {
  service_.write([](store::Transaction& t) {
    registry::create_project(t, {"branch", "UTC"}, test::kNow);
    registry::add_member(t, "branch", "installer-2", "installer");
  });
  auto stranger = service_.client(service_.person("installer-2", "installer"));
  const auto wrong_code = claim_as(installer_, kGateway, "AAAAAAAAAAAAAAAA");
  const auto no_code_at_all = claim_as(installer_, kGateway, "hello");
  const auto unknown = claim_as(installer_, "00:00:5e:00:53:99", kGoodCode);
  ASSERT_EQ(claim_as(installer_, kGateway, kGoodCode).status, 200U);
  const auto taken = post(stranger, "/api/v1/claims", claim(kGateway, kGoodCode, "branch"));
  EXPECT_EQ(wrong_code.status, 403U);
  for (const auto& other : {no_code_at_all, unknown, taken}) {
    EXPECT_EQ(other.status, wrong_code.status);
    EXPECT_EQ(other.body, wrong_code.body);
  }
}

TEST_F(Api, SlowsGuessersDown) {
  for (int i = 0; i < 10; ++i) ASSERT_EQ(claim_as(installer_, kGateway, "AAAAAAAAAAAAAAAA").status, 403U);
  EXPECT_EQ(claim_as(installer_, kGateway, kGoodCode).status, 429U);
}

TEST_F(Api, LetsOnlyInstallersClaim) {
  auto fleet_operator = service_.client(service_.person("operator-1", "operator"));
  EXPECT_EQ(claim_as(fleet_operator, kGateway, kGoodCode).status, 403U);
}

TEST_F(Api, MakesANetworkAndBringsLampsIn) {
  ASSERT_EQ(claim_as(installer_, kGateway, kGoodCode).status, 200U);
  const auto body = R"({"name":"floor-1","gateway":"00:00:5e:00:53:01"})";
  const auto made = post(installer_, "/api/v1/networks", body);
  ASSERT_EQ(made.status, 200U) << to_text(made.body);
  EXPECT_EQ(post(installer_, "/api/v1/networks", body).body, made.body);
  const auto added = post(installer_, "/api/v1/networks/floor-1/devices", R"({"serials":["SL-26-000002"]})");
  EXPECT_EQ(added.status, 200U);
  EXPECT_THAT(to_text(added.body), HasSubstr(R"("devices":["SL-26-000002"])"));
  EXPECT_THAT(installer_.get_json("/api/v1/projects/hq/devices?model=smart-lamp"), HasSubstr("SL-26-000002"));
  EXPECT_THAT(installer_.get_json("/api/v1/networks"), HasSubstr("floor-1"));
}

TEST_F(Api, KeepsProjectsToTheirMembers) {
  auto stranger = service_.client(service_.person("installer-2", "installer"));
  EXPECT_EQ(stranger.get("/api/v1/projects/hq/devices").status, 404U);
  EXPECT_EQ(stranger.get("/api/v1/projects/none/devices").status, 404U);
  EXPECT_EQ(stranger.get_json("/api/v1/networks"), R"({"networks":[]})");
}

TEST_F(Api, WritesWhatItDidIntoTheAuditOutbox) {
  ASSERT_EQ(claim_as(installer_, kGateway, kGoodCode).status, 200U);
  ASSERT_EQ(claim_as(installer_, kGateway, "AAAAAAAAAAAAAAAA").status, 403U);
  const auto waiting = service_.write([](store::Transaction& t) {
    return t.query_one("SELECT count(*) FROM audit_record WHERE entry IS NULL").value().integer(0);
  });
  EXPECT_EQ(waiting, 2);
}

TEST_F(Api, ParksWhatAStationMadeWithoutAnOrder) {
  auto station = service_.client(service_.person("line1", "station"));
  const auto answer = read_answers(station.post_json("/api/v1/factory/records", write_batch({{}, {test::record(5)}})));
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer.front().intake, registry::Intake::parked);
  EXPECT_THAT(answer.front().reason, HasSubstr("does not hold order order-1"));
}

TEST_F(Api, ParksWhatAnotherStationMade) {
  auto station = service_.client(service_.person("line2", "station"));
  const auto answer = read_answers(station.post_json("/api/v1/factory/records", write_batch({{}, {test::record(5)}})));
  EXPECT_THAT(answer.front().reason, HasSubstr("sent by station line2, made by line1"));
}

TEST_F(Api, TakesRecordsFromStationsOnly) {
  EXPECT_EQ(post(installer_, "/api/v1/factory/records", write_batch({})).status, 403U);
}

TEST_F(Api, NamesWhatIsWrongWithARequest) {
  EXPECT_THAT(to_text(post(installer_, "/api/v1/claims", "{}").body), HasSubstr("claim_code"));
  EXPECT_EQ(post(installer_, "/api/v1/claims", claim("no mac", kGoodCode)).status, 400U);
  EXPECT_EQ(post(installer_, "/api/v1/networks", "[]").status, 400U);
}

}  // namespace
}  // namespace lamp::cloud
