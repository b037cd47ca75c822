// Many certificates of one profile: the same four steps as for one, with one durable write for many reservations and
// one for many certificates, while other threads check, lint, sign and verify.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "lib/pki/authority.hpp"

namespace lamp::pki {

struct BatchRefusal {
  std::string rule, field, says;
};

/// One certificate that is wanted: for a public key that was proven otherwise, or for a PKCS#10 request, which is
/// checked here.
struct BatchItem {
  std::uint64_t row = 0;  ///< the caller's name for it
  Subject subject;
  Bytes public_key_info, request;  ///< one of the two
  std::string order;
  std::optional<BatchRefusal> refusal;  ///< the caller's own; it comes back in its place
};

struct BatchResult {
  enum class Outcome { issued, existed, refused };
  std::uint64_t row = 0;
  Outcome outcome = Outcome::refused;
  std::string identity, serial, key;
  Bytes certificate;
  Instant not_after{};
  std::string rule, field, says;  ///< why it was refused
};

/// What a batch works with. Everything must outlive it; `rng` is used by several threads at once, which the system's
/// generator allows.
struct BatchPlace {
  store::Database& database;
  const Authority& authority;
  const Botan::Private_Key& key;  ///< the authority's
  const Profile& profile;
  Clock& clock;
  Botan::RandomNumberGenerator& rng;
};

struct BatchSteps {
  /// Appends up to `most` items; nothing more when it appends none.
  std::function<void(std::vector<BatchItem>& items, std::size_t most)> next;
  /// Runs in the transaction that commits freshly issued certificates: audit records go there. May run again with the
  /// same ones when the transaction is repeated.
  std::function<void(store::Transaction&, std::span<const BatchResult* const> issued)> also;
  /// Results in the order of the items, after they are durable.
  std::function<void(std::vector<BatchResult>)> done;
};

/// Issues until `next` has no more. An item that is refused is a result like any other; the failure of token, disk or a
/// callback ends the batch with an Error, after which the same batch may be run again: what was issued is `existed`
/// then, byte for byte. `next` and `done` run in the calling thread.
void issue_batch(const BatchPlace& place, const BatchSteps& steps);

/// Everything that can be said of an item without the register: its key or request, the profile's rules, the lints.
/// Nothing is reserved; the outcome is `refused`, or `issued` for what would be.
[[nodiscard]] BatchResult try_item(const BatchPlace& place, const BatchItem& item);

}  // namespace lamp::pki
