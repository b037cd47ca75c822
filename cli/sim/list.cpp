#include "cli/sim/list.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/sim/device_flash.hpp"
#include "cli/sim/shelf.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/credential_block.hpp"
#include "lib/firmware/device/file_flash.hpp"
#include "lib/firmware/device/settings.hpp"
#include "lib/firmware/verify.hpp"

namespace lamp::cli {

namespace {

struct Row {
  std::string name, model, serial, state, version;
  std::uint64_t sequence = 0, epoch = 0;
};

Row look_at(const std::filesystem::path& folder) {
  const auto contents = sim::DeviceFlash::peek(folder);
  Row row{folder.filename().string(), contents.model, "-", std::string{name_of(contents.state)}, "-"};
  if (!contents.credential_block.empty())
    row.serial = firmware::parse_credential_block(contents.credential_block).serial;
  const firmware::device::FileFlash images{sim::DeviceFlash::image_file(folder), contents.slot_size};
  firmware::SoftwareVerifier verifier;
  if (const auto settings = firmware::device::load(images, verifier)) {
    row.version = settings->image(settings->active).version.text();
    row.sequence = settings->sequence_floor;
    row.epoch = settings->epoch_floor;
  }
  return row;
}

void print(const std::vector<Row>& rows, std::ostream& out) {
  constexpr const char* line = "{:<16} {:<14} {:<14} {:<12} {:<9} {:>8} {:>6}\n";
  out << fmt::format(line, "DEVICE", "MODEL", "SERIAL", "STATE", "VERSION", "SEQUENCE", "EPOCH");
  for (const auto& r : rows)
    out << fmt::format(line, r.name, r.model, r.serial, r.state, r.version, r.sequence, r.epoch);
}

nlohmann::json to_json(const Row& r) {
  return {{"device", r.name},     {"model", r.model},       {"serial", r.serial}, {"state", r.state},
          {"version", r.version}, {"sequence", r.sequence}, {"epoch", r.epoch}};
}

}  // namespace

void declare(Arguments& arguments, SimListOptions& options) { arguments.flag("--json", options.json, "Print JSON"); }

Exit sim_list(const SimListOptions& options, World& world) {
  const auto site = config::Site::find(world.site);
  std::vector<Row> rows;
  for (const auto& folder : sim::everything_on_shelf(site))
    rows.push_back(in_context(folder.filename().string(), [&] { return look_at(folder); }));
  if (!options.json) {
    print(rows, world.out);
    return Exit::ok;
  }
  auto all = nlohmann::json::array();
  for (const auto& row : rows) all.push_back(to_json(row));
  world.out << all.dump(2) << '\n';
  return Exit::ok;
}

}  // namespace lamp::cli
