#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "manufacturing/journal.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

struct CloseOptions {
  std::string file;
};

void declare(Arguments& a, CloseOptions& o) { a.positional("file", o.file, "Order file, lamp-order(5)"); }

Exit close(const CloseOptions& options, World& world) {
  Host host{world};
  const auto order = Order::load(options.file);
  host.database().migrate(journal_schema());
  const auto made = host.database().write([&](store::Transaction& t) {
    close_order(t, order.id, host.now());
    const auto counted = count(t, order);
    audit::record(t,
                  {account_name(),
                   "factory.order.close",
                   order.id,
                   {{"done", std::to_string(counted.done)}, {"scrapped", std::to_string(counted.scrapped)}}},
                  host.now(), world.rng);
    return counted;
  });
  host.finish();
  fmt::print(world.out, "{} is closed: {} done, {} scrapped, {} of {} never finished\n", order.id, made.done,
             made.scrapped, made.total - made.done - made.scrapped, made.total);
  return Exit::ok;
}

}  // namespace

void add_order_close(Tool& tool) {
  tool.verb<CloseOptions>("order close", "Close an order for good: nothing more is made from it", declare, close);
}

}  // namespace lamp::cli
