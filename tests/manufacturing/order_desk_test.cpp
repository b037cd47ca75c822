#include "manufacturing/order_desk.hpp"

#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/quorum/anchor.hpp"
#include "manufacturing/journal.hpp"
#include "manufacturing/order_book.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::manufacturing {
namespace {

using testing::HasSubstr;

const Instant kNow = from_unix_seconds(1'795'000'000);

/// A host that certifies for station line2: two lamps with the numbers 5 and 6, one gateway.
class OrderDeskTest : public testing::Test {
 protected:
  OrderDeskTest() {
    for (const auto* schema : {&quorum::schema(), &journal_schema(), &order_book_schema()}) database_.migrate(*schema);
    database_.write([](store::Transaction& t) { quorum::remember(t, test::small_quorum().roster); });
  }

  static Order order(const std::string& id, const std::string& station, std::uint64_t first = 5) {
    Order made{id, "demo", station, Bytes(32, 9), kNow, kNow + std::chrono::days{30}, {}, {}};
    made.lines.push_back({"smart-lamp", 2, Bytes(32, 1), "SL-26-", first, MacAddress::parse("00:00:5e:00:53:04")});
    return made;
  }
  static void approve(Order& order) {
    const auto& q = test::small_quorum();
    order.approvals.push_back(
        {"officer-1", quorum::approve(q.approval_keys[0], q.roster, order.canonical(), quorum::kOrderContext,
                                      order.not_after, Botan::system_rng())});
  }
  void lay_down(Order order, const std::string& station = "line2", const std::string& text_to_change = {},
                const std::string& by = {}) {
    approve(order);
    auto yaml = order.yaml();
    if (!text_to_change.empty()) yaml.replace(yaml.find(text_to_change), text_to_change.size(), by);
    publish(folder_ / station / "orders" / (order.id + ".yaml"), yaml);
  }
  std::string take(const std::string& serial, const std::string& key = "aa", const std::string& station = "line2",
                   Instant now = kNow) {
    const auto taken = attempt([&] {
      return database_.write(
          [&](store::Transaction& t) { return desk_.take(t, {station, station_key_}, serial, key, now).order; });
    });
    if (const auto* failed = std::get_if<Error>(&taken)) return failed->what();
    return std::get<std::string>(taken);
  }

  std::string station_key_ = hex(Bytes(32, 9));
  test::TemporaryDirectory folder_;
  store::Database database_{folder_ / "state.db"};
  OrderDesk desk_{{"demo", 1, folder_.path(), [] { return test::small_quorum().roster; },
                   [](const std::string& model) -> std::optional<OrderDesk::Model> {
                     if (model != "smart-lamp") return std::nullopt;
                     return OrderDesk::Model{Bytes(32, 1), "idevid", "1.3.6.1.4.1.32473.1.7"};
                   }}};
};

TEST_F(OrderDeskTest, CountsWhatAnApprovedOrderAllows) {
  lay_down(order("order-1", "line2"));
  EXPECT_EQ(take("SL-26-000005"), "order-1");
  EXPECT_EQ(take("SL-26-000005"), "order-1") << "the same key again";
  EXPECT_THAT(take("SL-26-000005", "bb"), HasSubstr("for another key"));
  EXPECT_EQ(take("SL-26-000006", "bb"), "order-1");
  EXPECT_THAT(take("SL-26-000007", "cc"), HasSubstr("no order of station line2"));
  const auto made = order("order-1", "line2");
  const auto counted = database_.read([&](store::Transaction& t) { return count_taken(t, made, made.lines.front()); });
  EXPECT_EQ(counted.taken, 2U);
  EXPECT_EQ(counted.total, 2U);
}

TEST_F(OrderDeskTest, FillsInWhatTheOrderSaysOfTheDevice) {
  lay_down(order("order-1", "line2"));
  const auto permit = database_.write(
      [&](store::Transaction& t) { return desk_.take(t, {"line2", station_key_}, "SL-26-000006", "aa", kNow); });
  const pki::Subject wanted{{"serial", "SL-26-000006"}, {"model", "smart-lamp"}, {"mac", "00:00:5e:00:53:05"}};
  EXPECT_EQ(permit.values, wanted);
  EXPECT_EQ(permit.hardware_type, "1.3.6.1.4.1.32473.1.7");
}

TEST_F(OrderDeskTest, TakesNothingWhenTheTransactionFails) {
  lay_down(order("order-1", "line2"));
  [[maybe_unused]] const auto undone = attempt([&] {
    database_.write([&](store::Transaction& t) {
      (void)desk_.take(t, {"line2", station_key_}, "SL-26-000005", "aa", kNow);
      throw Error{Errc::unavailable, "the token went away"};
    });
    return 0;
  });
  EXPECT_EQ(take("SL-26-000005", "bb"), "order-1");
}

TEST_F(OrderDeskTest, KnowsNoOrderOfAnotherStation) {
  lay_down(order("order-1", "line2"));
  EXPECT_THAT(take("SL-26-000005", "aa", "line3"), HasSubstr("no order of station line3"));
  EXPECT_THAT(take("SL-26-000005", "aa", "../line2"), HasSubstr("usable name"));
  lay_down(order("order-2", "line2", 9), "line3");
  EXPECT_THAT(take("SL-26-000009", "aa", "line3"), HasSubstr("is for station line2"));
}

TEST_F(OrderDeskTest, TakesNothingForAnotherKeyOfTheSameStation) {
  lay_down(order("order-1", "line2"));
  station_key_ = hex(Bytes(32, 8));
  EXPECT_THAT(take("SL-26-000005"), HasSubstr("is for key 0909"));
}

TEST_F(OrderDeskTest, HoldsAnOrderToItsApprovalsAndItsTime) {
  publish(folder_ / "line2" / "orders" / "bare.yaml", order("order-1", "line2").yaml());
  EXPECT_THAT(take("SL-26-000005"), HasSubstr("0 of 1 approvals"));
  lay_down(order("order-2", "line2", 9), "line2", "quantity: 2", "quantity: 3");
  EXPECT_THAT(take("SL-26-000009"), HasSubstr("does not hold as many addresses"));
  std::filesystem::remove(folder_ / "line2" / "orders" / "order-2.yaml");
  lay_down(order("order-3", "line2", 12));
  EXPECT_THAT(take("SL-26-000012", "aa", "line2", kNow + std::chrono::days{31}), HasSubstr("expired"));
}

TEST_F(OrderDeskTest, RefusesWhatWasClosed) {
  const auto made = order("order-1", "line2");
  lay_down(made);
  EXPECT_EQ(take("SL-26-000005"), "order-1");
  database_.write([&](store::Transaction& t) { close_order(t, made.id, kNow); });
  EXPECT_THAT(take("SL-26-000006"), HasSubstr("was closed"));
}

TEST_F(OrderDeskTest, RefusesToChooseBetweenTwoOrders) {
  lay_down(order("order-1", "line2"));
  lay_down(order("order-2", "line2"));
  EXPECT_THAT(take("SL-26-000005"), HasSubstr("both have SL-26-000005"));
}

TEST(OrderLines, KnowOneTextForEachOfTheirNumbers) {
  const OrderLine line{"smart-lamp", 2, Bytes(32, 1), "SL-26-", 5, MacAddress::parse("00:00:5e:00:53:04")};
  EXPECT_EQ(line.index_of("SL-26-000005"), 0U);
  EXPECT_EQ(line.index_of("SL-26-000006"), 1U);
  for (const char* other : {"SL-26-000004", "SL-26-000007", "SL-26-5", "SL-26-0000005", "SL-26-", "SL-26-+00005",
                            "GW-26-000005", "SL-26-000005 ", ""})
    EXPECT_FALSE(line.index_of(other)) << other;
}

}  // namespace
}  // namespace lamp::manufacturing
