#include "lib/cloud/ddi_message.hpp"

#include <gmock/gmock.h>

#include "lib/base/error.hpp"

namespace lamp::cloud {
namespace {

using rollout::Feedback;

struct Case {
  const char* name;
  const char* body;
  Feedback feedback;
  std::string detail;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class RealFeedback : public testing::TestWithParam<Case> {};

TEST_P(RealFeedback, IsUnderstood) {
  const auto read = read_feedback(GetParam().body);
  EXPECT_EQ(read.feedback, GetParam().feedback);
  EXPECT_EQ(read.detail, GetParam().detail);
}

INSTANTIATE_TEST_SUITE_P(
    Clients, RealFeedback,
    testing::Values(
        Case{
            "SwupdateProceeding",
            R"({"id":7,"time":"20261122T110229","status":{"result":{"progress":{"cnt":0,"of":1},"finished":"none"},"execution":"proceeding","details":["Installing Update Chunk Artifacts."]}})",
            Feedback::proceeding, "Installing Update Chunk Artifacts."},
        Case{
            "RaucDone",
            R"({"id":"11","time":"x","status":{"result":{"finished":"success"},"execution":"closed","details":["Software bundle installed successfully."]}})",
            Feedback::installed, "Software bundle installed successfully."},
        Case{"RawLineFeeds",
             "{\"id\":7,\"status\":{\"result\":{\"finished\":\"failure\"},\"execution\":\"closed\",\"details\":[\"one\n"
             "two\",\"three\t\\\"four\\\"\"]}}",
             Feedback::failed, "one two / three \"four\""},
        Case{"NoDetails", R"({"status":{"execution":"closed","result":{"finished":"none"}}})", Feedback::installed, ""},
        Case{"Cancelled", R"({"status":{"execution":"canceled","result":{}}})", Feedback::failed, ""},
        Case{"Rejected", R"({"status":{"execution":"rejected","result":{"finished":"none"}}})", Feedback::proceeding,
             ""},
        Case{"OddTypes", R"({"id":"","status":{"execution":"download","result":7,"details":[1,null,"x"]}})",
             Feedback::proceeding, "x"}),
    [](const auto& test) { return std::string{test.param.name}; });

class BrokenFeedback : public testing::TestWithParam<const char*> {};

TEST_P(BrokenFeedback, IsRefused) { EXPECT_THROW(static_cast<void>(read_feedback(GetParam())), Error); }

INSTANTIATE_TEST_SUITE_P(Bodies, BrokenFeedback,
                         testing::Values("", "{", "[]", "null", "{}", R"({"status":"closed"})",
                                         R"({"status":{"execution":7}})", R"({"status":{"execution":"closed"})"));

TEST(ControlCharacters, AreEscapedInsideStringsOnly) {
  EXPECT_EQ(escape_control_characters("{\n\"a\": \"x\ny\"}"), "{\n\"a\": \"x\\u000ay\"}");
  EXPECT_EQ(escape_control_characters(R"("quote \" and \\")"), R"("quote \" and \\")");
}

TEST(LongDetails, AreCut) {
  const std::string body = R"({"status":{"execution":"closed","result":{"finished":"failure"},"details":[")" +
                           std::string(5000, 'x') + R"("]}})";
  EXPECT_EQ(read_feedback(body).detail.size(), 1000U);
}

TEST(ConfigData, GivesTheVersionIfTheDeviceSaysOne) {
  EXPECT_EQ(read_config_version(R"({"mode":"merge","data":{"version":"1.1.0","hw":"x"}})"), "1.1.0");
  EXPECT_FALSE(read_config_version(R"({"data":{"hw":"x"}})"));
  EXPECT_FALSE(read_config_version(R"({"data":{"version":7}})"));
  EXPECT_THROW(static_cast<void>(read_config_version("version=1")), Error);
}

}  // namespace
}  // namespace lamp::cloud
