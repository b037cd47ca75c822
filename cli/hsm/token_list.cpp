#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/host.hpp"
#include "cli/hsm/verbs.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

struct ListOptions {
  bool json = false;
};

void declare(Arguments& a, ListOptions& o) { a.flag("--json", o.json, "Print JSON"); }

struct Row {
  std::string name, uri;
  hsm::TokenInfo info;
  std::string state;  // "ready", "absent", ...
  std::string why;    // for a token that could not be opened
};

std::string state_of(const hsm::TokenInfo& info) {
  if (!info.user_pin_set) return "no-pin";
  if (info.pin_locked) return "pin-locked";
  if (info.pin_final_try) return "one-try-left";
  return info.pin_count_low ? "wrong-pin-tried" : "ready";
}

Row look_at(Host& host, const config::TokenPlace& place) {
  Row row{place.name, place.uri, {}, "", ""};
  auto found = attempt([&] { return host.public_token(place.name).info(); });
  if (auto* info = std::get_if<hsm::TokenInfo>(&found)) {
    row.state = state_of(*info);
    row.info = std::move(*info);
  } else {
    const auto& error = std::get<Error>(found);
    row.state = error.code() == Errc::not_found ? "absent" : "unusable";
    row.why = error.what();
  }
  return row;
}

void print_json(const std::vector<Row>& rows, std::ostream& out) {
  auto all = nlohmann::json::array();
  for (const auto& row : rows) {
    nlohmann::json one{{"name", row.name}, {"uri", row.uri}, {"state", row.state}};
    if (row.why.empty()) {
      one["label"] = row.info.label;
      one["serial"] = row.info.serial;
      one["model"] = row.info.model;
      one["manufacturer"] = row.info.manufacturer;
    } else {
      one["why"] = row.why;
    }
    all.push_back(std::move(one));
  }
  out << all.dump(2) << '\n';
}

void print_table(const std::vector<Row>& rows, std::ostream& out) {
  fmt::print(out, "{:<14} {:<16} {:<18} {}\n", "TOKEN", "STATE", "SERIAL", "MODEL");
  for (const auto& row : rows) {
    fmt::print(out, "{:<14} {:<16} {:<18} {}\n", row.name, row.state, row.info.serial.empty() ? "-" : row.info.serial,
               row.info.model.empty() ? "-" : row.info.model);
  }
}

Exit list(const ListOptions& o, World& world) {
  Host host{world};
  std::vector<Row> rows;
  for (const auto& [name, place] : host.site().tokens) rows.push_back(look_at(host, place));
  o.json ? print_json(rows, world.out) : print_table(rows, world.out);
  return Exit::ok;
}

}  // namespace

void add_token_list(Tool& tool) {
  tool.verb<ListOptions>("token list", "List the site's tokens and their state", declare, list);
}

}  // namespace lamp::cli
