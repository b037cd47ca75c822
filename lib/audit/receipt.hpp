// Receipts (C2SP tlog-proof), checked without the log: what audit::prove() made.
#pragma once

#include <cstdint>
#include <string_view>

#include "lib/audit/note.hpp"
#include "lib/audit/record.hpp"

namespace lamp::audit {

struct Receipt {
  Event event;
  Instant at{};
  std::uint64_t index = 0;
  Checkpoint checkpoint;
};

/// Reads a receipt and checks that its checkpoint is `origin`'s, signed with `key`, and holds the record. Throws
/// Error{bad_input} when it is no receipt, Error{denied} when it does not hold.
[[nodiscard]] Receipt check_receipt(std::string_view receipt, std::string_view origin, const Botan::Public_Key& key);

}  // namespace lamp::audit
