#include "cli/sim/fleet_device.hpp"

#include <botan/pkcs8.h>

#include <utility>

#include "cli/sim/virtual_device.hpp"

namespace lamp::sim {

namespace {

DdiClient connect(const DeviceFlash& flash, std::shared_ptr<Botan::RandomNumberGenerator> rng) {
  const auto credentials = credentials_of(flash);
  cloud::Identity identity{credentials.chain, device_key(flash.contents())};
  return {credentials.cloud_url, credentials.serial,
          cloud::Client{credentials.cloud_url, credentials.trust_anchors, std::move(identity), std::move(rng)}};
}

}  // namespace

FleetDevice::FleetDevice(const std::filesystem::path& folder, std::shared_ptr<Botan::RandomNumberGenerator> rng)
    : FleetDevice{folder, DeviceFlash::open(folder), std::move(rng)} {}

FleetDevice::FleetDevice(std::filesystem::path folder, const DeviceFlash& flash,
                         std::shared_ptr<Botan::RandomNumberGenerator> rng)
    : folder_{std::move(folder)},
      model_{flash.contents().model},
      serial_{credentials_of(flash).serial},
      service_{connect(flash, std::move(rng))} {
  version_ = DeviceUpdater{flash}.version().text();
}

FleetDevice::Poll FleetDevice::poll() {
  // Held only for the poll: another program may work on the device between two.
  const auto flash = DeviceFlash::open(folder_);
  DeviceUpdater updater{flash};
  wake(updater);
  if (reported_ != version_) report(updater);
  const auto offer = service_.poll();
  return offer ? follow(*offer, updater) : Poll::quiet;
}

void FleetDevice::wake(DeviceUpdater& updater) {
  const bool restart_due = updater.settings().trial != firmware::device::Trial::none;
  if (!std::exchange(awake_, true) || restart_due) updater.start();
  version_ = updater.version().text();
}

void FleetDevice::report(const DeviceUpdater& updater) {
  const auto& settings = updater.settings();
  service_.report({model_, serial_, version_, settings.sequence_floor, settings.epoch_floor});
  reported_ = version_;
}

FleetDevice::Poll FleetDevice::follow(const Offer& offer, DeviceUpdater& updater) {
  service_.feed_back(offer.action, Progress::proceeding, "downloading " + offer.version);
  const auto download = attempt([&] { return service_.download(offer); });
  if (const auto* error = std::get_if<Error>(&download)) {
    if (error->code() != Errc::bad_input) throw Error{*error};  // the connection, not the file
    return give_up(offer, error->what());
  }
  const auto outcome = updater.offer(std::get<Bytes>(download));
  if (outcome.accepted()) return restart(offer, updater);
  // The same release again: power or connection was cut between its installation and the report of it.
  if (outcome.reason == firmware::Reason::old_sequence && offer.version == version_) {
    result_ = "runs " + version_ + " already";
    service_.feed_back(offer.action, Progress::success, result_);
    report(updater);
    return Poll::updated;
  }
  return give_up(offer, "refused: " + outcome.text);
}

FleetDevice::Poll FleetDevice::restart(const Offer& offer, DeviceUpdater& updater) {
  service_.feed_back(offer.action, Progress::proceeding, "installed, restarting");
  const auto before = version_;
  const auto boot = updater.start();
  version_ = updater.version().text();
  if (boot != firmware::device::Boot::trial) return give_up(offer, "the new image did not start; runs " + version_);
  service_.feed_back(offer.action, Progress::success, "runs " + version_);
  report(updater);
  result_ = before + " -> " + version_;
  return Poll::updated;
}

FleetDevice::Poll FleetDevice::give_up(const Offer& offer, const std::string& why) {
  service_.feed_back(offer.action, Progress::failure, why);
  result_ = offer.version + " " + why;
  return Poll::refused;
}

}  // namespace lamp::sim
