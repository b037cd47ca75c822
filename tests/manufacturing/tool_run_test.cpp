// What is read of espefuse's answers, and how any such program is run; without the program itself.
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "manufacturing/esp_efuse.hpp"
#include "manufacturing/tool_run.hpp"

namespace lamp::manufacturing {
namespace {

TEST(EfuseSummaries, ThatLackAFuseAreRefused) {
  EXPECT_THROW((void)parse_efuse_summary("", 0), Error);
  EXPECT_THROW((void)parse_efuse_summary("espefuse v4\n{}", 0), Error);
  EXPECT_THROW((void)parse_efuse_summary(R"({"MAC": {"value": 5}})", 0), Error);
  EXPECT_THROW((void)parse_efuse_summary("{\"MAC\": ", 0), Error);
}

TEST(ToolRun, GivesTheSecretToTheProgramAlone) {
  const auto ran = run_tool({"cat", kSecretPath}, as_bytes("hidden"), std::chrono::seconds{10});
  EXPECT_EQ(ran.status, 0);
  EXPECT_EQ(ran.out, "hidden");
}

TEST(ToolRun, EndsAProgramThatDoesNotEnd) {
  EXPECT_THROW((void)run_tool({"sleep", "60"}, {}, std::chrono::seconds{0}), Error);
  const auto absent = attempt([] { return run_tool({"no-such-program"}, {}, std::chrono::seconds{1}); });
  EXPECT_EQ(std::get<Error>(absent).code(), Errc::not_found);
}

}  // namespace
}  // namespace lamp::manufacturing
