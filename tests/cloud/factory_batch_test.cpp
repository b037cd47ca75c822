#include "lib/cloud/factory_batch.hpp"

#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "tests/registry/fleet.hpp"

namespace lamp::cloud {
namespace {

FactoryBatch batch() { return {{{"order-1", to_bytes("canonical"), {to_bytes("approval")}}}, {test::record(1)}}; }

TEST(FactoryBatch, ComesBackAsItWasWritten) {
  const auto read = read_batch(write_batch(batch()));
  ASSERT_EQ(read.records.size(), 1U);
  EXPECT_EQ(read.orders.at(0).approvals.at(0), to_bytes("approval"));
  EXPECT_EQ(read.records.front().mac, test::record(1).mac);
  EXPECT_EQ(read.records.front().completed_at, test::kNow);
}

TEST(FactoryBatch, KeepsARecordsDigest) {
  auto sent = batch();
  sent.records.front().public_keys = to_bytes("keys");
  EXPECT_EQ(registry::digest(read_batch(write_batch(sent)).records.front()), registry::digest(sent.records.front()));
}

TEST(FactoryBatch, HoldsRecordsWithoutClaimCode) {
  auto sent = batch();
  sent.records.front().claim_salt.clear();
  sent.records.front().claim_verifier.clear();
  EXPECT_TRUE(read_batch(write_batch(sent)).records.front().claim_verifier.empty());
}

struct Case {
  const char* name;
  std::string body;
  std::string says;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class MalformedBatch : public testing::TestWithParam<Case> {};

TEST_P(MalformedBatch, IsRefusedByFieldName) {
  const auto read = attempt([&] { return read_batch(GetParam().body); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_THAT(std::get<Error>(read).what(), testing::HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, MalformedBatch,
    testing::Values(Case{"NoJson", "serial=1", "not a JSON object"}, Case{"NoRecords", R"({"orders":[]})", "records"},
                    Case{"NoList", R"({"orders":[],"records":{}})", "\"records\" is not a list"},
                    Case{"NoObject", R"({"orders":[],"records":[7]})", "records[0]: missing \"serial\""},
                    Case{"WrongType", R"({"orders":[],"records":[{"serial":7}]})", "records[0]: \"serial\""},
                    Case{"BadOrder", R"({"orders":[{"id":"x","canonical":"*","approvals":[]}],"records":[]})",
                         "orders[0]: canonical"}),
    [](const auto& test) { return std::string{test.param.name}; });

TEST(FactoryBatch, IsLimited) {
  auto large = batch();
  large.records.assign(kBatchLimit + 1, large.records.front());
  EXPECT_THROW(static_cast<void>(read_batch(write_batch(large))), Error);
}

TEST(Answers, ComeBackAsTheyWereWritten) {
  const auto read = read_answers(write_answers(
      {{"SL-26-000001", registry::Intake::accepted, {}}, {"SL-26-000002", registry::Intake::parked, "why"}}));
  ASSERT_EQ(read.size(), 2U);
  EXPECT_EQ(read[0].intake, registry::Intake::accepted);
  EXPECT_EQ(read[1].reason, "why");
}

}  // namespace
}  // namespace lamp::cloud
