#include "tests/support/run_tool.hpp"

#include <botan/system_rng.h>

#include <sstream>

#include "lib/base/error.hpp"

namespace lamp::test {
namespace {

class NoTerminal final : public cli::Terminal {
 public:
  Passphrase ask_secret(std::string_view) override { throw Error{Errc::unavailable, "no terminal"}; }
  [[nodiscard]] bool is_interactive() const override { return false; }
};

}  // namespace

Ran run_tool(cli::Tool tool, const std::vector<std::string>& arguments) {
  FixedClock clock{parse_instant("2026-11-22T13:00:00Z")};
  NoTerminal terminal;
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  cli::World world{clock, Botan::system_rng(), terminal, in, out, err, {}};
  const std::string name = tool.name();
  std::vector<const char*> argv{name.c_str()};
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  const int exit = cli::run(std::move(tool), static_cast<int>(argv.size()), argv.data(), world);
  return {exit, out.str(), err.str()};
}

}  // namespace lamp::test
