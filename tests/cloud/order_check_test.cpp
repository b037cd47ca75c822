// What the service reads in an order must be what a station writes.
#include "lib/cloud/order_check.hpp"

#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "manufacturing/order.hpp"
#include "tests/cloud/test_pki.hpp"
#include "tests/registry/fleet.hpp"

namespace lamp::cloud {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

manufacturing::Order order() {
  manufacturing::Order made;
  made.id = "order-1";
  made.site = "demo";
  made.station = "line1";
  made.station_key = Bytes(32, 9);
  made.created = test::kNow;
  made.not_after = test::kNow + std::chrono::hours{24};
  manufacturing::OrderLine line;
  line.model = "gateway";
  line.quantity = 3;
  line.profile = Bytes(32);
  line.serial_prefix = "SL-26-";
  line.serial_first = 1;
  line.mac_first = MacAddress::from_number(0x00005e005301ULL);
  made.lines.push_back(line);
  return made;
}

std::vector<std::string> objections(const registry::FactoryRecord& record, Instant now = test::kNow) {
  return judge_record(record, OrderTerms::read(order().canonical()), now).objections;
}

TEST(OrderTerms, AreWhatTheStationWrote) {
  const auto terms = OrderTerms::read(order().canonical());
  EXPECT_EQ(terms.id, "order-1");
  EXPECT_EQ(terms.site, "demo");
  EXPECT_EQ(terms.station, "line1");
  EXPECT_EQ(terms.not_after, order().not_after);
  ASSERT_EQ(terms.lines.size(), 1U);
  EXPECT_EQ(terms.lines[0].quantity, 3U);
}

TEST(OrderTerms, RefuseAnythingCutShort) {
  const auto whole = order().canonical();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW(static_cast<void>(OrderTerms::read(ByteView{whole}.first(size))), Error) << size;
}

TEST(OrderTerms, RefuseAnOrderForNoKey) {
  auto made = order();
  made.station_key.clear();
  EXPECT_THROW(static_cast<void>(OrderTerms::read(made.canonical())), Error);
}

TEST(Records, WithinTheOrderAreFine) {
  EXPECT_THAT(objections(test::record(1)), IsEmpty());
  EXPECT_THAT(objections(test::record(3)), IsEmpty());
}

TEST(Records, BeyondTheOrderedNumberAreNot) {
  EXPECT_THAT(objections(test::record(4)), ElementsAre(HasSubstr("serial number"), HasSubstr("MAC address")));
}

TEST(Records, OfAnotherModelAreNot) {
  EXPECT_THAT(objections(test::record(1, "smart-lamp")), ElementsAre(HasSubstr("not for model smart-lamp")));
}

TEST(Records, WithAStrangeSerialNumberAreNot) {
  auto record = test::record(1);
  record.serial = "SL-26-1x";
  EXPECT_THAT(objections(record), ElementsAre(HasSubstr("serial number")));
}

TEST(Records, AfterTheLastDayOrFromTheFutureAreNot) {
  auto late = test::record(1);
  late.completed_at = order().not_after + std::chrono::seconds{1};
  EXPECT_THAT(objections(late, late.completed_at), ElementsAre(HasSubstr("last day")));
  auto early = test::record(1);
  early.completed_at = test::kNow + std::chrono::hours{1};
  EXPECT_THAT(objections(early), ElementsAre(HasSubstr("future")));
}

TEST(Certificates, ThatAreNoneAreParked) {
  const test::TestAuthority authority{"Devices"};
  EXPECT_THAT(CertificateJudge{authority.certificate()}.judge(test::record(1)).objections,
              ElementsAre(HasSubstr("cannot be read")));
}

}  // namespace
}  // namespace lamp::cloud
