// A device's conversation with the service.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/cloud/running_service.hpp"

namespace lamp::cloud {
namespace {

using nlohmann::json;

class Ddi : public testing::Test {
 protected:
  Response put(const char* rest, const std::string& body) {
    return device_.send("PUT", base_ + rest, "application/json", as_bytes(body));
  }
  Response post(const char* rest, const std::string& body) {
    return device_.send("POST", base_ + rest, "application/json", as_bytes(body));
  }

  test::RunningService service_;
  Client device_ = service_.client(service_.device(1));
  const std::string base_ = "/default/controller/v1/SL-26-000001";
};

TEST_F(Ddi, TellsADeviceWithoutWorkWhenToComeBack) {
  const auto answer = json::parse(device_.get_json(base_));
  EXPECT_EQ(answer["_links"]["configData"]["href"], "https://localhost" + base_ + "/configData");
  EXPECT_FALSE(answer["_links"].contains("deploymentBase"));
  const auto sleep = answer["config"]["polling"]["sleep"].get<std::string>();
  EXPECT_GE(sleep, "00:04:00");
  EXPECT_LE(sleep, "00:06:00");
}

TEST_F(Ddi, KeepsTheVersionThatADeviceReports) {
  EXPECT_EQ(put("/configData", R"({"mode":"merge","data":{"version":"1.0.0"}})").status, 200U);
  const auto device = service_.write([](store::Transaction& t) { return registry::find_device(t, "SL-26-000001"); });
  EXPECT_EQ(device->version, "1.0.0");
}

TEST_F(Ddi, AnswersFeedbackOnWhatIsOverOrNeverWas) {
  const auto body = R"({"id":"","status":{"execution":"closed","result":{"finished":"success"}}})";
  EXPECT_EQ(post("/deploymentBase/77/feedback", body).status, 200U);
  EXPECT_EQ(post("/deploymentBase/0/feedback", body).status, 200U);
  EXPECT_EQ(post("/cancelAction/7/feedback", body).status, 200U);
}

TEST_F(Ddi, RefusesFeedbackThatSaysNothing) { EXPECT_EQ(post("/deploymentBase/7/feedback", "{}").status, 400U); }

TEST_F(Ddi, HasNoDeploymentAndNoArtifactForADeviceWithoutWork) {
  EXPECT_EQ(device_.get(base_ + "/deploymentBase/7").status, 404U);
  EXPECT_EQ(device_.get(base_ + "/artifacts/" + std::string(64, 'a') + "/x.suit").status, 404U);
}

}  // namespace
}  // namespace lamp::cloud
