// The register of what authorities reserved, issued and revoked: rows of the host's database.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/pki/profile.hpp"
#include "lib/store/database.hpp"

namespace lamp::pki {

class FreshKeys;

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
  std::string replaces;    ///< serial number of the certificate that this one renews, or empty
  Bytes tbs, certificate;  ///< the certificate is empty until it is issued
  Instant reserved_at{}, not_after{};
  std::optional<Instant> issued_at, revoked_at;
  std::string reason;  ///< of the revocation
};

/// Empty members let everything through.
struct Filter {
  std::string authority{}, serial{}, profile{}, identity{}, order{};
  std::string replaces{};
  std::string subject{};  ///< text somewhere in a value of the subject
  std::optional<State> state{};
  std::optional<Instant> expires_before{};
};

/// A summary has neither TBSCertificate nor certificate.
enum class Detail { whole, summary };

/// In the order in which they were reserved, to the second.
[[nodiscard]] std::vector<Record> list(store::Transaction& transaction, const Filter& filter);
/// The same one by one, for registers of any size; `act` says whether to go on.
void for_each(store::Transaction& transaction, const Filter& filter, Detail detail,
              const std::function<bool(const Record&)>& act);
[[nodiscard]] std::optional<Record> find(store::Transaction& transaction, const std::string& authority,
                                         const std::string& serial);

/// The certificate that holds a key, or an identity, at this authority: at most one at a time does.
[[nodiscard]] std::optional<Record> holder_of_key(store::Transaction& transaction, const std::string& authority,
                                                  const std::string& key);
[[nodiscard]] std::optional<Record> holder_of_identity(store::Transaction& transaction, const std::string& authority,
                                                       const std::string& profile, const std::string& identity);

/// Adds a reservation. False when another certificate holds its key or identity: nothing changes then.
[[nodiscard]] bool try_add(store::Transaction& transaction, const Record& record);
/// The same in a batch, which files its keys later.
[[nodiscard]] bool try_add(store::Transaction& transaction, const Record& record, FreshKeys& keys);
/// The same, taking key and identity from whoever holds them: the caller knows that it expired, or is renewed.
void add(store::Transaction& transaction, const Record& record);
/// What a revoked or withdrawn certificate no longer holds: another may have its key, or its identity.
void let_go_of_key(store::Transaction& transaction, const Record& record);
void let_go_of_identity(store::Transaction& transaction, const std::string& authority, const std::string& serial);
/// Lets `old` go of its identity, and of its key when `key` is the same: a successor is to be reserved.
void make_way(store::Transaction& transaction, const Record& old, const std::string& key);
void set_replaces(store::Transaction& transaction, const std::string& authority, const std::string& successor,
                  const std::string& old);
void mark_issued(store::Transaction& transaction, const Record& record, ByteView certificate, Instant now);
/// The same by the signature (DER) alone, which the caller has verified. Throws Error{denied} when the reservation was
/// withdrawn, or issued with another signature.
void mark_signed(store::Transaction& transaction, const std::string& authority, const std::string& serial,
                 const Bytes& signature, Instant now);

/// "name=value" lines. Throws Error{bad_input} for values with control characters, and a "mac" that is none.
[[nodiscard]] std::string values_text(const Subject& subject);

}  // namespace lamp::pki
