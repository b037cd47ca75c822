// What a report proves of each device to whoever has the root alone: its certificate, and the lock that it signed.
#pragma once

#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "manufacturing/order_report.hpp"

namespace lamp::manufacturing {

enum class Standing {
  proven,    ///< checked with nothing but a root
  unproven,  ///< nothing is there to check
  refuted,   ///< what is there does not hold
};
[[nodiscard]] std::string_view name_of(Standing standing) noexcept;

struct Finding {
  Standing standing = Standing::unproven;
  std::string why;  ///< unless proven
};

struct UnitFindings {
  std::string serial;
  Finding certificate;  ///< that it leads to a root, and is of this serial number
  Finding lock;         ///< that the holder of the certificate's key signed that it is locked
};

/// For every unit, in their order. Certificates are judged as of the report's time, and not against revocation lists.
/// `anchors` are DER roots. Throws Error{bad_input} when an anchor or an issuer of the report is no certificate.
[[nodiscard]] std::vector<UnitFindings> prove_units(const OrderReport& report, const std::vector<Bytes>& anchors);

/// An objection for whatever is refuted.
[[nodiscard]] Verdict judge_findings(const std::vector<UnitFindings>& findings);

}  // namespace lamp::manufacturing
