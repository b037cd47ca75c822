#include "manufacturing/order.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "tests/quorum/small_quorum.hpp"

namespace lamp::manufacturing {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Instant kNow = from_unix_seconds(1'795'000'000);

Order some_order() {
  Order order{"order-1", "demo", "line1", Bytes(32, 9), kNow, kNow + std::chrono::days{30}, {}, {}};
  order.lines.push_back({"smart-lamp", 4, Bytes(32, 1), "SL-26-", 1, MacAddress::parse("00:00:5e:00:53:00")});
  order.lines.push_back({"gateway", 1, Bytes(32, 2), "GW-26-", 7, MacAddress::parse("00:00:5e:00:53:04")});
  return order;
}

Order approved_order() {
  auto order = some_order();
  const auto& q = test::small_quorum();
  order.approvals.push_back(
      {"officer-1", quorum::approve(q.approval_keys[0], q.roster, order.canonical(), quorum::kOrderContext,
                                    order.not_after, Botan::system_rng())});
  return order;
}

OrderPolicy this_station() {
  return {"demo", "line1", Bytes(32, 9), 1, {{"smart-lamp", Bytes(32, 1)}, {"gateway", Bytes(32, 2)}}};
}

std::vector<std::string> objections(const Order& order, const OrderPolicy& policy = this_station(),
                                    Instant now = kNow) {
  return judge(order, policy, test::small_quorum().roster, now).objections;
}

TEST(Orders, ComeBackFromTheirFile) {
  const auto order = approved_order();
  const auto again = Order::parse(order.yaml(), "order.yaml");
  EXPECT_EQ(again.canonical(), order.canonical());
  EXPECT_EQ(again.signatures(), order.signatures());
}

TEST(Orders, TheDeliveredExampleIsOne) {
  const auto order = Order::load(std::filesystem::path{LAMP_SOURCE_DIR} / "templates" / "orders" / "example.yaml");
  EXPECT_EQ(order.total(), 4U);
  EXPECT_THAT(order.approvals, IsEmpty());
}

TEST(Orders, GiveNumbersAndAddressesInOrder) {
  const auto order = some_order();
  EXPECT_EQ(order.lines[0].serial(3), "SL-26-000004");
  EXPECT_EQ(order.lines[1].serial(0), "GW-26-000007");
  EXPECT_EQ(order.lines[0].mac_last().text(), "00:00:5e:00:53:03");
  EXPECT_EQ(order.total(), 5U);
}

TEST(Orders, HoldWhenApproved) { EXPECT_THAT(objections(approved_order()), IsEmpty()); }

TEST(Orders, WithoutApprovalAreRefusedNamingWhoIsMissing) {
  EXPECT_THAT(objections(some_order()), Contains(HasSubstr("0 of 1 approvals; missing one of officer-1")));
}

TEST(Orders, NeedDistinctOfficers) {
  auto order = approved_order();
  order.approvals.push_back(order.approvals.front());
  auto policy = this_station();
  policy.approvals = 2;
  EXPECT_THAT(objections(order, policy), Contains(HasSubstr("1 of 2 approvals")));
}

struct Tampering {
  const char* name;
  std::string from, to;
};
void PrintTo(const Tampering& t, std::ostream* os) { *os << t.name; }

class AlteredOrder : public testing::TestWithParam<Tampering> {};

TEST_P(AlteredOrder, LosesItsApprovals) {
  auto text = approved_order().yaml();
  const auto at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, GetParam().from.size(), GetParam().to);
  EXPECT_THAT(objections(Order::parse(text, "order.yaml")), Contains(HasSubstr("0 of 1 approvals")));
}

INSTANTIATE_TEST_SUITE_P(Fields, AlteredOrder,
                         testing::Values(Tampering{"Id", "order-1", "order-2"}, Tampering{"Station", "line1", "line2"},
                                         Tampering{"StationKey", "station-key: 09", "station-key: 08"},
                                         Tampering{"Site", "site: demo", "site: other"},
                                         Tampering{"Model", "model: smart-lamp", "model: access-hub"},
                                         Tampering{"Prefix", "SL-26-", "SX-26-"},
                                         Tampering{"First", "serial-first: 1", "serial-first: 2"},
                                         Tampering{"Profile", "0101", "0202"}),
                         [](const auto& tested) { return std::string{tested.param.name}; });

TEST(AlteredOrders, WithAnotherQuantityLoseTheirApprovals) {
  auto order = approved_order();
  order.lines[0].quantity = 5;
  EXPECT_THAT(objections(order), Contains(HasSubstr("0 of 1 approvals")));
}

TEST(AlteredOrders, WithALaterEndLoseTheirApprovals) {
  auto order = approved_order();
  order.not_after += std::chrono::seconds{1};
  EXPECT_THAT(objections(order), Contains(HasSubstr("0 of 1 approvals")));
}

TEST(Orders, OfAnotherStationAreRefused) {
  auto policy = this_station();
  policy.station = "line2";
  EXPECT_THAT(objections(approved_order(), policy), Contains(HasSubstr("for station line1, this is line2")));
}

TEST(Orders, OfAnotherKeyOfTheSameStationAreRefusedSayingWhatToDo) {
  auto policy = this_station();
  policy.station_key = Bytes(32, 8);
  EXPECT_THAT(objections(approved_order(), policy),
              ElementsAre(AllOf(HasSubstr("is for key 0909"), HasSubstr("order create"))));
  policy.station_key.clear();
  EXPECT_THAT(objections(approved_order(), policy), ElementsAre(HasSubstr("is for key 0909")));
}

TEST(Orders, ThatExpiredAreRefused) {
  EXPECT_THAT(objections(approved_order(), this_station(), kNow + std::chrono::days{31}),
              Contains(HasSubstr("expired at")));
}

TEST(Orders, FromTheFutureAreRefused) {
  EXPECT_THAT(objections(approved_order(), this_station(), kNow - std::chrono::hours{1}),
              Contains(HasSubstr("later than this host's clock")));
}

TEST(Orders, OfAnotherProfileAreRefused) {
  auto policy = this_station();
  policy.profiles[1].second = Bytes(32, 3);
  EXPECT_THAT(objections(approved_order(), policy), Contains(HasSubstr("profile of gateway is not the one")));
}

TEST(Orders, OfAModelWithoutProfileAreRefused) {
  auto policy = this_station();
  policy.profiles.pop_back();
  EXPECT_THAT(objections(approved_order(), policy), Contains(HasSubstr("no device profile for model gateway")));
}

struct BadYaml {
  const char* name;
  std::string from, to, says;
};
void PrintTo(const BadYaml& b, std::ostream* os) { *os << b.name; }

class MalformedOrder : public testing::TestWithParam<BadYaml> {};

TEST_P(MalformedOrder, IsRefusedWithItsPlace) {
  auto text = some_order().yaml();
  const auto at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, GetParam().from.size(), GetParam().to);
  const auto read = attempt([&] { return Order::parse(text, "order.yaml"); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr("order.yaml:"));
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, MalformedOrder,
    testing::Values(BadYaml{"UnknownKey", "station:", "stations:", "station"},
                    BadYaml{"NoQuantity", "quantity: 4", "quantity: 0", "from 1 to"},
                    BadYaml{"SerialsRunOut", "serial-first: 1\n", "serial-first: 999998\n", "run out"},
                    BadYaml{"RangeTooLarge", "mac-last: 00:00:5e:00:53:03", "mac-last: 00:00:5e:00:53:08", "range"},
                    BadYaml{"RangeBackwards", "mac-last: 00:00:5e:00:53:03", "mac-last: 00:00:5d:00:53:08", "range"},
                    BadYaml{"GroupAddress", "mac-first: 00:00:5e:00:53:00", "mac-first: 01:00:5e:00:53:00", "group"},
                    BadYaml{"SameModelTwice", "model: gateway", "model: smart-lamp", "second line"},
                    BadYaml{"NoStationKey", "station-key: ", "station-kei: ", "station-kei"},
                    BadYaml{"ShortStationKey", "station-key: 09", "station-key: ", "SHA-256 digest"},
                    BadYaml{"NoTime", "created: 2", "created: x", "not a time"},
                    BadYaml{"ShortDigest", "profile: 01", "profile: ", "digest"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace lamp::manufacturing
