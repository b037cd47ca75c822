#include "manufacturing/station_flow.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <botan/x509_key.h>

#include <chrono>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/csr.hpp"
#include "lib/pki/enrolled.hpp"
#include "lib/pki/names.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::chrono::milliseconds kReturnPause{50}, kRestartTime{15'000};

Outcome refusal(const Part& part, const Reservation& reservation) {
  return {Outcome::Result::refused, reservation.unit ? reservation.unit->serial : "", part.model, reservation.refusal};
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

std::string yaml_of(const std::vector<firmware::DevicePublicKey>& keys) {
  std::string lines;
  for (const auto& key : keys) lines += key.name + ": '" + firmware::text_of(key) + "'\n";
  return lines;
}

/// The device's state against the journal's, where they cannot both be true. A key that was announced and never
/// certified may have been lost on its way into the part; one that was certified may not.
void require_agreement(const Unit& unit, const Part& part) {
  const bool is_locked = part.state == Lifecycle::locked;
  if (is_locked && unit.state < UnitState::proven)
    throw contradiction(unit, "the device is locked, but this station has not proven it");
  if (is_locked && part.block_digest != unit.block_digest)
    throw contradiction(unit, "the device is locked with another credential block");
  if (!is_locked && unit.state == UnitState::done)
    throw contradiction(unit, "the device was proven locked before, and now says " + std::string{name_of(part.state)});
  if (part.state == Lifecycle::blank && unit.state >= UnitState::keyed)
    throw contradiction(unit, "the device lost the key that it had before: a second device with the same chip id?");
  if (part.state == Lifecycle::provisioned && unit.spki.empty())
    throw contradiction(unit, "the device has a credential block that this station did not make");
}

pki::Subject values_of(const Unit& unit) {
  return {{"serial", unit.serial}, {"model", unit.model}, {"mac", unit.mac.text()}};
}

}  // namespace

StationFlow::StationFlow(const Station& station, Bench& bench, Watcher& watcher, std::stop_token stop)
    : station_{station}, bench_{bench, times_}, watcher_{watcher}, stop_{std::move(stop)} {
  for (const auto& [model, its] : station_.kits) models_.push_back(&its.device);
}

Outcome StationFlow::run(const std::string& port) {
  const Stopwatch watch{times_.total};
  return work(port);
}

Outcome StationFlow::work(const std::string& port) {
  const auto adapter = open_adapter(bench_, port, models_, station_.rng);
  if (!adapter) throw Error{Errc::unavailable, "port " + port + ": the device is gone"};
  const auto part = adapter->identify();
  auto reservation = reserve(part, port);
  if (!reservation.unit) return refusal(part, reservation);
  auto& unit = *reservation.unit;
  require_agreement(unit, part);
  if (unit.state == UnitState::done) {
    prove_locked(unit, *adapter, {});
    return {Outcome::Result::good, unit.serial, unit.model, {}};
  }
  if (part.state != Lifecycle::locked && !bring_to_proven(unit, part, *adapter))
    return {Outcome::Result::stopped, unit.serial, unit.model, "stopped before its lock; the next run goes on with it"};
  lock(unit, *adapter);
  return {Outcome::Result::good, unit.serial, unit.model, {}};
}

/// False when the line is to stop: nothing was begun that cannot wait. From the lock on there is no stopping.
bool StationFlow::bring_to_proven(Unit& unit, const Part& part, Adapter& adapter) {
  const auto may_go_on = [&] { return !stop_.stop_requested(); };
  if (!may_go_on()) return false;
  make_key(unit, adapter);
  if (!may_go_on()) return false;
  certify(unit, adapter);
  if (!may_go_on()) return false;
  inject(unit, part, adapter);
  if (!may_go_on()) return false;
  prove_provisioned(unit, adapter);
  return may_go_on();
}

