// The service's second count: what a station says that it made, held against what was approved.
#include "lib/cloud/factory_intake.hpp"

#include <gmock/gmock.h>

#include "lib/audit/record.hpp"
#include "lib/base/file.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/quorum/approval.hpp"
#include "manufacturing/order.hpp"
#include "tests/cloud/test_pki.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/registry/fleet.hpp"

namespace lamp::cloud {
namespace {

using registry::Intake;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Bytes boxes() {
  cbor::MapWriter map;
  map.add("claim-code", cbor::bytes_item(to_bytes("sealed")));
  return map.encoded();
}

class Factory : public testing::Test {
 protected:
  Factory() {
    publish(directory_ / "quorum.yaml", quorum_.roster.yaml());
    database_.migrate(audit::schema());
    database_.migrate(registry::schema());
    order_ = {"order-1", "demo", "line1", Bytes(32, 9), test::kNow, test::kNow + std::chrono::days{30}, {}, {}};
    order_.lines.push_back({"gateway", 3, Bytes(32), "SL-26-", 1, MacAddress::from_number(0x00005e005301ULL)});
  }

  OrderEvidence approved(const manufacturing::Order& order, std::chrono::hours lasts = std::chrono::hours{24 * 40}) {
    std::vector<Bytes> approvals;
    for (const auto& key : quorum_.approval_keys)
      approvals.push_back(quorum::approve(key, quorum_.roster, order.canonical(), quorum::kOrderContext,
                                          test::kNow + lasts, Botan::system_rng()));
    return {order.id, order.canonical(), approvals};
  }
  registry::FactoryRecord made(unsigned n) {
    auto record = test::record(n);
    record.certificate = devices_.issue({.name = "device", .serial = record.serial}).chain.front();
    record.escrow = boxes();
    return record;
  }
  std::vector<RecordAnswer> take(const FactoryBatch& batch, const std::string& station = "line1") {
    const FactoryIntake intake{database_,
                               clock_,
                               Botan::system_rng(),
                               {"demo", devices_.certificate(), directory_ / "quorum.yaml", 2, order_authorities_},
                               [&](const std::string& line) { alarms_.push_back(line); }};
    return intake.take(batch, station);
  }
  std::int64_t audited() {
    return database_.read(
        [](store::Transaction& t) { return t.query_one("SELECT count(*) FROM audit_record")->integer(0); });
  }
  std::vector<registry::ParkedRecord> parked() {
    return database_.read([](store::Transaction& t) { return registry::parked_records(t); });
  }
  /// The only answer's reason, of a record that was parked.
  std::string reason(const FactoryBatch& batch, const std::string& station = "line1") {
    const auto answers = take(batch, station);
    return answers.size() == 1 && answers[0].intake == Intake::parked ? answers[0].reason : "accepted";
  }

  test::TemporaryDirectory directory_;
  store::Database database_{directory_ / "registry.db"};
  test::SmallQuorum quorum_;
  test::TestAuthority root_{"Root"}, devices_{"Devices", root_};
  std::map<std::string, Bytes> order_authorities_;
  FixedClock clock_{test::kNow};
  manufacturing::Order order_;
  std::vector<std::string> alarms_;
};

TEST_F(Factory, HandsOverWhatWasOrderedWithItsEscrowBoxes) {
  const auto answers = take({{approved(order_)}, {made(1), made(2)}});
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].intake, Intake::accepted);
  EXPECT_EQ(answers[1].intake, Intake::accepted);
  const auto kept = database_.read([](store::Transaction& t) { return registry::escrow_boxes(t, "SL-26-000001"); });
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].name, "claim-code");
  EXPECT_EQ(kept[0].box, to_bytes("sealed"));
  EXPECT_THAT(alarms_, IsEmpty());
}

TEST_F(Factory, MayHaveAnAuthorityForOneOrderWhichCountsForNoOther) {
  const test::TestAuthority own{"order-1", root_};
  order_.lines[0].quantity = 9;
  const auto by_own = [&](unsigned n) {
    auto record = made(n);
    record.certificate = own.issue({.name = "device", .serial = record.serial}).chain.front();
    return record;
  };
  EXPECT_THAT(reason({{approved(order_)}, {by_own(1)}}), HasSubstr("not issued by the device authority"));
  order_authorities_.emplace("order-2", own.certificate());
  EXPECT_THAT(reason({{approved(order_)}, {by_own(2)}}), HasSubstr("not issued by the device authority"));
  order_authorities_.emplace("order-1", own.certificate());
  const auto answers = take({{approved(order_)}, {by_own(3), made(4)}});
  EXPECT_EQ(answers[0].intake, Intake::accepted);
  EXPECT_EQ(answers[1].intake, Intake::accepted);
}

TEST_F(Factory, GetsTheSameAnswerAgainAndNothingIsDoneTwice) {
  const FactoryBatch batch{{approved(order_)}, {made(1), made(2)}};
  EXPECT_EQ(take(batch).size(), 2U);
  const auto before = audited();
  const auto again = take(batch);
  EXPECT_EQ(again[1].intake, Intake::accepted);
  EXPECT_EQ(audited(), before);
}

TEST_F(Factory, WithTooFewApprovalsIsParkedWithAnAlarm) {
  auto order = approved(order_);
  order.approvals.resize(1);
  EXPECT_THAT(reason({{order}, {made(1)}}), HasSubstr("1 of 2 approvals"));
  EXPECT_THAT(alarms_, ElementsAre(HasSubstr("ALARM: station line1: SL-26-000001 is parked")));
}

