#include "manufacturing/station_flow.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <botan/x509_key.h>

#include <chrono>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/crypto/seal.hpp"
#include "manufacturing/device_session.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::chrono::milliseconds kPause{50}, kRestartTime{15'000};

Outcome refusal(const Identity& identity, const Reservation& reservation) {
  return {Outcome::Result::refused, reservation.unit ? reservation.unit->serial : "", identity.model,
          reservation.refusal};
}

std::string fingerprint(ByteView der) {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(der);
  return hex(hash->final_stdvec());
}

Error contradiction(const Unit& unit, const std::string& what) {
  return Error{Errc::denied, unit.serial + ": " + what + "; look at the device, then 'lamp-factory scrap " +
                                 unit.serial + " --reason ...'"};
}

/// The device's state against the journal's, where they cannot both be true.
void require_agreement(const Unit& unit, const Identity& identity) {
  const bool is_locked = identity.state == Lifecycle::locked;
  if (is_locked && unit.state < UnitState::proven)
    throw contradiction(unit, "the device is locked, but this station has not proven it");
  if (is_locked && identity.block_digest != unit.block_digest)
    throw contradiction(unit, "the device is locked with another credential block");
  if (!is_locked && unit.state == UnitState::done)
    throw contradiction(unit,
                        "the device was proven locked before, and now says " + std::string{name_of(identity.state)});
  if (identity.state == Lifecycle::blank && !unit.spki.empty())
    throw contradiction(unit, "the device lost the key that it had before: a second device with the same chip id?");
  if (identity.state == Lifecycle::provisioned && unit.spki.empty())
    throw contradiction(unit, "the device has a credential block that this station did not make");
}

}  // namespace

Outcome StationFlow::run(const std::string& port) {
  auto fixture = bench_.open(port);
  if (!fixture) throw Error{Errc::unavailable, "port " + port + ": the device is gone"};
  DeviceSession device{*fixture, station_.rng};
  const auto identity = device.identify();
  auto reservation = reserve(identity, port);
  if (!reservation.unit) return refusal(identity, reservation);
  auto& unit = *reservation.unit;
  require_agreement(unit, identity);
  if (unit.state == UnitState::done) {
    prove_locked(unit, device);
    return {Outcome::Result::good, unit.serial, unit.model, {}};
  }
  if (identity.state != Lifecycle::locked) {
    certify(unit, device);
    inject(unit, identity, device);
    prove_provisioned(unit, device);
  }
  lock(unit, identity, std::move(fixture));
  return {Outcome::Result::good, unit.serial, unit.model, {}};
}

Reservation StationFlow::reserve(const Identity& identity, const std::string& port) {
  const auto now = station_.clock.now();
  auto reservation = station_.database.write([&](store::Transaction& t) {
    auto taken = reserve_unit(t, station_.order, identity, port, now);
    if (taken.unit && taken.is_new) {
      save(t, *taken.unit, "reserve", now);
      audit::record(
          t,
          event(*taken.unit, "reserve",
                {{"order", station_.order.id}, {"mac", taken.unit->mac.text()}, {"chip", taken.unit->chip_id}}),
          now, station_.rng);
    }
    return taken;
  });
  if (reservation.unit) tell(*reservation.unit, reservation.is_new ? "reserve" : "resume");
  return reservation;
}

/// Reserve, lint, sign, commit: the bytes are durable before the token signs them.
void StationFlow::certify(Unit& unit, DeviceSession& device) {
  if (unit.state < UnitState::prepared) {
    const auto key = device.generate();
    tell(unit, "generate");
    if (!unit.spki.empty() && unit.spki != key.spki)
      throw contradiction(unit, "the device has another key than before: a second device with the same chip id?");
    unit.spki = key.spki;
  }
  if (unit.state >= UnitState::certified) return;
  const auto public_key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(unit.spki); });
  const auto now = station_.clock.now();
  station_.database.write([&](store::Transaction& t) {
    auto certificate = kit(unit).certificate;
    for (auto& name : certificate.alternative_names)
      if (name.kind == pki::AlternativeName::Kind::hardware_module) name.hardware_type = kit(unit).device.hardware_type;
    const auto reserved = station_.authority.reserve(
        t, certificate, {{"serial", unit.serial}, {"model", unit.model}, {"mac", unit.mac.text()}}, *public_key, now,
        station_.rng, station_.order.id);
    unit.certificate_serial = reserved.serial;
    unit.tbs = reserved.tbs;
    unit.state = UnitState::keyed;
    save(t, unit, "key", now);
  });
  tell(unit, "key");
  const pki::Reserved reserved{unit.certificate_serial, unit.tbs};
  const auto certificate = station_.authority.sign(reserved, station_.rng);
  station_.database.write([&](store::Transaction& t) {
    station_.authority.commit(t, reserved, certificate, now);
    unit.certificate = certificate;
    unit.state = UnitState::certified;
    save(t, unit, "issue", now);
    audit::record(t,
                  event(unit, "issue",
                        {{"certificate", unit.certificate_serial}, {"fingerprint", fingerprint(unit.certificate)}}),
                  now, station_.rng);
  });
  tell(unit, "issue");
}

