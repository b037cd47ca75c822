#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <botan/system_rng.h>

#include "manufacturing/label_check.hpp"
#include "manufacturing/label_journal.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::manufacturing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant kNow = from_unix_seconds(1'795'000'000);
constexpr const char* kGateway = "B:00005E005304$C:ABCDEFGHIJKLMNOP%N:GW-26-000001$G:gateway";

Unit gateway() {
  Unit unit;
  unit.serial = "GW-26-000001";
  unit.model = "gateway";
  unit.mac = MacAddress::parse("00005E005304");
  unit.state = UnitState::done;
  const auto verifier = binding::ClaimVerifier::make(binding::read_claim_code("ABCDEFGHIJKLMNOP"), Botan::system_rng());
  unit.claim_salt = verifier.salt;
  unit.claim_verifier = verifier.verifier;
  return unit;
}

std::vector<std::string> objections(const Unit& unit, const char* text = kGateway) {
  return judge_label(binding::parse_label(text), unit).objections;
}

TEST(ScannedLabel, AgreesWithItsUnit) { EXPECT_THAT(objections(gateway()), IsEmpty()); }

TEST(ScannedLabel, IsRefusedFieldByField) {
  auto unit = gateway();
  unit.model = "access-hub";
  unit.mac = MacAddress::parse("00005E005305");
  EXPECT_THAT(objections(unit), ElementsAre("model: the label says gateway, the journal access-hub",
                                            HasSubstr("address: the label says 00:00:5e:00:53:04")));
}

TEST(ScannedLabel, IsRefusedForItsClaimCodeWithoutQuotingIt) {
  auto unit = gateway();
  unit.claim_verifier[31] ^= 1U;
  EXPECT_THAT(objections(unit), ElementsAre("claim code: not the one that the device was given"));
}

TEST(ScannedLabel, WithoutACodeIsNotAGatewaysAndTheOtherWayRound) {
  auto lamp = gateway();
  lamp.claim_salt.clear();
  lamp.claim_verifier.clear();
  EXPECT_THAT(objections(lamp), ElementsAre("claim code: the label has one, the device has none"));
  EXPECT_THAT(objections(gateway(), "Z:00005EFFFE005304%N:GW-26-000001$G:gateway"),
              ElementsAre("claim code: the device has one, the label has none"));
}

TEST(ScannedLabel, OfADeviceThatIsNotDoneIsRefused) {
  auto unit = gateway();
  unit.state = UnitState::scrapped;
  EXPECT_THAT(objections(unit), ElementsAre(HasSubstr("scrapped")));
}

class LabelHistoryOf : public testing::Test {
 protected:
  LabelHistoryOf() { database_.migrate(label_schema()); }
  LabelPrint print(const std::string& reason = {}) {
    return database_.write(
        [&](store::Transaction& t) { return note_print(t, "SL-1", {0, kNow, "ann", "svg", reason}); });
  }
  void check(Checked result) {
    database_.write([&](store::Transaction& t) { note_check(t, "SL-1", result, "ann", "", kNow); });
  }
  LabelHistory history() {
    return database_.read([](store::Transaction& t) { return label_history(t, "SL-1"); });
  }
  test::TemporaryDirectory folder_;
  store::Database database_{folder_ / "state.db"};
};

TEST_F(LabelHistoryOf, ADeviceWithoutLabelIsEmpty) {
  EXPECT_EQ(history().prints, 0U);
  EXPECT_FALSE(history().agreed_at);
}

TEST_F(LabelHistoryOf, PrintsWantsAReasonFromTheSecondOn) {
  EXPECT_EQ(print().number, 1U);
  EXPECT_THROW((void)print(), Error);
  EXPECT_EQ(print("torn").number, 2U);
  EXPECT_EQ(history().prints, 2U);
  EXPECT_EQ(history().last_print->reason, "torn");
}

TEST_F(LabelHistoryOf, ChecksSaysWhatTheLastOneFound) {
  check(Checked::agreed);
  EXPECT_EQ(history().agreed_at, kNow);
  check(Checked::refused);
  EXPECT_EQ(history().checks, 2U);
  EXPECT_FALSE(history().agreed_at);
}

}  // namespace
}  // namespace lamp::manufacturing