TEST_F(Factory, WithAnAlteredOrderIsParkedWithAnAlarm) {
  auto order = approved(order_);
  order_.lines[0].quantity = 9;
  order.canonical = order_.canonical();
  EXPECT_THAT(reason({{order}, {made(9)}}), HasSubstr("0 of 2 approvals"));
  EXPECT_EQ(alarms_.size(), 1U);
}

TEST_F(Factory, WithASecondOrderOfTheSameNameIsParkedWithAnAlarm) {
  EXPECT_EQ(take({{approved(order_)}, {made(1)}})[0].intake, Intake::accepted);
  order_.lines[0].quantity = 9;
  EXPECT_THAT(reason({{approved(order_)}, {made(9)}}), HasSubstr("came with another content before"));
  EXPECT_EQ(alarms_.size(), 1U);
}

TEST_F(Factory, ThatMadeMoreThanOrderedIsParkedWithAnAlarmAndTheRestComesIn) {
  const auto answers = take({{approved(order_)}, {made(1), made(4), made(2)}});
  EXPECT_EQ(answers[0].intake, Intake::accepted);
  EXPECT_THAT(answers[1].reason, HasSubstr("serial number outside the order's range"));
  EXPECT_EQ(answers[2].intake, Intake::accepted);
  EXPECT_EQ(alarms_.size(), 1U);
}

TEST_F(Factory, WhoseOrderIsFullIsParkedWithAnAlarm) {
  database_.write([&](store::Transaction& t) {
    for (const unsigned n : {7U, 8U, 9U}) EXPECT_TRUE(registry::take_in(t, made(n), test::kNow).first_time);
  });
  EXPECT_THAT(reason({{approved(order_)}, {made(1)}}), HasSubstr("order order-1 is full"));
  EXPECT_EQ(alarms_.size(), 1U);
}

TEST_F(Factory, OfAnotherStationIsParkedWithAnAlarm) {
  EXPECT_THAT(reason({{approved(order_)}, {made(1)}}, "line2"), HasSubstr("sent by station line2, made by line1"));
  EXPECT_EQ(alarms_.size(), 1U);
}

TEST_F(Factory, WithoutItsOrderIsParkedWithAnAlarm) {
  EXPECT_THAT(reason({{}, {made(1)}}), HasSubstr("the batch does not hold order order-1"));
}

TEST_F(Factory, WithAStrangersCertificateIsParked) {
  auto strange = made(1), other = made(1);
  strange.certificate = root_.issue({.name = "device", .serial = strange.serial}).chain.front();
  other.certificate = made(2).certificate;
  EXPECT_THAT(reason({{approved(order_)}, {strange}}), HasSubstr("not issued by the device authority"));
  EXPECT_THAT(reason({{approved(order_)}, {other}}), HasSubstr("for another serial number"));
  other.certificate.push_back(0);
  EXPECT_THAT(reason({{approved(order_)}, {other}}), HasSubstr("cannot be read"));
  EXPECT_THAT(alarms_, IsEmpty());
}

TEST_F(Factory, WithAnAlteredCertificateIsParked) {
  auto altered = made(1);
  altered.certificate.back() ^= 1U;
  EXPECT_NE(reason({{approved(order_)}, {altered}}), "accepted");
}

TEST_F(Factory, WithMalformedEscrowBoxesIsParked) {
  auto record = made(1);
  record.escrow = to_bytes("no map");
  EXPECT_THAT(reason({{approved(order_)}, {record}}), HasSubstr("escrow"));
}

TEST_F(Factory, WithWhatIsNoKeyIsParked) {
  auto record = made(1);
  record.public_keys = firmware::encode_public_keys({{"ble-static-key", Bytes(65, 4)}});
  EXPECT_THAT(reason({{approved(order_)}, {record}}), HasSubstr("public keys"));
}

TEST_F(Factory, WhoseApprovalsLastedWhenTheyWereUsedIsTakenInLater) {
  clock_.advance(std::chrono::days{20});
  auto late = made(2);
  late.completed_at = test::kNow + std::chrono::days{9};
  const auto answers = take({{approved(order_, std::chrono::hours{48})}, {made(1), late}});
  EXPECT_EQ(answers[0].intake, Intake::accepted);
  EXPECT_THAT(answers[1].reason, HasSubstr("expired"));
}

TEST_F(Factory, ThatSendsOneUnreadableRecordGetsItParkedAndTheNextTaken) {
  auto text = write_batch({{approved(order_)}, {made(1), made(2)}});
  text.replace(text.find("00:00:5e:00:53:01"), 17, "00:00:5e:00:53:zz");
  const auto answers = take(read_batch(text));
  ASSERT_EQ(answers.size(), 2U);
  EXPECT_EQ(answers[0].serial, "SL-26-000002");
  EXPECT_EQ(answers[0].intake, Intake::accepted);
  EXPECT_EQ(answers[1].serial, "SL-26-000001");
  EXPECT_THAT(answers[1].reason, HasSubstr("records[0]: "));
  EXPECT_EQ(parked().size(), 1U);
}

TEST_F(Factory, WithoutAReadableRosterIsToldToComeAgain) {
  std::filesystem::remove(directory_ / "quorum.yaml");
  const auto taken = attempt([&] { return take({{approved(order_)}, {made(1)}}); });
  ASSERT_TRUE(std::holds_alternative<Error>(taken));
  EXPECT_EQ(std::get<Error>(taken).code(), Errc::unavailable);
}

}  // namespace
}  // namespace lamp::cloud
