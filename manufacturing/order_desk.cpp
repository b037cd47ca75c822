#include "manufacturing/order_desk.hpp"

#include <algorithm>
#include <system_error>

#include "lib/base/error.hpp"
#include "lib/quorum/anchor.hpp"
#include "manufacturing/journal.hpp"
#include "manufacturing/order_book.hpp"

namespace lamp::manufacturing {
namespace {

namespace fs = std::filesystem;

const OrderLine* line_with(const Order& order, const std::string& serial) {
  const auto found = std::find_if(order.lines.begin(), order.lines.end(),
                                  [&](const OrderLine& line) { return line.index_of(serial).has_value(); });
  return found == order.lines.end() ? nullptr : &*found;
}

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code failed;
  for (fs::directory_iterator it{folder, failed}, end; !failed && it != end; it.increment(failed))
    if (it->path().extension() == ".yaml") files.push_back(it->path());
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

const Order& OrderDesk::read(const fs::path& file) {
  const auto written = guarded(Errc::unavailable, [&] { return fs::last_write_time(file); });
  const auto found = kept_.find(file);
  if (found != kept_.end() && found->second.written == written) return found->second.order;
  return kept_.insert_or_assign(file, Kept{written, Order::load(file)}).first->second.order;
}

Order OrderDesk::order_for(const std::string& station, const std::string& serial) {
  const std::lock_guard lock{mutex_};
  const Order* found = nullptr;
  const auto folder = rules_.factory / station / "orders";
  for (const auto& file : files_in(folder)) {
    const auto& order = read(file);
    if (line_with(order, serial) == nullptr) continue;
    if (found != nullptr && found->id != order.id)
      throw Error{Errc::denied,
                  "orders " + found->id + " and " + order.id + " of station " + station + " both have " + serial};
    found = &order;
  }
  if (found == nullptr)
    throw Error{Errc::denied, "no order of station " + station + " has serial number " + serial + "; approved orders " +
                                  "lie in " + folder.string()};
  return *found;
}

void OrderDesk::require_approved(store::Transaction& transaction, const Order& order, const Station& station,
                                 Instant now) {
  const auto roster = rules_.roster();
  if (quorum::recognise(transaction, roster) == quorum::Known::never_seen)
    throw Error{Errc::denied, "this host does not know the roster " + roster.name};
  OrderPolicy policy{rules_.site, station.name, from_hex(station.key), rules_.approvals, {}};
  for (const auto& line : order.lines)
    if (const auto model = rules_.model(line.model)) policy.profiles.emplace_back(line.model, model->profile);
  const auto verdict = judge(order, policy, roster, now);
  if (!verdict.acceptable()) throw Error{Errc::denied, verdict.objections.front()};
}

OrderDesk::Permit OrderDesk::take(store::Transaction& transaction, const Station& station, const std::string& serial,
                                  const std::string& key, Instant now) {
  if (!is_name(station.name)) throw Error{Errc::denied, "a station without a usable name"};
  const auto order = order_for(station.name, serial);
  const auto& line = *line_with(order, serial);
  require_approved(transaction, order, station, now);
  // An order that was closed, or that came with another content before, is refused here.
  (void)import_order(transaction, order, now);
  take_unit(transaction, order, line, serial, key, now);
  const auto model = rules_.model(line.model);
  if (!model) throw Error{Errc::denied, "there is no device profile for model " + line.model + " on this host"};
  const auto mac = line.mac(*line.index_of(serial));
  return {order.id,
          model->certificate_profile,
          {{"serial", serial}, {"model", line.model}, {"mac", mac.text()}},
          model->hardware_type};
}

}  // namespace lamp::manufacturing
