#include "cli/factory/report.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

namespace lamp::cli {
namespace {

using namespace manufacturing;

/// What was heard of the device in a port.
struct Heard {
  std::string serial, steps;
};

class TextReport final : public RunReport {
 public:
  explicit TextReport(World& world) : world_{world} {
    fmt::print(world_.out, "{:<8} {:<14} {:<12} {:<8} {}\n", "port", "serial", "model", "result", "steps");
  }
  void begun(const std::string& port) override { heard_[port] = {}; }
  void step(const std::string& port, const std::string& serial, std::string_view step) override {
    auto& heard = heard_[port];
    heard.serial = serial;
    heard.steps += (heard.steps.empty() ? "" : " ") + std::string{step};
  }
  void finished(const std::string& port, const Attempt<Outcome>& attempt, const Times& /*times*/) override {
    const auto* outcome = std::get_if<Outcome>(&attempt);
    const auto& heard = heard_[port];
    fmt::print(world_.out, "{:<8} {:<14} {:<12} {:<8} {}\n", port, heard.serial.empty() ? "-" : heard.serial,
               outcome != nullptr ? outcome->model : "-", result_of(attempt), heard.steps);
    world_.out << std::flush;
    const auto reason = reason_of(attempt);
    if (!reason.empty())
      world_.err << "lamp-factory: port " << port << ": " << result_of(attempt) << ": " << reason << '\n';
  }
  void waiting(const OrderCount& count) override {
    world_.err << fmt::format("lamp-factory: {} of {} done; waiting for the next device\n", count.done, count.total);
  }
  void stopping() override { world_.err << "lamp-factory: stopping: devices that are being locked are finished\n"; }
  void total(const std::string& order, const LineResult& result) override { world_.out << totals_text(order, result); }

 private:
  World& world_;
  std::map<std::string, Heard> heard_;
};

double milliseconds_of(Times::Duration time) {
  return std::round(std::chrono::duration<double, std::micro>{time}.count()) / 1000;
}

class JsonReport final : public RunReport {
 public:
  explicit JsonReport(World& world) : out_{world.out} {}
  void begun(const std::string& port) override {
    serials_.erase(port);
    write({{"event", "begin"}, {"port", port}});
  }
  void step(const std::string& port, const std::string& serial, std::string_view step) override {
    serials_[port] = serial;
    write({{"event", "step"}, {"port", port}, {"serial", serial}, {"step", step}});
  }
  void finished(const std::string& port, const Attempt<Outcome>& attempt, const Times& times) override {
    write({{"event", "unit"},
           {"port", port},
           {"serial", serials_[port]},
           {"result", result_of(attempt)},
           {"reason", reason_of(attempt)},
           {"milliseconds",
            {{"total", milliseconds_of(times.total)},
             {"device", milliseconds_of(times.device)},
             {"token", milliseconds_of(times.token)},
             {"host", milliseconds_of(times.host())},
             {"journal", milliseconds_of(times.journal)},
             {"files", milliseconds_of(times.files)},
             {"opening", milliseconds_of(times.opening)}}}});
  }
  void waiting(const OrderCount& count) override {
    write({{"event", "waiting"}, {"done", count.done}, {"total", count.total}});
  }
  void stopping() override { write({{"event", "stopping"}}); }
  void total(const std::string& order, const LineResult& result) override {
    write({{"event", "total"},
           {"order", order},
           {"total", result.count.total},
           {"done", result.count.done},
           {"scrapped", result.count.scrapped},
           {"complete", result.count.complete()},
           {"stopped", result.stopped},
           {"good", result.good},
           {"refused", result.refused},
           {"left", result.left},
           {"failed", result.failed},
           {"failed-by-reason", result.reasons},
           {"per-minute", result.per_minute()},
           {"yield", result.yield()},
           {"seconds", milliseconds_of(result.time) / 1000}});
  }

 private:
  void write(const nlohmann::json& line) { out_ << line.dump() << '\n' << std::flush; }
  std::ostream& out_;
  std::map<std::string, std::string> serials_;
};

}  // namespace

std::string_view result_of(const Attempt<Outcome>& attempt) {
  const auto* outcome = std::get_if<Outcome>(&attempt);
  if (outcome == nullptr) return "failed";
  switch (outcome->result) {
    case Outcome::Result::good: return "good";
    case Outcome::Result::refused: return "refused";
    case Outcome::Result::stopped: break;
  }
  return "left";
}

std::string reason_of(const Attempt<Outcome>& attempt) {
  if (const auto* outcome = std::get_if<Outcome>(&attempt)) return outcome->reason;
  return std::get<Error>(attempt).what();
}

std::string failures(const LineResult& result) {
  std::string reasons;
  for (const auto& [reason, times] : result.reasons)
    reasons += fmt::format("{}{} {}", reasons.empty() ? "" : ", ", reason, times);
  return fmt::format("{} failed{}", result.failed, reasons.empty() ? "" : " (" + reasons + ")");
}

std::string totals_text(const std::string& order, const LineResult& result) {
  const auto& c = result.count;
  auto text = fmt::format("{}: {} of {} done, {} scrapped; this run: {} good, {} refused, {}\n", order, c.done, c.total,
                          c.scrapped, result.good, result.refused, failures(result));
  if (result.good + result.failed > 0)
    text += fmt::format("{:.1f} good a minute, yield {:.1f} %\n", result.per_minute(), 100 * result.yield());
  return text;
}

std::unique_ptr<RunReport> make_report(ReportForm form, const std::string& order, World& world) {
  if (form == ReportForm::json) return std::make_unique<JsonReport>(world);
  if (world.terminal.is_interactive()) return make_live_report(order, world);
  return std::make_unique<TextReport>(world);
}

}  // namespace lamp::cli
