// What the operator, or a script, sees of a run: a table that is redrawn in place at a terminal, one line for each
// device elsewhere, or a stream of JSON lines.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "cli/world.hpp"
#include "manufacturing/line.hpp"

namespace lamp::cli {

class RunReport : public manufacturing::LineWatcher {
 public:
  virtual void total(const std::string& order, const manufacturing::LineResult& result) = 0;
};

enum class ReportForm { text, json };
/// At a terminal, text is the live table. `order` is its id.
[[nodiscard]] std::unique_ptr<RunReport> make_report(ReportForm form, const std::string& order, World& world);
[[nodiscard]] std::unique_ptr<RunReport> make_live_report(const std::string& order, World& world);

/// "good", "refused", "left" or "failed".
[[nodiscard]] std::string_view result_of(const Attempt<manufacturing::Outcome>& attempt);
/// Why it is not good; else empty.
[[nodiscard]] std::string reason_of(const Attempt<manufacturing::Outcome>& attempt);

/// Lines of what was made, for people.
[[nodiscard]] std::string totals_text(const std::string& order, const manufacturing::LineResult& result);
/// "2 failed (no answer 1, contradiction 1)", with nothing in brackets while there are none.
[[nodiscard]] std::string failures(const manufacturing::LineResult& result);

}  // namespace lamp::cli
