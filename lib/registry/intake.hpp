// Production records on their way into the registry: the same record gives the same answer as often as it comes; one
// that contradicts the registry is parked with its reason, and does not stand in the way of the next.
#pragma once

#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/parse.hpp"
#include "lib/binding/escrow.hpp"
#include "lib/firmware/public_keys.hpp"
#include "lib/store/database.hpp"

namespace lamp::registry {

/// What a line station tells about one finished device. Holds no secret that can be read: the claim code stays on the
/// label, and what the service will need of the rest is sealed to the escrow key.
struct FactoryRecord {
  std::string serial, model;
  MacAddress mac;
  Bytes certificate;  ///< the IDevID, DER
  Bytes claim_salt;   ///< binding::ClaimVerifier
  Bytes claim_verifier;
  std::string station, order;
  Instant completed_at;
  Bytes escrow = {};       ///< binding::read_escrow()
  Bytes public_keys = {};  ///< firmware::read_public_keys()
};

/// A record's identity: SHA-256 over deterministic CBOR of all its fields.
[[nodiscard]] Bytes digest(const FactoryRecord& record);

enum class Intake { accepted, parked };
struct IntakeResult {
  Intake intake = Intake::accepted;
  std::string reason;       ///< why it was parked: names every field that contradicts
  bool first_time = false;  ///< whether this call changed anything
};

/// Whether this very record came in before.
[[nodiscard]] bool is_registered(store::Transaction& transaction, const FactoryRecord& record);

/// Registers the device and keeps its escrow boxes and public keys; or parks the record when its serial number, MAC
/// address, certificate or one of its keys belongs to another one.
[[nodiscard]] IntakeResult take_in(store::Transaction& transaction, const FactoryRecord& record, Instant now);

/// Parks a record that the caller objects to: no order, wrong station, certificate of another CA.
[[nodiscard]] IntakeResult park(store::Transaction& transaction, const FactoryRecord& record, const std::string& reason,
                                Instant now);

/// Parks what could not be read as a record: `bytes` are what came. Its serial number is all that is known of it.
[[nodiscard]] IntakeResult park_unread(store::Transaction& transaction, const std::string& serial,
                                       const std::string& station, ByteView bytes, const std::string& reason,
                                       Instant now);

struct ParkedRecord {
  std::string serial, station, reason;
  Instant parked_at;
};
[[nodiscard]] std::vector<ParkedRecord> parked_records(store::Transaction& transaction);

/// A device's escrow boxes, by name; only who holds the escrow key can open them.
[[nodiscard]] std::vector<binding::EscrowBox> escrow_boxes(store::Transaction& transaction, std::string_view serial);

/// The keys that a device has beside its identity, by name; for whoever talks to it.
[[nodiscard]] std::vector<firmware::DevicePublicKey> public_keys(store::Transaction& transaction,
                                                                 std::string_view serial);

/// What an order is when its first record comes; `other` when another content came under its id before.
enum class OrderContent { known, other };
[[nodiscard]] OrderContent recognise_order(store::Transaction& transaction, const std::string& id, ByteView canonical,
                                           const std::string& station, Instant now);

/// How many devices of a model came in under an order.
[[nodiscard]] std::int64_t count_of_order(store::Transaction& transaction, std::string_view order,
                                          std::string_view model);

}  // namespace lamp::registry
