// A production order: what a station may make, how many, with which serial numbers and addresses, until when. It is
// bound to the key of the station's certificate, and counts only with the approvals of the factory's quorum over
// exactly its content. lamp-order(5).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/quorum/approval.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::manufacturing {

/// So many devices of a model. Serial numbers and addresses are given out in order, from the first on.
struct OrderLine {
  std::string model;
  std::uint64_t quantity = 0;
  Bytes profile;              ///< firmware::DeviceProfile::digest
  std::string serial_prefix;  ///< "SL-26-"
  std::uint64_t serial_first = 0;
  MacAddress mac_first = MacAddress::from_number(2);

  [[nodiscard]] std::string serial(std::uint64_t index) const;  ///< index from 0
  /// Which of the line's devices has this serial number; nothing when none has.
  [[nodiscard]] std::optional<std::uint64_t> index_of(const std::string& serial_number) const;
  [[nodiscard]] MacAddress mac(std::uint64_t index) const;
  [[nodiscard]] MacAddress mac_last() const { return mac(quantity - 1); }
};

struct OrderApproval {
  std::string officer;  ///< as the file says; the signature tells who it really was
  Bytes signature;
};

struct Order {
  std::string id, site, station;
  /// SHA-256 of the SubjectPublicKeyInfo in the station's certificate. The key and not the certificate: what a station
  /// proves is that it holds the key, and a certificate that is issued again for the same key leaves approvals whole.
  Bytes station_key;
  Instant created, not_after;
  std::vector<OrderLine> lines;  ///< one for each model
  std::vector<OrderApproval> approvals;

  /// Reads and checks the form. Throws Error{bad_input} with file, line and column.
  [[nodiscard]] static Order load(const std::filesystem::path& file);
  [[nodiscard]] static Order parse(std::string_view text, std::string name);
  [[nodiscard]] std::string yaml() const;
  /// The deterministic CBOR that officers sign: everything but the approvals.
  [[nodiscard]] Bytes canonical() const;
  [[nodiscard]] const OrderLine* find(const std::string& model) const noexcept;
  [[nodiscard]] std::uint64_t total() const noexcept;
  [[nodiscard]] std::vector<Bytes> signatures() const;
};

[[nodiscard]] quorum::Tally tally(const Order& order, const quorum::Roster& roster, Instant now);

/// What the station that is to work on an order holds against it, before any device is touched.
struct OrderPolicy {
  std::string site, station;
  Bytes station_key;  ///< of the certificate that the station has now: SHA-256 of its SubjectPublicKeyInfo
  std::uint64_t approvals = 1;
  /// The digests of this host's device profiles, for the order's models; an empty one means that there is none.
  std::vector<std::pair<std::string, Bytes>> profiles;
};
[[nodiscard]] Verdict judge(const Order& order, const OrderPolicy& policy, const quorum::Roster& roster, Instant now);

}  // namespace lamp::manufacturing
