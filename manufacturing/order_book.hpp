// The orders that were made on this host, with the serial numbers and addresses that they took: no two orders overlap.
#pragma once

#include <string>
#include <vector>

#include "lib/store/database.hpp"
#include "manufacturing/order.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::firmware {
struct DeviceProfile;
}

namespace lamp::manufacturing {

/// Addresses that orders may take from, both ends included.
struct AddressPool {
  MacAddress first, last;
  /// 00:00:5e:00:53:00 to ff, which RFC 7042 sets apart for documentation: demo sites only.
  [[nodiscard]] static AddressPool documentation();
};

struct OrderRequest {
  struct Line {
    const firmware::DeviceProfile* profile;
    std::uint64_t quantity;
  };
  std::string site, station;
  Bytes station_key;  ///< Order::station_key
  std::vector<Line> lines;
  AddressPool pool;
  Instant created, not_after;
};

[[nodiscard]] const store::Schema& order_book_schema();

/// Takes the next free serial numbers and addresses for good, also when the order is never used. Throws Error{denied}
/// when the pool or the numbers of this year run out.
[[nodiscard]] Order take_order(store::Transaction& transaction, const OrderRequest& request,
                               Botan::RandomNumberGenerator& rng);

/// Counts one device of an approved order's line, for good, for a station that asks this host to certify it. A serial
/// number is given out once, so the line's range is its count. The same number for the same key again changes nothing;
/// for another key, or for a device that this host's own line has begun, it is Error{denied}. `key` is the fingerprint.
void take_unit(store::Transaction& transaction, const Order& order, const OrderLine& line, const std::string& serial,
               const std::string& key, Instant now);

struct TakenCount {
  std::uint64_t taken = 0, total = 0;
};
/// How much of an order's line was taken by stations that ask this host.
[[nodiscard]] TakenCount count_taken(store::Transaction& transaction, const Order& order, const OrderLine& line);

}  // namespace lamp::manufacturing
