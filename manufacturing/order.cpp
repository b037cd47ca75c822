#include "manufacturing/order.hpp"

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>

#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/quorum/approval.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::uint64_t kMaxQuantity = 1'000'000, kMaxSerial = 999'999;
constexpr std::size_t kDigestSize = 32;

Bytes digest_at(const config::Node& node) {
  auto digest = in_context(node.place(), [&] { return from_hex(node.text()); });
  if (digest.size() != kDigestSize) node.refuse("expected a SHA-256 digest");
  return digest;
}

OrderLine read_line(const config::Node& node) {
  node.only({"model", "quantity", "profile", "serial-prefix", "serial-first", "mac-first", "mac-last"});
  OrderLine line;
  line.model = node.at("model").text();
  require_name(line.model, node.at("model").place());
  line.quantity = node.at("quantity").number(1, kMaxQuantity);
  line.profile = digest_at(node.at("profile"));
  line.serial_prefix = node.at("serial-prefix").text();
  line.serial_first = node.at("serial-first").number(1, kMaxSerial);
  if (line.serial_first + line.quantity - 1 > kMaxSerial) node.at("serial-first").refuse("the numbers run out");
  const auto mac_at = [&](std::string_view key) {
    return in_context(node.at(key).place(), [&] { return MacAddress::parse(node.at(key).text()); });
  };
  line.mac_first = mac_at("mac-first");
  const auto last = mac_at("mac-last");
  if (last < line.mac_first || last.number() - line.mac_first.number() + 1 != line.quantity)
    node.at("mac-last").refuse("the range does not hold as many addresses as the quantity says");
  return line;
}

OrderApproval read_approval(const config::Node& node) {
  node.only({"officer", "signature"});
  const auto signature = node.at("signature");
  return {node.at("officer").text(), in_context(signature.place(), [&] { return from_base64(signature.text()); })};
}

Instant instant_at(const config::Node& node) {
  return in_context(node.place(), [&] { return parse_instant(node.text()); });
}

Order read(const config::Node& root) {
  root.only({"order", "site", "station", "station-key", "created", "not-after", "lines", "approvals"});
  Order order;
  order.id = root.at("order").text();
  require_name(order.id, root.at("order").place());
  order.site = root.at("site").text();
  order.station = root.at("station").text();
  require_name(order.station, root.at("station").place());
  order.station_key = digest_at(root.at("station-key"));
  order.created = instant_at(root.at("created"));
  order.not_after = instant_at(root.at("not-after"));
  std::set<std::string> models;
  for (const auto& item : root.at("lines").items()) {
    order.lines.push_back(read_line(item));
    if (!models.insert(order.lines.back().model).second) item.refuse("a second line for the same model");
  }
  if (order.lines.empty()) root.at("lines").refuse("an order without lines");
  if (const auto approvals = root.find("approvals"))
    for (const auto& item : approvals->items()) order.approvals.push_back(read_approval(item));
  return order;
}

void write_line(config::YamlWriter& yaml, const OrderLine& line) {
  yaml.begin_map().key("model").value(line.model).key("quantity").value(line.quantity);
  yaml.key("profile").value(hex(line.profile)).key("serial-prefix").value(line.serial_prefix);
  yaml.key("serial-first").value(line.serial_first).key("mac-first").value(line.mac_first.text());
  yaml.key("mac-last").value(line.mac_last().text()).end_map();
}

void write_approvals(config::YamlWriter& yaml, const std::vector<OrderApproval>& approvals) {
  yaml.key("approvals").begin_list();
  for (const auto& [officer, signature] : approvals)
    yaml.begin_map().key("officer").value(officer).key("signature").value(base64(signature)).end_map();
  yaml.end_list();
}

void add_profile_objections(const OrderLine& line, const OrderPolicy& policy, Verdict& verdict) {
  const auto found = std::find_if(policy.profiles.begin(), policy.profiles.end(),
                                  [&](const auto& entry) { return entry.first == line.model; });
  if (found == policy.profiles.end() || found->second.empty())
    verdict.objections.push_back("there is no device profile for model " + line.model + " on this host");
  else if (found->second != line.profile)
    verdict.objections.push_back("the device profile of " + line.model + " is not the one that was ordered");
}

std::string other_key(const Order& order, const OrderPolicy& policy) {
  return "order " + order.id + " is for key " + hex(order.station_key) + " of station " + order.station +
         ", whose certificate has key " + hex(policy.station_key) +
         " now; have 'lamp-factory order create' make an order for this certificate, and officers approve it";
}

}  // namespace