/// A block whose secrets were lost with an earlier process is made anew: only the one that the device has counts.
void StationFlow::inject(Unit& unit, const Identity& identity, DeviceSession& device) {
  const bool has_it = unit.state >= UnitState::prepared && identity.block_digest == unit.block_digest;
  if (has_it) return;
  const auto made = make_credentials(unit, kit(unit).device, kit(unit).kek, station_.trust, station_.rng);
  unit.block_digest = made.digest;
  unit.escrow = made.escrow;
  unit.claim_salt = made.claim ? made.claim->salt : Bytes{};
  unit.claim_verifier = made.claim ? made.claim->verifier : Bytes{};
  keep(unit, UnitState::prepared, "prepare", event(unit, "inject", {{"block", hex(unit.block_digest)}}));
  // The label follows its record and precedes its device, so that a device that has the block has a label that fits.
  publish_files(unit, made.label);
  const auto box = crypto::seal(made.block, identity.session_point, install_context(identity.chip_id), station_.rng);
  const auto installed = device.install(box);
  if (installed.digest != unit.block_digest)
    throw contradiction(unit, "the device read back another credential block than it was given");
  tell(unit, "install");
}

void StationFlow::prove_provisioned(Unit& unit, DeviceSession& device) {
  const auto proof = device.prove(unit.spki);
  if (proof.serial != unit.serial || proof.state != Lifecycle::provisioned)
    throw contradiction(unit, "the device proves to be '" + proof.serial + "', " + std::string{name_of(proof.state)});
  keep(unit, UnitState::proven, "prove", event(unit, "lock", {{"proven", "provisioned"}}));
}

/// Also for a device that is locked and was not asked since: its debug port may be open until the reset.
void StationFlow::lock(Unit& unit, const Identity& before, std::unique_ptr<Fixture> fixture) {
  {
    DeviceSession device{*fixture, station_.rng};
    device.lock();
    tell(unit, "lock");
    device.reset();
    tell(unit, "reset");
  }
  fixture.reset();
  for (std::chrono::milliseconds waited{0}; waited < kRestartTime; waited += kPause) {
    bench_.wait(kPause);
    // A device on its way out or in may fail any transfer; only its return counts.
    auto returned = attempt([&]() -> bool {
      fixture = bench_.open(unit.port);
      return fixture && DeviceSession{*fixture, station_.rng}.identify().session_point != before.session_point;
    });
    const auto* is_back = std::get_if<bool>(&returned);
    if (is_back != nullptr && *is_back) {
      DeviceSession device{*fixture, station_.rng};
      if (hex(device.identify().chip_id) != unit.chip_id)
        throw Error{Errc::unavailable, unit.serial + " left port " + unit.port + " before it proved its lock"};
      prove_locked(unit, device);
      return;
    }
    fixture.reset();
  }
  throw Error{Errc::unavailable, unit.serial + " did not come back after its reset: its lock is unproven"};
}

/// What the device answers is what is recorded.
void StationFlow::prove_locked(Unit& unit, DeviceSession& device) {
  const auto proof = device.prove(unit.spki);
  if (proof.serial != unit.serial || proof.state != Lifecycle::locked || proof.debug_port != DebugPort::locked)
    throw contradiction(unit, "the lock did not take: the device proves to be '" + proof.serial + "', " +
                                  std::string{name_of(proof.state)} + ", debug port " +
                                  (proof.debug_port == DebugPort::locked ? "locked" : "open"));
  if (unit.state == UnitState::done) {
    tell(unit, "done");
    return;
  }
  unit.lock = "locked, debug port locked; signed " + hex(proof.signature);
  keep(unit, UnitState::done, "done", event(unit, "done", {{"lock", "locked"}, {"debug-port", "locked"}}));
}

void StationFlow::publish_files(const Unit& unit, const SecureBytes& label) const {
  std::vector<Bytes> chain{unit.certificate};
  chain.insert(chain.end(), station_.trust.issuers.begin(), station_.trust.issuers.end());
  const auto folder = station_.devices / unit.serial;
  publish(folder / "idevid.pem", pki::to_pem(chain));
  SecureBytes line = label;
  line.push_back('\n');
  publish(folder / "label.txt", ByteView{line}, Mode::secret);
}

void StationFlow::keep(Unit& unit, UnitState state, std::string_view step, const audit::Event& event) {
  unit.state = state;
  const auto now = station_.clock.now();
  station_.database.write([&](store::Transaction& t) {
    save(t, unit, step, now);
    audit::record(t, event, now, station_.rng);
  });
  tell(unit, step);
}

audit::Event StationFlow::event(const Unit& unit, std::string_view what,
                                std::vector<std::pair<std::string, std::string>> details) const {
  details.emplace_back("model", unit.model);
  details.emplace_back("port", unit.port);
  return {station_.name, "factory.unit." + std::string{what}, unit.serial, std::move(details)};
}

const ModelKit& StationFlow::kit(const Unit& unit) const {
  const auto found = station_.kits.find(unit.model);
  if (found == station_.kits.end()) throw Error{Errc::internal, "no kit for model " + unit.model};
  return found->second;
}

}  // namespace lamp::manufacturing
