// Revoking: the state in the register, the row that lists are made from, and the OCSP response that is true no longer,
// changed together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "lib/pki/ocsp_message.hpp"
#include "lib/pki/records.hpp"

namespace lamp::pki {

/// CRLReason of RFC 5280 section 5.3.1 by name; 0 is unspecified, which a CRL leaves out. Error{bad_input} names them.
[[nodiscard]] std::uint8_t reason_code(std::string_view reason);

/// Revokes, or withdraws a reservation. False when it was revoked before: nothing changes then. A withdrawn reservation
/// frees its key; a revoked certificate's key is spent.
[[nodiscard]] bool revoke(store::Transaction& transaction, const Record& record, const std::string& reason,
                          Instant now);

/// What OCSP says of a serial number: a reservation that was not handed out is unknown, a withdrawn one is revoked.
[[nodiscard]] CertificateStatus status_of(store::Transaction& transaction, const std::string& authority,
                                          const std::string& serial);

}  // namespace lamp::pki