std::string OrderLine::serial(std::uint64_t index) const {
  const auto digits = std::to_string(serial_first + index);
  return serial_prefix + std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
}

std::optional<std::uint64_t> OrderLine::index_of(const std::string& serial_number) const {
  if (!serial_number.starts_with(serial_prefix)) return std::nullopt;
  const auto digits = std::string_view{serial_number}.substr(serial_prefix.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  if (number < serial_first || number - serial_first >= quantity) return std::nullopt;
  const auto index = number - serial_first;
  if (serial(index) != serial_number) return std::nullopt;  // one number has one text
  return index;
}

MacAddress OrderLine::mac(std::uint64_t index) const { return MacAddress::from_number(mac_first.number() + index); }

Order Order::load(const std::filesystem::path& file) { return read(config::Node::load(file)); }

Order Order::parse(std::string_view text, std::string name) { return read(config::Node::parse(text, std::move(name))); }

std::string Order::yaml() const {
  config::YamlWriter out;
  out.comment("A production order, lamp-order(5). Whatever is changed here voids the approvals.");
  out.begin_map().key("order").value(id).key("site").value(site).key("station").value(station);
  out.key("station-key").value(hex(station_key));
  out.key("created").value(format_instant(created)).key("not-after").value(format_instant(not_after));
  out.key("lines").begin_list();
  for (const auto& line : lines) write_line(out, line);
  out.end_list();
  if (!approvals.empty()) write_approvals(out, approvals);
  out.end_map();
  return out.text();
}

Bytes Order::canonical() const {
  cbor::Writer list;
  list.array(lines.size());
  for (const auto& line : lines)
    list.array(6)
        .text(line.model)
        .unsigned_integer(line.quantity)
        .bytes(line.profile)
        .text(line.serial_prefix)
        .unsigned_integer(line.serial_first)
        .unsigned_integer(line.mac_first.number());
  return cbor::MapWriter{}
      .add(1, cbor::text_item(id))
      .add(2, cbor::text_item(site))
      .add(3, cbor::text_item(station))
      .add(4, cbor::number_item(static_cast<std::uint64_t>(unix_seconds(created))))
      .add(5, cbor::number_item(static_cast<std::uint64_t>(unix_seconds(not_after))))
      .add(6, std::move(list))
      .add(7, cbor::bytes_item(station_key))
      .encoded();
}

const OrderLine* Order::find(const std::string& model) const noexcept {
  const auto found = std::find_if(lines.begin(), lines.end(), [&](const OrderLine& l) { return l.model == model; });
  return found == lines.end() ? nullptr : &*found;
}

std::uint64_t Order::total() const noexcept {
  return std::accumulate(lines.begin(), lines.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const OrderLine& line) { return sum + line.quantity; });
}

std::vector<Bytes> Order::signatures() const {
  std::vector<Bytes> all;
  for (const auto& approval : approvals) all.push_back(approval.signature);
  return all;
}

quorum::Tally tally(const Order& order, const quorum::Roster& roster, Instant now) {
  return quorum::tally(order.signatures(), roster, order.canonical(), quorum::kOrderContext, now);
}

Verdict judge(const Order& order, const OrderPolicy& policy, const quorum::Roster& roster, Instant now) {
  Verdict verdict;
  auto& objections = verdict.objections;
  if (order.site != policy.site)
    objections.push_back("the order is for site " + order.site + ", this is " + policy.site);
  if (order.station != policy.station)
    objections.push_back("the order is for station " + order.station + ", this is " + policy.station);
  else if (order.station_key != policy.station_key)
    objections.push_back(other_key(order, policy));
  if (now > order.not_after) objections.push_back("the order expired at " + format_instant(order.not_after));
  if (now < order.created)
    objections.push_back("the order was made at " + format_instant(order.created) +
                         ", which is later than this host's clock");
  const auto counted = tally(order, roster, now);
  if (!counted.reaches(policy.approvals)) {
    objections.push_back("order " + order.id + " has " + std::to_string(counted.approved.size()) + " of " +
                         std::to_string(policy.approvals) + " approvals; " +
                         quorum::describe_missing(counted, policy.approvals));
    objections.insert(objections.end(), counted.objections.begin(), counted.objections.end());
  }
  for (const auto& line : order.lines) add_profile_objections(line, policy, verdict);
  return verdict;
}

}  // namespace lamp::manufacturing