Reservation StationFlow::reserve(const Part& part, const std::string& port) {
  const auto now = station_.clock.now();
  auto reservation = write([&](store::Transaction& t) {
    auto taken = reserve_unit(t, station_.order, part, port, now);
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

void StationFlow::make_key(Unit& unit, Adapter& adapter) {
  if (unit.state >= UnitState::prepared) return;
  const auto spki = adapter.make_key(Bytes{unit.spki}, [&](ByteView made) {
    unit.spki.assign(made.begin(), made.end());
    write([&](store::Transaction& t) { save(t, unit, "announce", station_.clock.now()); });
    tell(unit, "announce");
  });
  tell(unit, "generate");
  if (unit.spki.empty() && adapter.key_origin() == KeyOrigin::made_by_station)
    throw contradiction(unit, "the device has a key that this station did not make");
  if (!unit.spki.empty() && unit.spki != spki)
    throw contradiction(unit, "the device has another key than before: a second device with the same chip id?");
  unit.spki = spki;
}

void StationFlow::certify(Unit& unit, Adapter& adapter) {
  if (unit.state >= UnitState::certified) return;
  // A certificate of the other issuer may exist already, whatever this journal knows of it.
  const bool asked_of_server = unit.state == UnitState::keyed && unit.tbs.empty();
  if (const auto* server = std::get_if<LineServer*>(&station_.issuer)) {
    if (!unit.tbs.empty())
      throw contradiction(unit, "its certificate was begun by the authority in this station's token");
    enrol(unit, adapter, **server);
    return;
  }
  if (asked_of_server) throw contradiction(unit, "its certificate was asked of a line server, which site.yaml has not");
  issue(unit, *std::get<const pki::Authority*>(station_.issuer));
}

/// Reserve, lint, sign, commit: the bytes are durable before the token signs them.
void StationFlow::issue(Unit& unit, const pki::Authority& authority) {
  const auto public_key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(unit.spki); });
  const auto now = station_.clock.now();
  write([&](store::Transaction& t) {
    const auto reserved = authority.reserve(t, certificate_profile(unit), values_of(unit), *public_key, now,
                                            station_.rng, station_.order.id);
    unit.certificate_serial = reserved.serial;
    unit.tbs = reserved.tbs;
    unit.state = UnitState::keyed;
    save(t, unit, "key", now);
  });
  tell(unit, "key");
  const pki::Reserved reserved{unit.certificate_serial, unit.tbs};
  const auto certificate = [&] {
    const Stopwatch watch{times_.token};
    return at_station([&] { return authority.sign(reserved, station_.rng); });
  }();
  keep_certificate(unit, certificate, [&](store::Transaction& t) { authority.commit(t, reserved, certificate, now); });
}

/// The key is durable before the server counts it. What the server did and this station did not hear of comes with the
/// next request for the same key.
void StationFlow::enrol(Unit& unit, Adapter& adapter, LineServer& server) {
  const auto request = request_for(unit, adapter);
  if (unit.state < UnitState::keyed) {
    unit.state = UnitState::keyed;
    write([&](store::Transaction& t) { save(t, unit, "key", station_.clock.now()); });
  }
  tell(unit, "key");
  const auto certificate = in_context(unit.serial, [&] {
    const Stopwatch watch{times_.token};
    return at_station([&] { return server.enrol(request); });
  });
  auto chain = station_.trust.issuers;
  chain.push_back(station_.trust.trust_anchors.front());
  const auto profile = certificate_profile(unit);
  const auto values = values_of(unit);
  const auto verdict = pki::judge_enrolled(certificate, {profile, values, unit.spki, chain}, station_.clock.now());
  if (!verdict.acceptable())
    throw Error{Errc::denied, unit.serial + ": the line server's certificate is not the one that was asked for: " +
                                  verdict.objections.front() + "; it was not used. Compare profiles/" + profile.name +
                                  ".yaml and the chain of the authority on both hosts"};
  unit.certificate_serial = hex(pki::Certificate::parse(certificate).tbs.serial);
  keep_certificate(unit, certificate, [](store::Transaction&) {});
}

/// Where the device makes it, it could say anything: the server counts it against the order as it stands.
Bytes StationFlow::request_for(const Unit& unit, Adapter& adapter) {
  auto request = in_context("asking for a certificate request", [&] { return adapter.request(unit.serial); });
  const auto parsed = in_context("the device's certificate request", [&] { return pki::parse_request(request); });
  const auto& subject = parsed.subject_attributes;
  if (parsed.public_key_info != unit.spki || subject.size() != 1 || subject.front().oid != pki::oid::kSerialNumber ||
      subject.front().text != unit.serial)
    throw contradiction(unit, "the device's certificate request is for another key or another name");
  return request;
}

void StationFlow::keep_certificate(Unit& unit, const Bytes& certificate,
                                   const std::function<void(store::Transaction&)>& also) {
  const auto now = station_.clock.now();
  write([&](store::Transaction& t) {
    also(t);
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
void StationFlow::inject(Unit& unit, const Part& part, Adapter& adapter) {
  const bool has_it = unit.state >= UnitState::prepared && part.block_digest == unit.block_digest;
  if (has_it) return;
  const auto made =
      make_credentials(unit, kit(unit).device, kit(unit).kek, station_.trust, adapter.key_for_block(), station_.rng);
  unit.block_digest = made.digest;
  unit.escrow = made.escrow;
  unit.claim_salt = made.claim ? made.claim->salt : Bytes{};
  unit.public_keys = firmware::encode_public_keys(made.public_keys);
  unit.claim_verifier = made.claim ? made.claim->verifier : Bytes{};
  keep(unit, UnitState::prepared, "prepare", event(unit, "inject", {{"block", hex(unit.block_digest)}}));
  // The label follows its record and precedes its device, so that a device that has the block has a label that fits.
  publish_files(unit, made);
  if (adapter.install(made.block) != unit.block_digest)
    throw contradiction(unit, "the device read back another credential block than it was given");
  tell(unit, "install");
}

void StationFlow::prove_provisioned(Unit& unit, Adapter& adapter) {
  const auto proof = adapter.prove(unit.spki).said;
  if (proof.serial != unit.serial || proof.state != Lifecycle::provisioned)
    throw contradiction(unit, "the device proves to be '" + proof.serial + "', " + std::string{name_of(proof.state)});
  keep(unit, UnitState::proven, "prove", event(unit, "lock", {{"proven", "provisioned"}}));
}

/// Also for a device that is locked and was not asked since: its debug port may be open until the reset.
void StationFlow::lock(Unit& unit, Adapter& adapter) {
  const auto evidence = adapter.lock();
  tell(unit, "lock");
  adapter.reset();
  tell(unit, "reset");
  await_return(unit, adapter);
  if (hex(adapter.identify().chip_id) != unit.chip_id)
    throw Error{Errc::unavailable, unit.serial + " left port " + unit.port + " before it proved its lock"};
  prove_locked(unit, adapter, evidence);
}

void StationFlow::await_return(const Unit& unit, Adapter& adapter) {
  auto seen = bench_.changes();
  for (std::chrono::milliseconds waited{0}; waited < kRestartTime;) {
    waited += bench_.wait_for_change(seen, kReturnPause);
    seen = bench_.changes();
    const auto returned = attempt([&] { return adapter.has_returned(); });
    const auto* is_back = std::get_if<bool>(&returned);
    if (is_back != nullptr && *is_back) return;
  }
  throw Error{Errc::unavailable, unit.serial + " did not come back after its reset: its lock is unproven"};
}

/// What the device answers is what is recorded, and only what it signed says that it is locked.
void StationFlow::prove_locked(Unit& unit, Adapter& adapter, const std::string& evidence) {
  auto [proof, nonce] = adapter.prove(unit.spki);
  const bool is_signed = adapter.lock_evidence() == LockEvidence::signature;
  if (proof.serial != unit.serial || proof.state != Lifecycle::locked || proof.debug_port != DebugPort::locked ||
      is_signed == proof.signature.empty())
    throw contradiction(unit, "the lock did not take: the device proves to be '" + proof.serial + "', " +
                                  std::string{name_of(proof.state)} + ", debug port " +
                                  (proof.debug_port == DebugPort::locked ? "locked" : "open"));
  if (unit.state == UnitState::done) {
    tell(unit, "done");
    return;
  }
  unit.lock =
      (is_signed ? "locked, debug port locked" : std::string{kReadBack}) + (evidence.empty() ? "" : "; " + evidence);
  if (is_signed) unit.proof = LockProof{std::move(nonce), proof.state, proof.debug_port, std::move(proof.signature)};
  keep(unit, UnitState::done, "done", event(unit, "done", {{"lock", "locked"}, {"debug-port", "locked"}}));
}

void StationFlow::publish_files(const Unit& unit, const UnitCredentials& made) {
  const Stopwatch watch{times_.files};
  at_station_ = true;
  std::vector<Bytes> chain{unit.certificate};
  chain.insert(chain.end(), station_.trust.issuers.begin(), station_.trust.issuers.end());
  const auto folder = station_.devices / unit.serial;
  publish(folder / "idevid.pem", pki::to_pem(chain));
  if (!made.public_keys.empty()) publish(folder / "public-keys.yaml", yaml_of(made.public_keys));
  SecureBytes line = made.label;
  line.push_back('\n');
  publish(folder / "label.txt", ByteView{line}, Mode::secret);
  at_station_ = false;
}

void StationFlow::keep(Unit& unit, UnitState state, std::string_view step, const audit::Event& event) {
  unit.state = state;
  const auto now = station_.clock.now();
  write([&](store::Transaction& t) {
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

/// What a certificate says is filled in from this, here as at the line server.
pki::Profile StationFlow::certificate_profile(const Unit& unit) const {
  return pki::for_hardware(kit(unit).certificate, kit(unit).device.hardware_type);
}

const ModelKit& StationFlow::kit(const Unit& unit) const {
  const auto found = station_.kits.find(unit.model);
  if (found == station_.kits.end()) throw Error{Errc::internal, "no kit for model " + unit.model};
  return found->second;
}

}  // namespace lamp::manufacturing
