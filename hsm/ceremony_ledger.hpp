// Which signed records of which ceremony this host has written: in its database, together with the audit records. A
// transcript that was shortened or swapped, however well signed, does not match.
#pragma once

#include <string>

#include "hsm/ceremony_transcript.hpp"
#include "lib/base/error.hpp"
#include "lib/store/database.hpp"

namespace lamp::ceremony {

[[nodiscard]] const store::Schema& schema();

/// False when it was remembered before. Throws Error{denied} when another record of this number is remembered.
[[nodiscard]] bool remember(store::Transaction& transaction, const std::string& ceremony, const Record& record);

enum class Known { yes, never_seen };
/// Throws Error{denied} when a record that the host remembers is not in the transcript.
[[nodiscard]] Known recognise(store::Transaction& transaction, const std::string& ceremony,
                              const std::vector<Record>& records);

}  // namespace lamp::ceremony
