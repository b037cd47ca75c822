// The register of what authorities reserved, issued and revoked: rows of the host's database.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/pki/profile.hpp"
#include "lib/store/database.hpp"

namespace lamp::pki {

enum class State {
  reserved,  ///< durable, not known to be signed: a signature may exist
  issued,
  revoked,  ///< also a reservation that was withdrawn
};
[[nodiscard]] std::string_view text(State state) noexcept;
[[nodiscard]] State parse_state(std::string_view text);  ///< Error{bad_input} names the states

struct Record {
  std::string authority, serial;
  State state = State::reserved;
  std::string profile, identity;
  std::string values;  ///< what the templates were filled with, "name=value" lines
  std::string key;     ///< fingerprint
  std::string order;
  Bytes tbs, certificate;  ///< the certificate is empty until it is issued
  Instant reserved_at{}, not_after{};
  std::optional<Instant> issued_at, revoked_at;
  std::string reason;  ///< of the revocation
};

/// Empty members let everything through.
struct Filter {
  std::string authority{}, serial{}, profile{}, identity{}, order{}, key{};
  std::optional<State> state{};
};

/// In the order in which they were reserved.
[[nodiscard]] std::vector<Record> list(store::Transaction& transaction, const Filter& filter);
[[nodiscard]] std::optional<Record> find(store::Transaction& transaction, const std::string& authority,
                                         const std::string& serial);

void add(store::Transaction& transaction, const Record& record);
void mark_issued(store::Transaction& transaction, const Record& record, ByteView certificate, Instant now);

/// "name=value" lines. Throws Error{bad_input} for values with control characters.
[[nodiscard]] std::string values_text(const Subject& subject);

}  // namespace lamp::pki
