// What the operator, or a script, sees of a run: one line for each device, or a stream of JSON lines.
#pragma once

#include <memory>

#include "cli/world.hpp"
#include "manufacturing/line.hpp"

namespace lamp::cli {

class RunReport : public manufacturing::LineWatcher {
 public:
  virtual void total(const std::string& order, const manufacturing::LineResult& result) = 0;
};

enum class ReportForm { text, json };
[[nodiscard]] std::unique_ptr<RunReport> make_report(ReportForm form, World& world);

}  // namespace lamp::cli
