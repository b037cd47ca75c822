// Whether a report is what a station signed, and says what it may say.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"
#include "lib/quorum/roster.hpp"
#include "manufacturing/order_report.hpp"
#include "manufacturing/order_report_proof.hpp"

namespace lamp::cli {

struct JudgedReport {
  std::optional<manufacturing::OrderReport> report;  ///< when its signature holds
  std::string order_id, signer;
  std::vector<std::string> approved_by;
  std::vector<manufacturing::UnitFindings> units;  ///< with the report, for each of its units
  Verdict verdict;
};

/// DER roots that certificates must lead to.
struct ReportAnchors {
  std::vector<Bytes> stations, devices;
};

/// `file` is the signed report, or the JSON that carries it. With a roster the order's
/// approvals are counted too, and `approvals` of them must hold. Needs no clock: the station's certificate is judged at
/// the time at which the report says that it was made.
[[nodiscard]] JudgedReport judge_report_file(const Bytes& file, const ReportAnchors& anchors,
                                             const quorum::Roster* roster, std::uint64_t approvals);

}  // namespace lamp::cli
