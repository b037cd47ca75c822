#include <fmt/format.h>
#include <fmt/ostream.h>

#include <chrono>
#include <filesystem>
#include <set>

#include "cli/factory/station_key.hpp"
#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "cli/usage.hpp"
#include "lib/base/file.hpp"
#include "lib/firmware/device_profile.hpp"
#include "manufacturing/order_book.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

constexpr std::uint64_t kMaxDays = 366;

struct CreateOptions {
  std::vector<std::string> models;
  std::string station, output, mac_range;
  std::uint64_t days = 30;
};

void declare(Arguments& a, CreateOptions& o) {
  a.required("--model", o.models, "What to make and how many, as MODEL=COUNT; repeat for more models");
  a.required("--station", o.station, "Station that may work on the order");
  a.required("-o,--output", o.output, "Order file to write; must not exist");
  a.option("--days", o.days, "Days until the order expires");
  a.option("--mac-range", o.mac_range, "Addresses to take from, as FIRST-LAST; demo sites have a range");
}

struct Wanted {
  firmware::DeviceProfile profile;
  std::uint64_t quantity;
};

std::vector<Wanted> read_models(const std::vector<std::string>& texts, const config::Site& site) {
  std::vector<Wanted> all;
  std::set<std::string> seen;
  for (const auto& text : texts) {
    const auto parts = split(text, '=');
    if (parts.size() != 2) throw UsageError{"--model: '" + text + "' is not MODEL=COUNT"};
    const std::string model{parts[0]};
    if (!seen.insert(model).second) throw UsageError{"--model: " + model + " is named twice"};
    all.push_back({firmware::device_profile(site, model),
                   option_value("--model", [&] { return parse_number(parts[1], model, 1, 1'000'000); })});
  }
  return all;
}

AddressPool read_pool(const std::string& text, const config::Site& site) {
  if (text.empty() && site.demo) return AddressPool::documentation();
  if (text.empty()) throw UsageError{"a site that is no demo needs --mac-range FIRST-LAST, of its own IEEE addresses"};
  const auto parts = split(text, '-');
  if (parts.size() != 2) throw UsageError{"--mac-range: '" + text + "' is not FIRST-LAST"};
  return option_value("--mac-range", [&] {
    const AddressPool pool{MacAddress::parse(parts[0]), MacAddress::parse(parts[1])};
    if (pool.last < pool.first) throw Error{Errc::bad_input, "the last address is before the first"};
    return pool;
  });
}

Order take(Host& host, const OrderRequest& request) {
  auto& database = host.database();
  database.migrate(order_book_schema());
  return database.write([&](store::Transaction& t) {
    auto order = take_order(t, request, host.world().rng);
    audit::Event event{account_name(),
                       "factory.order.create",
                       order.id,
                       {{"station", order.station}, {"key", hex(order.station_key)}}};
    for (const auto& line : order.lines)
      event.details.emplace_back(line.model,
                                 fmt::format("{} from {}, {}", line.quantity, line.serial(0), line.mac_first.text()));
    audit::record(t, event, host.now(), host.world().rng);
    return order;
  });
}

Exit create(const CreateOptions& options, World& world) {
  Host host{world};
  const auto wanted = read_models(options.models, host.site());
  auto bound_to = station_key(host.site(), options.station);
  if (options.days < 1 || options.days > kMaxDays)
    throw UsageError{fmt::format("--days: a number from 1 to {} is expected", kMaxDays)};
  if (std::filesystem::exists(options.output))
    throw Error{Errc::exists, options.output + ": exists already; not overwritten"};
  OrderRequest request{host.site().name,
                       options.station,
                       std::move(bound_to),
                       {},
                       read_pool(options.mac_range, host.site()),
                       host.now(),
                       host.now() + std::chrono::days{options.days}};
  for (const auto& one : wanted) request.lines.push_back({&one.profile, one.quantity});
  const auto order = take(host, request);
  publish(options.output, order.yaml(), Mode::shared, Existing::refuse);
  host.finish();
  for (const auto& line : order.lines)
    fmt::print(world.out, "{:<14} {:>6}  {} to {}  {} to {}\n", line.model, line.quantity, line.serial(0),
               line.serial(line.quantity - 1), line.mac_first.text(), line.mac_last().text());
  fmt::print(world.out, "{}: {} for station {}, key {}, until {}; needs {} approval(s) of quorum {}\n", options.output,
             order.id, order.station, hex(order.station_key), format_instant(order.not_after),
             host.site().order_approvals, host.site().order_quorum);
  return Exit::ok;
}

}  // namespace

void add_order_create(Tool& tool) {
  tool.verb<CreateOptions>("order create", "Make an order: reserves serial numbers and addresses", declare, create);
}

}  // namespace lamp::cli
