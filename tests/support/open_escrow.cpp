// open_escrow: opens every escrow box of this site's registry by the key of the token "escrow", and holds what is in it
// against the secrets in the virtual devices' flash. Prints how many boxes there were; fails when one does not open, or
// holds something else, or when the station's journal still has a box of a device that came in.
#include <botan/rng.h>

#include <iostream>
#include <map>

#include "cli/host.hpp"
#include "cli/sim/device_flash.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/firmware/credential_block.hpp"
#include "lib/registry/device.hpp"
#include "lib/registry/intake.hpp"
#include "manufacturing/handover.hpp"

namespace {

using namespace lamp;

std::map<std::string, firmware::CredentialBlock> blocks(const std::filesystem::path& folder) {
  std::map<std::string, firmware::CredentialBlock> all;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (!sim::DeviceFlash::is_at(entry)) continue;
    const auto contents = sim::DeviceFlash::peek(entry);
    if (contents.credential_block.empty()) continue;
    auto block = firmware::parse_credential_block(contents.credential_block);
    const auto serial = block.serial;
    all.emplace(serial, std::move(block));
  }
  return all;
}

bool is_in(const firmware::CredentialBlock& block, const std::string& name, ByteView secret) {
  const auto same = [&](std::span<const std::uint8_t> other) { return equal_constant_time(secret, other); };
  if (name == "ble-commissioning-secret")
    return block.commissioning_secret && same(block.commissioning_secret->expose_secret());
  if (name == "zigbee-install-code") return block.install_code && same(block.install_code->expose_secret());
  for (const auto& [other, value] : block.secrets)
    if (other == name) return same(value.expose_secret());
  return false;
}

std::size_t open_all() {
  cli::RealWorld real;
  cli::Host host{real.world()};
  store::Database registry{host.site().cloud_database};
  host.database().migrate(manufacturing::journal_schema());
  const auto key = host.token("escrow").agreement_key("escrow");
  const auto devices = blocks(host.site().root / "sim");
  std::size_t opened = 0;
  for (const auto& device : registry.read([](store::Transaction& t) { return registry::devices(t); })) {
    const auto boxes = registry.read([&](store::Transaction& t) { return registry::escrow_boxes(t, device.serial); });
    if (boxes.empty()) throw Error{Errc::not_found, device.serial + " has no box in the registry"};
    for (const auto& [name, box] : boxes) {
      const auto secret = crypto::open_sealed(box, *key, binding::escrow_context(device.serial, name));
      const auto found = devices.find(device.serial);
      if (found == devices.end() || !is_in(found->second, name, secret))
        throw Error{Errc::denied, device.serial + ": " + name + " is not what the device has"};
      ++opened;
    }
    const auto unit =
        host.database().read([&](store::Transaction& t) { return manufacturing::find_unit(t, device.serial); });
    if (unit && !unit->escrow.empty()) throw Error{Errc::denied, device.serial + " still has boxes on the station"};
  }
  return opened;
}

}  // namespace

int main() {
  try {
    std::cout << open_all() << " boxes opened\n";
    return 0;
  } catch (const std::exception& e) {
    std::cerr << "open_escrow: " << e.what() << '\n';
    return 3;
  }
}
