#include <limits>

#include "cli/audit/logs.hpp"
#include "cli/audit/tool.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"

namespace lamp::cli {
namespace {

struct ProveOptions {
  std::string index;
  std::string log = "host";
  std::string output;
};

void declare(Arguments& a, ProveOptions& o) {
  a.positional("index", o.index, "The record's index, as 'lamp-audit show' prints it");
  a.option("--log", o.log, "Which log: host (default) or cloud");
  a.option("--output,-o", o.output, "File to write the receipt to; standard output by default");
}

Exit prove(const ProveOptions& options, World& world) {
  const auto index = parse_number(options.index, "index", 0, std::numeric_limits<std::int64_t>::max());
  const auto log = find_logs(config::Site::find(world.site), options.log).front();
  const auto receipt = audit::prove(*open_records(log), log.place, index);
  if (options.output.empty())
    world.out << receipt;
  else
    publish(options.output, receipt, Mode::shared, Existing::refuse);
  return Exit::ok;
}

}  // namespace

void add_audit_prove(Tool& tool) {
  tool.verb<ProveOptions>("prove", "Write a receipt that proves one record offline", declare, prove);
}

}  // namespace lamp::cli
