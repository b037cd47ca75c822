// What the operator of a line sees.
#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <sstream>
#include <thread>

#include "cli/factory/big_word.hpp"
#include "cli/factory/report.hpp"
#include "lib/base/error.hpp"

namespace lamp::test {
namespace {

using namespace manufacturing;
using testing::HasSubstr;
using testing::Not;

class Screen final : public cli::Terminal {
 public:
  explicit Screen(bool interactive) : interactive_{interactive} {}
  Passphrase ask_secret(std::string_view) override { throw Error{Errc::unavailable, "no terminal"}; }
  [[nodiscard]] bool is_interactive() const override { return interactive_; }
  [[nodiscard]] cli::TerminalSize size() const override { return window; }
  cli::TerminalSize window;

 private:
  bool interactive_;
};

class LineReport : public testing::Test {
 protected:
  std::unique_ptr<cli::RunReport> report(bool at_terminal, cli::ReportForm form = cli::ReportForm::text) {
    screen_ = std::make_unique<Screen>(at_terminal);
    world_.emplace(cli::World{clock_, Botan::system_rng(), *screen_, in_, out_, err_, {}});
    return cli::make_report(form, "order-1", *world_);
  }
  /// The last picture that was drawn.
  std::string picture(cli::RunReport& report) {
    std::this_thread::sleep_for(std::chrono::milliseconds{110});  // pictures are not drawn faster
    out_.str({});
    report.moment(result_);
    return out_.str();
  }
  static Outcome good() { return {Outcome::Result::good, "SL-26-000001", "smart-lamp", {}}; }

  FixedClock clock_{parse_instant("2026-11-22T13:00:00Z")};
  std::unique_ptr<Screen> screen_;
  std::istringstream in_;
  std::ostringstream out_, err_;
  std::optional<cli::World> world_;
  LineResult result_;
};

std::string first_row(std::string_view word) { return cli::big_word(word)[0]; }

TEST(BigWord, HasFiveRowsOfTheSameWidth) {
  for (const auto* word : {"READY", "WORKING", "GOOD", "FAILED", "STOP"}) {
    const auto rows = cli::big_word(word);
    for (const auto& row : rows) EXPECT_EQ(row.size(), rows[0].size()) << word;
    EXPECT_THAT(rows[2], HasSubstr("#"));
  }
}

TEST_F(LineReport, ShowsInOneWordWhatTheOperatorIsToDo) {
  const auto live = report(true);
  EXPECT_THAT(picture(*live), HasSubstr(first_row("READY")));
  live->begun("1-1");
  live->step("1-1", "SL-26-000001", "install");
  EXPECT_THAT(picture(*live), AllOf(HasSubstr(first_row("WORKING")), HasSubstr("SL-26-000001"), HasSubstr("install")));
  live->finished("1-1", good(), {});
  EXPECT_THAT(picture(*live), HasSubstr(first_row("GOOD")));
  live->begun("1-2");
  live->finished("1-2", Error{Errc::denied, "the lock did not take"}, {});
  EXPECT_THAT(picture(*live), HasSubstr(first_row("FAILED")));
  EXPECT_THAT(err_.str(), HasSubstr("port 1-2: failed: the lock did not take"));
  live->emptied("1-2");
  EXPECT_THAT(picture(*live), HasSubstr(first_row("GOOD")));
  live->stopping();
  EXPECT_THAT(picture(*live), HasSubstr(first_row("STOP")));
}

TEST_F(LineReport, RedrawsInPlaceAndWithinTheWindow) {
  const auto live = report(true);
  screen_->window = {12, 40};
  for (int port = 1; port <= 16; ++port) live->begun("1-" + std::to_string(port));
  const auto first = picture(*live);
  EXPECT_LT(std::count(first.begin(), first.end(), '\n'), 12);
  EXPECT_THAT(first, AllOf(HasSubstr("WORKING"), Not(HasSubstr("#"))));  // no room for the big one
  EXPECT_THAT(picture(*live),
              testing::StartsWith("\033[" + std::to_string(std::count(first.begin(), first.end(), '\n')) + "A"));
}

TEST_F(LineReport, HasNoControlCharactersElsewhere) {
  const auto plain = report(false);
  plain->begun("1-1");
  plain->step("1-1", "SL-26-000001", "install");
  plain->moment(result_);
  plain->finished("1-1", good(), {});
  plain->total("order-1", result_);
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("1-1      SL-26-000001   smart-lamp   good     install"), Not(HasSubstr("\033"))));
}

TEST_F(LineReport, KeepsThePortsApart) {
  const auto plain = report(false);
  plain->begun("1-1");
  plain->begun("1-2");
  plain->step("1-1", "SL-26-000001", "reserve");
  plain->step("1-2", "SL-26-000002", "reserve");
  plain->step("1-1", "SL-26-000001", "key");
  plain->finished("1-1", good(), {});
  EXPECT_THAT(out_.str(), HasSubstr("SL-26-000001   smart-lamp   good     reserve key\n"));
}

TEST_F(LineReport, TellsProgramsWhereTheTimeWent) {
  const auto json = report(false, cli::ReportForm::json);
  json->begun("1-1");
  json->step("1-1", "SL-26-000001", "reserve");
  Times times;
  times.total = std::chrono::milliseconds{30};
  times.device = std::chrono::milliseconds{20};
  times.token = std::chrono::milliseconds{4};
  json->finished("1-1", good(), times);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr(R"("event":"unit")"), HasSubstr(R"("host":6.0)"),
                                HasSubstr(R"("serial":"SL-26-000001")")));
}

TEST_F(LineReport, TellsFailuresByReason) {
  result_.good = 3;
  result_.failed = 2;
  result_.reasons = {{"no answer", 1}, {"contradiction", 1}};
  EXPECT_THAT(
      cli::totals_text("order-1", result_),
      AllOf(HasSubstr("3 good, 0 refused, 2 failed (contradiction 1, no answer 1)"), HasSubstr("yield 60.0 %")));
}

}  // namespace
}  // namespace lamp::test
