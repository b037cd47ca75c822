#include "manufacturing/order_book.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/firmware/device_profile.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::manufacturing {
namespace {

using testing::HasSubstr;

class OrderBook : public testing::Test {
 protected:
  OrderBook() {
    database_.migrate(order_book_schema());
    lamp_.model = "smart-lamp";
    lamp_.serial_prefix = "SL";
    gateway_.model = "gateway";
    gateway_.serial_prefix = "GW";
  }
  Order take(std::uint64_t lamps, std::uint64_t gateways) {
    const OrderRequest request{"demo",
                               "line1",
                               Bytes(32, 9),
                               {{&lamp_, lamps}, {&gateway_, gateways}},
                               AddressPool::documentation(),
                               now_,
                               now_ + std::chrono::days{30}};
    return database_.write([&](store::Transaction& t) { return take_order(t, request, Botan::system_rng()); });
  }

  test::TemporaryDirectory folder_;
  store::Database database_{folder_ / "state.db"};
  firmware::DeviceProfile lamp_, gateway_;
  Instant now_ = parse_instant("2026-11-22T13:00:00Z");
};

TEST_F(OrderBook, TwoOrdersNeverOverlap) {
  const auto first = take(4, 1), second = take(2, 1);
  EXPECT_NE(first.id, second.id);
  EXPECT_EQ(first.lines[0].serial(3), "SL-26-000004");
  EXPECT_EQ(second.lines[0].serial(0), "SL-26-000005");
  EXPECT_EQ(second.lines[1].serial(0), "GW-26-000002");
  EXPECT_EQ(first.lines[1].mac_last().text(), "00:00:5e:00:53:04");
  EXPECT_EQ(second.lines[0].mac_first.text(), "00:00:5e:00:53:05");
}

TEST_F(OrderBook, ANewYearStartsAtOne) {
  (void)take(4, 1);
  now_ += std::chrono::days{60};
  EXPECT_EQ(take(1, 1).lines[0].serial(0), "SL-27-000001");
}

TEST_F(OrderBook, APoolThatRunsOutTakesNothing) {
  (void)take(250, 1);
  const auto refused = attempt([&] { return take(10, 1); });
  EXPECT_THAT(std::get<Error>(refused).what(), HasSubstr("5 addresses left"));
  EXPECT_EQ(take(4, 1).lines[0].serial(0), "SL-26-000251");
}

}  // namespace
}  // namespace lamp::manufacturing
