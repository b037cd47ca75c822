// Revoking: the state in the register, the row that lists are made from, and the OCSP response that is true no longer,
// changed together.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/parse.hpp"
#include "lib/pki/ocsp_message.hpp"
#include "lib/pki/records.hpp"

namespace lamp::pki {

/// CRLReason of RFC 5280 section 5.3.1 by name; 0 is unspecified, which a CRL leaves out. Error{bad_input} names them.
[[nodiscard]] std::uint8_t reason_code(std::string_view reason);
inline constexpr std::string_view kHold = "certificateHold";

/// Revokes, or withdraws a reservation. False when it was revoked before: nothing changes then. A withdrawn reservation
/// frees its key; a revoked certificate's key is spent. What is on hold may be revoked for good, as of the day of the
/// hold (X.509 clause 9.5.3.1). A reservation cannot be put on hold: Error{denied}.
[[nodiscard]] bool revoke(store::Transaction& transaction, const Record& record, const std::string& reason,
                          Instant now);

/// Ends a hold: the next lists leave the certificate out. False when it is not revoked at all. Error{denied} when it
/// is revoked for good.
[[nodiscard]] bool release(store::Transaction& transaction, const Record& record);

/// What OCSP says of a serial number: a reservation that was not handed out is unknown, a withdrawn one is revoked.
[[nodiscard]] CertificateStatus status_of(store::Transaction& transaction, const std::string& authority,
                                          const std::string& serial);

/// Files the certificate under the hardware address among its values, if it has one. try_add() calls it.
inline constexpr std::string_view kAddressValue = "mac";
void remember_address(store::Transaction& transaction, const Record& record);

/// Many certificates at once. Empty members let everything through, and one of the three is given.
struct Selection {
  std::string authority{};
  std::string order{};
  std::optional<std::pair<MacAddress, MacAddress>> addresses{};     ///< first, last
  std::optional<std::pair<std::string, std::string>> identities{};  ///< first, last: of one length
};
struct Selected {
  std::string authority, serial, profile, identity, state, reason;
};
/// Whatever their state, so that the count is the same before and after.
void for_each(store::Transaction& transaction, const Selection& selection,
              const std::function<void(const Selected&)>& act);

}  // namespace lamp::pki
