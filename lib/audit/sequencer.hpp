// The sequencer with its way of writing files laid open, so that a test can fail at every write.
#pragma once

#include <functional>

#include "lib/audit/log.hpp"

namespace lamp::audit {

/// Puts one file in place, atomically and durably.
using Publisher = std::function<void(const std::filesystem::path& path, ByteView content)>;

std::uint64_t sequence(store::Database& database, const LogPlace& place, const Botan::Private_Key& key, Instant now,
                       Botan::RandomNumberGenerator& rng, const Publisher& publish_file);

}  // namespace lamp::audit
