// What the station knows of each device it has begun: one row per chip, brought forward one durable step at a time, and
// every step kept. After a kill at any instant the row says where to go on.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/parse.hpp"
#include "lib/store/database.hpp"
#include "manufacturing/lock_proof.hpp"
#include "manufacturing/order.hpp"
#include "manufacturing/part.hpp"

namespace lamp::manufacturing {

enum class UnitState : std::int64_t {
  reserved = 1,  ///< counted; serial number and address are this chip's for good
  keyed = 2,  ///< its key is known, its certificate reserved: the bytes to sign are durable, or a line server is asked
  certified = 3,  ///< its certificate is signed and recorded
  prepared = 4,   ///< its credential block was made; the device may have it or not
  proven = 5,     ///< the device has the block and proved its key: this record is durable, the lock may be sent
  done = 6,       ///< the device said, signed, that it is locked
  scrapped = 7,   ///< given up; the certificate is revoked, the count not given back
};
[[nodiscard]] std::string_view name_of(UnitState state) noexcept;

struct Unit {
  std::string chip_id;  ///< hexadecimal
  std::string order, model, serial;
  MacAddress mac = MacAddress::from_number(2);
  UnitState state = UnitState::reserved;
  std::string port;                  ///< where it was last seen
  Bytes spki;                        ///< from keyed on
  std::string certificate_serial;    ///< from keyed on, with `tbs`; from certified on where a line server issued it
  Bytes tbs;                         ///< what this station's own authority signs
  Bytes certificate;                 ///< from certified on
  Bytes block_digest;                ///< from prepared on, with what follows
  Bytes escrow;                      ///< lamp-factory(1), ESCROW
  Bytes claim_salt, claim_verifier;  ///< gateways only
  Bytes public_keys;                 ///< from prepared on: firmware::read_public_keys(); may be empty
  std::string lock;                  ///< what the device answered; "unproven" while it has not
  std::optional<LockProof> proof;    ///< what it signed of that; from done on, and kept for good
  Instant updated{};
};

[[nodiscard]] const store::Schema& journal_schema();

enum class Import { fresh, known };
/// Keeps the order's content with its approvals. Throws Error{denied} when another content came under the same id
/// before, or the order was closed.
[[nodiscard]] Import import_order(store::Transaction& transaction, const Order& order, Instant now);
/// Whether the order is known. Throws as import_order() does.
bool require_open(store::Transaction& transaction, const Order& order);
[[nodiscard]] std::optional<Order> find_order(store::Transaction& transaction, const std::string& id);
/// The same. Throws Error{not_found} when nothing of it was begun here.
Order require_known(store::Transaction& transaction, const std::string& id);
/// Throws as require_known(); closing twice changes nothing.
void close_order(store::Transaction& transaction, const std::string& id, Instant now);
/// The ids of a station's orders that were begun here and not closed.
[[nodiscard]] std::vector<std::string> orders_open(store::Transaction& transaction, const std::string& station);

struct OrderCount {
  std::uint64_t total = 0, begun = 0, done = 0, scrapped = 0;
  [[nodiscard]] bool complete() const noexcept { return done + scrapped >= total; }
};
[[nodiscard]] OrderCount count(store::Transaction& transaction, const Order& order);

/// The unit of this chip, or why there can be none: the order is exhausted or does not name the model, the chip belongs
/// to another order.
struct Reservation {
  std::optional<Unit> unit;
  std::string refusal;
  bool is_new = false;
};
/// A chip that is known gets its unit again. A new one takes the next serial number and address of the order's line.
[[nodiscard]] Reservation reserve_unit(store::Transaction& transaction, const Order& order, const Part& part,
                                       const std::string& port, Instant now);

/// Writes the unit as it is and adds a step to its history.
void save(store::Transaction& transaction, const Unit& unit, std::string_view step, Instant now);

[[nodiscard]] std::optional<Unit> find_unit(store::Transaction& transaction, const std::string& serial);
/// All units, by serial number.
[[nodiscard]] std::vector<Unit> units(store::Transaction& transaction);

/// Units that are done and that the service has not answered for, by serial number from after `after` on; of one
/// station, or of all when it is empty.
[[nodiscard]] std::vector<Unit> unsynced(store::Transaction& transaction, const std::string& station,
                                         std::uint64_t most, const std::string& after = {});
enum class SyncState : std::int64_t { accepted = 1, parked = 2 };
void note_sync(store::Transaction& transaction, const std::string& serial, SyncState state, const std::string& reason,
               Instant now);
/// Makes parked records unsynced again.
void forget_parked(store::Transaction& transaction);

}  // namespace lamp::manufacturing
