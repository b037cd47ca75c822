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

namespace lamp::cli {

struct JudgedReport {
  std::optional<manufacturing::OrderReport> report;  ///< when its signature holds
  std::string order_id, signer;
  std::vector<std::string> approved_by;
  Verdict verdict;
};

/// `file` is the signed report, or the JSON that carries it. `anchors` are DER roots; with a roster the order's
/// approvals are counted too, and `approvals` of them must hold. Needs no clock: the station's certificate is judged at
/// the time at which the report says that it was made.
[[nodiscard]] JudgedReport judge_report_file(const Bytes& file, const std::vector<Bytes>& anchors,
                                             const quorum::Roster* roster, std::uint64_t approvals);

}  // namespace lamp::cli
