#include "cli/sim/device_updater.hpp"

namespace lamp::sim {

namespace {

/// A device without a model's key decrypts nothing.
SymmetricKey key_of(const firmware::CredentialBlock& credentials) {
  if (!credentials.model_kek) return SymmetricKey{SecureBytes{}};
  const auto bytes = credentials.model_kek->expose_secret();
  return SymmetricKey{SecureBytes{bytes.begin(), bytes.end()}};
}

}  // namespace

firmware::CredentialBlock credentials_of(const DeviceFlash& flash) {
  const auto& block = flash.contents().credential_block;
  if (block.empty()) throw Error{Errc::denied, flash.name() + " has not been through the factory: lamp-factory run"};
  return in_context("reading the credentials of " + flash.name(),
                    [&] { return firmware::parse_credential_block(block); });
}

DeviceUpdater::DeviceUpdater(const DeviceFlash& flash)
    : credentials_{credentials_of(flash)},
      flash_{flash.image_file(), flash.contents().slot_size},
      crypto_{key_of(credentials_)},
      trust_{firmware::device_trust(credentials_)},
      updater_{flash_, crypto_, trust_} {}

firmware::device::Boot DeviceUpdater::start() {
  const auto boot = updater_.boot();
  if (boot == firmware::device::Boot::trial) updater_.confirm();
  return boot;
}

}  // namespace lamp::sim
