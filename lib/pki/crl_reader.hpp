// A revocation list read back, strictly: what was published, and what is wrong with it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/pki/crl.hpp"

namespace lamp::pki {

struct ListFacts {
  ByteView tbs, issuer;  ///< issuer: whole Name
  ByteView signature_algorithm, signature;
  Bytes authority_key_id;
  std::uint64_t number = 0;
  std::size_t entries = 0;
  Instant this_update{}, next_update{};
  /// Of its IssuingDistributionPoint; nothing when the list is whole.
  std::optional<std::vector<std::string>> part_for;

  /// Throws Error{bad_input} when it is not DER, no version 2 list with nextUpdate and number, or has a critical
  /// extension that we do not know. `entry` gets each serial number (INTEGER content). Views live as long as `der`.
  [[nodiscard]] static ListFacts parse(ByteView der, const std::function<void(ByteView serial)>& entry = {});
};

/// Throws Error{denied} unless the authority with this certificate signed the list.
void require_signed(const ListFacts& list, ByteView authority_certificate);

/// What an operator is to know of a list that verifiers may fetch now: ended, ends soon (less than a quarter of its
/// time is left), older than `days`, behind the register. Empty when all is well.
[[nodiscard]] std::vector<std::string> complaints(const ListFacts& list, const ListState& state, std::uint64_t days,
                                                  Instant now);

}  // namespace lamp::pki
