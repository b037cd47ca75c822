#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "lib/base/file.hpp"
#include "lib/quorum/model_keys.hpp"
#include "manufacturing/order.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

struct ApproveOptions {
  std::string file, officer;
};

void declare(Arguments& a, ApproveOptions& o) {
  a.positional("file", o.file, "Order file, lamp-order(5)");
  a.required("--as", o.officer, "Officer who approves; the token's PIN is needed");
}

Exit approve(const ApproveOptions& options, World& world) {
  Host host{world};
  auto order = Order::load(options.file);
  const auto roster = quorum::Roster::load(quorum::roster_file(host.site().root, host.site().order_quorum));
  if (roster.find(options.officer) == nullptr)
    throw Error{Errc::denied, options.officer + " is no officer of quorum " + roster.name};
  if (host.now() > order.not_after)
    throw Error{Errc::denied, "order " + order.id + " expired at " + format_instant(order.not_after)};
  const auto key = host.person_key(options.officer);
  auto signature = quorum::approve(*key, roster, order.canonical(), quorum::kOrderContext, order.not_after, world.rng);
  std::erase_if(order.approvals, [&](const OrderApproval& a) { return a.officer == options.officer; });
  order.approvals.push_back({options.officer, std::move(signature)});
  publish(options.file, order.yaml());
  const auto counted = tally(order, roster, host.now());
  host.record(
      {options.officer, "factory.order.approve", order.id, {{"approvals", std::to_string(counted.approved.size())}}});
  host.finish();
  fmt::print(world.out, "{}: {} approved {} devices for station {}; {} of {} approvals\n", order.id, options.officer,
             order.total(), order.station, counted.approved.size(), host.site().order_approvals);
  return Exit::ok;
}

}  // namespace

void add_order_approve(Tool& tool) {
  tool.verb<ApproveOptions>("order approve", "Approve exactly what an order file says", declare, approve);
}

}  // namespace lamp::cli
