// The table at the line's terminal, redrawn in place, under the lines of the devices that are through.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <ostream>
#include <string_view>
#include <utility>

#include "cli/factory/big_word.hpp"
#include "cli/factory/report.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;
using std::chrono::steady_clock;

constexpr std::chrono::milliseconds kRedraw{100};
constexpr std::size_t kLinesUnderWord = 2;  // totals and the table's head

struct Row {
  std::string serial, step, result;
  steady_clock::time_point since = steady_clock::now();
  steady_clock::duration took{};
  [[nodiscard]] bool is_busy() const { return result.empty(); }
};

/// 1-2 before 1-10.
struct ByPort {
  bool operator()(const std::string& a, const std::string& b) const {
    return std::pair{a.size(), std::string_view{a}} < std::pair{b.size(), std::string_view{b}};
  }
};

struct Sign {
  std::string_view word, colour;
};
constexpr Sign kReady{"READY", "1;36"}, kWorking{"WORKING", "1;33"}, kGood{"GOOD", "1;32"}, kFailed{"FAILED", "1;31"},
    kStop{"STOP", "1;37;41"};

std::string seconds_of(steady_clock::duration time) {
  return fmt::format("{:.1f}", std::chrono::duration<double>{time}.count());
}

class LiveReport final : public RunReport {
 public:
  LiveReport(std::string order, World& world) : order_{std::move(order)}, world_{world} {}

  void begun(const std::string& port) override { rows_[port] = {}; }
  void step(const std::string& port, const std::string& serial, std::string_view step) override {
    auto& row = rows_[port];
    row.serial = serial;
    row.step = step;
  }
  void finished(const std::string& port, const Attempt<Outcome>& attempt, const Times& times) override {
    auto& row = rows_[port];
    row.result = result_of(attempt);
    row.took = times.total;
    erase();
    const auto reason = reason_of(attempt);
    world_.out << fmt::format("{:<8} {:<14} {:<8} {:>6} s  {}\n", port, row.serial.empty() ? "-" : row.serial,
                              row.result, seconds_of(row.took), row.step)
               << std::flush;
    if (!reason.empty())
      world_.err << "lamp-factory: port " << port << ": " << row.result << ": " << reason << '\n' << std::flush;
  }
  void emptied(const std::string& port) override { rows_.erase(port); }
  void waiting(const OrderCount& /*count*/) override {}  // READY says so
  void stopping() override { is_stopping_ = true; }
  void moment(const LineResult& so_far) override {
    const auto now = steady_clock::now();
    if (drawn_lines_ != 0 && now - drawn_ < kRedraw) return;
    erase();
    draw(so_far);
    drawn_ = now;
  }
  void total(const std::string& order, const LineResult& result) override {
    erase();
    const bool is_bad = result.failed + result.refused > 0 && !result.count.complete();
    const auto& last = result.stopped ? kStop : is_bad ? kFailed : kGood;
    if (result.stopped || is_bad || result.good > 0) draw_sign(last, world_.terminal.size());
    world_.out << totals_text(order, result) << std::flush;
  }

 private:
  [[nodiscard]] bool any(std::string_view result) const {
    return std::any_of(rows_.begin(), rows_.end(), [&](const auto& entry) { return entry.second.result == result; });
  }
  [[nodiscard]] const Sign& sign() const {
    if (is_stopping_) return kStop;
    if (any("failed") || any("refused")) return kFailed;
    if (any("")) return kWorking;
    return any("good") ? kGood : kReady;
  }

  void erase() {
    if (drawn_lines_ != 0) world_.out << fmt::format("\033[{}A\r\033[J", drawn_lines_);
    drawn_lines_ = 0;
  }

  void line(std::string text, std::size_t columns) {
    if (text.size() >= columns) text.resize(columns - 1);  // a line that wraps would be two
    world_.out << text << '\n';
    ++drawn_lines_;
  }

  void draw_sign(const Sign& sign, const TerminalSize& size) {
    const auto coloured = [&](const std::string& text) { return fmt::format("\033[{}m{}\033[0m", sign.colour, text); };
    if (size.rows < kBigRows + kLinesUnderWord + rows_.size() + 1) {
      world_.out << coloured(fmt::format(" {} ", sign.word)) << '\n';
      ++drawn_lines_;
      return;
    }
    for (const auto& row : big_word(sign.word)) {
      world_.out << coloured(row.substr(0, size.columns - 1)) << '\n';
      ++drawn_lines_;
    }
  }

  void draw(const LineResult& so_far) {
    const auto size = world_.terminal.size();
    const auto& c = so_far.count;
    draw_sign(sign(), size);
    line(fmt::format("{} of {} done; {} good, {}, {} refused; {:.1f}/min, yield {:.1f} %  {}", c.done, c.total,
                     so_far.good, failures(so_far), so_far.refused, so_far.per_minute(), 100 * so_far.yield(), order_),
         size.columns);
    line(fmt::format("{:<8} {:<14} {:<10} {:>6}  {}", "port", "serial", "step", "time", "result"), size.columns);
    for (const auto& [port, row] : rows_) {
      if (drawn_lines_ + 2 > size.rows) break;
      const auto time = row.is_busy() ? steady_clock::now() - row.since : row.took;
      line(fmt::format("{:<8} {:<14} {:<10} {:>6}  {}", port, row.serial.empty() ? "-" : row.serial, row.step,
                       seconds_of(time), row.is_busy() ? "..." : row.result),
           size.columns);
    }
    world_.out << std::flush;
  }

  std::string order_;
  World& world_;
  std::map<std::string, Row, ByPort> rows_;
  std::size_t drawn_lines_ = 0;
  steady_clock::time_point drawn_{};
  bool is_stopping_ = false;
};

}  // namespace

std::unique_ptr<RunReport> make_live_report(const std::string& order, World& world) {
  return std::make_unique<LiveReport>(order, world);
}

}  // namespace lamp::cli
