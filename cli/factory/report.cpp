#include "cli/factory/report.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>
#include <ostream>

namespace lamp::cli {
namespace {

using namespace manufacturing;

std::string_view result_of(const Attempt<Outcome>& attempt) {
  if (const auto* outcome = std::get_if<Outcome>(&attempt))
    return outcome->result == Outcome::Result::good ? "good" : "refused";
  return "failed";
}

std::string reason_of(const Attempt<Outcome>& attempt) {
  if (const auto* outcome = std::get_if<Outcome>(&attempt)) return outcome->reason;
  return std::get<Error>(attempt).what();
}

/// On a terminal the current step stands in the last line, overwritten as it goes.
class TextReport final : public RunReport {
 public:
  explicit TextReport(World& world) : world_{world}, live_{world.terminal.is_interactive()} {
    fmt::print(world_.out, "{:<8} {:<14} {:<12} {:<8} {}\n", "port", "serial", "model", "result", "steps");
  }
  void begun(const std::string& /*port*/) override {
    serial_.clear();
    steps_.clear();
  }
  void step(const std::string& port, const std::string& serial, std::string_view step) override {
    serial_ = serial;
    steps_ += (steps_.empty() ? "" : " ") + std::string{step};
    if (live_)
      world_.out << fmt::format("\r{:<8} {:<14} {:<12} {:<8} {}", port, serial, "", "...", steps_) << std::flush;
  }
  void finished(const std::string& port, const Attempt<Outcome>& attempt) override {
    const auto* outcome = std::get_if<Outcome>(&attempt);
    if (live_) world_.out << "\r\033[K";
    fmt::print(world_.out, "{:<8} {:<14} {:<12} {:<8} {}\n", port, serial_.empty() ? "-" : serial_,
               outcome != nullptr ? outcome->model : "-", result_of(attempt), steps_);
    world_.out << std::flush;
    const auto reason = reason_of(attempt);
    if (!reason.empty())
      world_.err << "lamp-factory: port " << port << ": " << result_of(attempt) << ": " << reason << '\n';
  }
  void waiting(const OrderCount& count) override {
    world_.err << fmt::format("lamp-factory: {} of {} done; waiting for the next device\n", count.done, count.total);
  }
  void total(const std::string& order, const LineResult& result) override {
    const auto& c = result.count;
    fmt::print(world_.out, "{}: {} of {} done, {} scrapped; this run: {} good, {} refused, {} failed\n", order, c.done,
               c.total, c.scrapped, result.good, result.refused, result.failed);
  }

 private:
  World& world_;
  bool live_;
  std::string serial_, steps_;
};

class JsonReport final : public RunReport {
 public:
  explicit JsonReport(World& world) : out_{world.out} {}
  void begun(const std::string& port) override { write({{"event", "begin"}, {"port", port}}); }
  void step(const std::string& port, const std::string& serial, std::string_view step) override {
    serial_ = serial;
    write({{"event", "step"}, {"port", port}, {"serial", serial}, {"step", step}});
  }
  void finished(const std::string& port, const Attempt<Outcome>& attempt) override {
    write({{"event", "unit"},
           {"port", port},
           {"serial", serial_},
           {"result", result_of(attempt)},
           {"reason", reason_of(attempt)}});
    serial_.clear();
  }
  void waiting(const OrderCount& count) override {
    write({{"event", "waiting"}, {"done", count.done}, {"total", count.total}});
  }
  void total(const std::string& order, const LineResult& result) override {
    write({{"event", "total"},
           {"order", order},
           {"total", result.count.total},
           {"done", result.count.done},
           {"scrapped", result.count.scrapped},
           {"complete", result.count.complete()},
           {"good", result.good},
           {"refused", result.refused},
           {"failed", result.failed}});
  }

 private:
  void write(const nlohmann::json& line) { out_ << line.dump() << '\n' << std::flush; }
  std::ostream& out_;
  std::string serial_;
};

}  // namespace

std::unique_ptr<RunReport> make_report(ReportForm form, World& world) {
  if (form == ReportForm::json) return std::make_unique<JsonReport>(world);
  return std::make_unique<TextReport>(world);
}

}  // namespace lamp::cli
