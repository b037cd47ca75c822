#include "tests/manufacturing/small_station.hpp"

#include <botan/system_rng.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <thread>

#include "lib/audit/record.hpp"
#include "lib/base/file.hpp"
#include "lib/binding/escrow.hpp"
#include "lib/binding/label.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/seal.hpp"
#include "lib/firmware/credential_block.hpp"
#include "lib/pki/csr.hpp"
#include "lib/pki/issue.hpp"
#include "lib/pki/records.hpp"

namespace lamp::test {

using namespace manufacturing;

namespace {

const std::filesystem::path kTemplates = std::filesystem::path{LAMP_SOURCE_DIR} / "templates";

Botan::EC_Group p256() { return Botan::EC_Group::from_name("secp256r1"); }

SecureBytes open_escrow(const Unit& unit, const std::string& name, const Botan::ECDH_PrivateKey& key) {
  const auto item = cbor::find(unit.escrow, name);
  crypto::SoftwareAgreementKey agreement{key, Botan::system_rng()};
  return crypto::open_sealed(cbor::Reader{*item}.bytes(), agreement, binding::escrow_context(unit.serial, name));
}

}  // namespace

class SmallFixture final : public Fixture {
 public:
  SmallFixture(SmallBench& bench, std::string port) : bench_{bench}, port_{std::move(port)} {}
  void send(ByteView frame) override {
    const std::lock_guard lock{bench_.mutex_};
    bench_.fate_.moment();
    auto response = device().answer(decode_request(frame));
    bench_.fate_.moment();  // the device acted, its answer is lost
    bench_.falsify(response);
    if (std::holds_alternative<Resetting>(response.body)) {
      device().power_cycle();
      if (bench_.silent_after_reset) bench_.unplug(port_);
    }
    answer_ = encode(response);
  }
  Bytes receive() override { return answer_; }

 private:
  sim::VirtualDevice& device() {
    const auto found = bench_.devices_.find(port_);
    if (found == bench_.devices_.end()) throw Error{Errc::unavailable, "the device is gone"};
    return *found->second.device;
  }
  SmallBench& bench_;
  std::string port_;
  Bytes answer_;
};

void SmallBench::plug_in(const std::string& port, sim::VirtualDevice& device) {
  const std::lock_guard lock{mutex_};
  devices_[port] = {&device, ++arrivals_};
}

void SmallBench::unplug(const std::string& port) {
  const std::lock_guard lock{mutex_};
  devices_.erase(port);
}

std::vector<std::string> SmallBench::occupied_ports() {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> ports;
  for (const auto& [port, plugged] : devices_) ports.push_back(port);
  return ports;
}

std::uint64_t SmallBench::arrival(const std::string& port) {
  const std::lock_guard lock{mutex_};
  const auto found = devices_.find(port);
  return found == devices_.end() ? 0 : found->second.arrival;
}

Plug SmallBench::open(const std::string& port) {
  const std::lock_guard lock{mutex_};
  if (devices_.count(port) == 0) return {};
  return std::unique_ptr<Fixture>{std::make_unique<SmallFixture>(*this, port)};
}

/// Hours pass in a moment, in which others get on.
void SmallBench::wait(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(std::chrono::milliseconds{1});
  const std::lock_guard lock{mutex_};
  waited += time;
}

class SmallStation::Listener final : public Watcher {
 public:
  explicit Listener(Fate& fate) : fate_{fate} {}
  void step(const std::string&, const std::string&, std::string_view) override { fate_.moment(); }

 private:
  Fate& fate_;
};

std::unique_ptr<Botan::PK_Ops::Signature> LosableKey::create_signature_op(Botan::RandomNumberGenerator& rng,
                                                                          std::string_view parameters,
                                                                          std::string_view provider) const {
  if (is_lost) throw Error{Errc::unavailable, "token \"line1\" is gone"};
  return key_.create_signature_op(rng, parameters, provider);
}

SmallLineServer::SmallLineServer(Fate& fate, const Clock& clock, const Botan::Private_Key& key,
                                 std::vector<Bytes> chain, const Order& order,
                                 const std::map<std::string, ModelKit>& kits)
    : fate_{fate}, clock_{clock}, order_{order}, kits_{kits}, authority_{"device", std::move(chain), key} {
  database_.migrate(pki::schema());
}

Bytes SmallLineServer::enrol(ByteView request) {
  before();
  fate_.moment();  // the request is lost
  const auto asked = pki::parse_request(request);
  const auto key = Botan::X509::load_key(asked.public_key_info);
  auto certificate = issue(asked.subject_attributes.at(0).text, *key);
  fate_.moment();  // its answer is lost
  falsify(certificate);
  return certificate;
}

Bytes SmallLineServer::issue(const std::string& serial, const Botan::Public_Key& key) {
  for (const auto& line : order_.lines) {
    const auto index = line.index_of(serial);
    if (!index) continue;
    const auto& kit = kits_.at(line.model);
    return pki::issue(database_, authority_, pki::for_hardware(kit.certificate, kit.device.hardware_type),
                      {{"serial", serial}, {"model", line.model}, {"mac", line.mac(*index).text()}}, key, clock_.now(),
                      Botan::system_rng(), [](store::Transaction&, const pki::Issued&) {})
        .certificate;
  }
  throw Error{Errc::denied, "the line server refused: no order has " + serial};
}

std::uint64_t SmallLineServer::certificates_issued() {
  return database_.read([](store::Transaction& t) { return pki::list(t, {}); }).size();
}

SmallStation::SmallStation()
    : issuing_key{Botan::ECDSA_PrivateKey{Botan::system_rng(), p256()}}, escrow_key_{Botan::system_rng(), p256()} {
  database_.migrate(audit::schema());
  database_.migrate(pki::schema());
  database_.migrate(journal_schema());
  make_authority();
  read_kits();
  trust_.cloud_url = "https://localhost:8443";
  trust_.issuers = authority_->chain();
  trust_.trust_anchors = {authority_->chain().back()};
  trust_.release_keys = {Botan::X509::BER_encode(issuing_key)};
  trust_.officers = {Botan::X509::BER_encode(issuing_key)};
  trust_.threshold = 1;
  trust_.escrow_point = escrow_key_.public_value();
  order = {"order-1", "demo", "line1", Bytes(32, 9), clock_.now(), clock_.now() + std::chrono::days{30}, {}, {}};
  order.lines.push_back(
      {"smart-lamp", 2, kits_.at("smart-lamp").device.digest, "SL-26-", 1, MacAddress::parse("00:00:5e:00:53:00")});
  order.lines.push_back(
      {"gateway", 1, kits_.at("gateway").device.digest, "GW-26-", 1, MacAddress::parse("00:00:5e:00:53:02")});
  database_.write([&](store::Transaction& t) { (void)import_order(t, order, clock_.now()); });
}

void SmallStation::make_authority() {
  const auto profile = pki::Profile::load(kTemplates / "profiles" / "device-ca.yaml");
  const auto self = pki::Authority::self_signed("device", issuing_key);
  const auto certificate = database_.write([&](store::Transaction& t) {
    const auto reserved = self.reserve(t, profile, {{"name", "device"}, {"site", "demo"}}, issuing_key, clock_.now(),
                                       Botan::system_rng());
    auto signed_certificate = self.sign(reserved, Botan::system_rng());
    self.commit(t, reserved, signed_certificate, clock_.now());
    return signed_certificate;
  });
  authority_ = std::make_unique<pki::Authority>("device", std::vector<Bytes>{certificate}, issuing_key);
}

void SmallStation::read_kits() {
  for (const std::string model : {"smart-lamp", "gateway", "thread-lamp", "zigbee-luminaire"})
    kits_.emplace(
        model, ModelKit{firmware::DeviceProfile::load(kTemplates / "devices" / (model + ".yaml")),
                        pki::Profile::load(kTemplates / "profiles" / "idevid.yaml"), SymmetricKey{SecureBytes(32, 7)}});
}

sim::VirtualDevice& SmallStation::new_device(const std::string& model) {
  auto profile = kits_.at(model).device;
  profile.slot_size = 8192;
  const auto place = folder_ / "sim" / std::to_string(devices_.size());
  devices_.push_back(std::make_unique<sim::VirtualDevice>(sim::DeviceFlash::create(place, profile, Botan::system_rng()),
                                                          Botan::system_rng()));
  return *devices_.back();
}

SmallLineServer& SmallStation::use_line_server() {
  line_server_ = std::make_unique<SmallLineServer>(fate, clock_, issuing_key, authority_->chain(), order, kits_);
  return *line_server_;
}

Station SmallStation::station() {
  const auto issuer = line_server_ ? Issuer{line_server_.get()} : Issuer{authority_.get()};
  return {"line1", folder_ / "devices", order, kits_, trust_, issuer, database_, clock_, Botan::system_rng()};
}

void SmallStation::order_model(const std::string& model) {
  const auto& profile = kits_.at(model).device;
  order.lines.push_back(
      {model, 2, profile.digest, profile.serial_prefix + "-26-", 1, MacAddress::parse("00:00:5e:00:53:03")});
}

sim::UsbDfusePart& SmallStation::new_dfuse_part(const std::string& model) {
  if (order.find(model) == nullptr) order_model(model);
  auto profile = kits_.at(model).device;
  profile.slot_size = 8192;
  auto flash =
      sim::DeviceFlash::create(folder_ / "parts" / std::to_string(parts_.size()), profile, Botan::system_rng());
  parts_.push_back(std::make_unique<sim::UsbDfusePart>(std::move(flash), *profile.dfuse, Botan::system_rng()));
  return *parts_.back();
}

Outcome SmallStation::run_on(Bench& its_bench, const std::string& port) {
  const auto fixed = station();
  Listener listener{fate};
  return StationFlow{fixed, its_bench, listener}.run(port);
}

std::vector<Unit> SmallStation::units() {
  return database_.read([](store::Transaction& t) { return manufacturing::units(t); });
}

std::uint64_t SmallStation::certificates_issued() {
  if (line_server_) return line_server_->certificates_issued();
  pki::Filter filter;
  filter.profile = "idevid";
  return database_.read([&](store::Transaction& t) { return pki::list(t, filter); }).size();
}

std::vector<std::string> SmallStation::problems_of(sim::VirtualDevice& device) {
  std::vector<std::string> found;
  const auto require = [&](bool holds, const char* what) {
    if (!holds) found.emplace_back(what);
  };
  const auto all = units();
  require(all.size() == 1, "not one unit");
  require(certificates_issued() == 1, "not one certificate");
  if (all.size() != 1) return found;
  const auto& unit = all.front();
  const auto& flash = device.flash().contents();
  require(unit.state == UnitState::done, "not done");
  require(flash.state == Lifecycle::locked && flash.debug_port == DebugPort::locked, "not locked");
  require(credential_digest(flash.credential_block) == unit.block_digest, "another block than recorded");
  const auto block = firmware::parse_credential_block(flash.credential_block);
  require(block.serial == unit.serial && block.chain.front() == unit.certificate, "another identity than recorded");
  for (const auto& [name, value] : firmware::read_public_keys(unit.public_keys)) {
    const auto* key = block.key(name);
    require(key != nullptr && key->public_key == value, "another public key than the device has");
  }
  const auto beside = std::ranges::count_if(block.device_keys, [](const auto& key) { return key.name != "idevid"; });
  require(std::ssize(firmware::read_public_keys(unit.public_keys)) == beside, "not every public key was recorded");
  require(unit.proof && judge_lock_proof(*unit.proof, unit.serial, unit.spki).acceptable(), "no proof of its lock");
  if (block.commissioning_secret) {
    const auto escrowed = open_escrow(unit, "ble-commissioning-secret", escrow_key_);
    require(equal_constant_time(escrowed, block.commissioning_secret->expose_secret()), "another secret in escrow");
  }
  if (block.install_code) {
    const auto escrowed = open_escrow(unit, "zigbee-install-code", escrow_key_);
    require(equal_constant_time(escrowed, block.install_code->expose_secret()), "another install code in escrow");
  }
  const auto text = read_secret_file(folder_ / "devices" / unit.serial / "label.txt");
  const auto label = binding::parse_label(to_text(text));
  require(label.serial == unit.serial && label.mac == unit.mac, "a label for another device");
  require(!label.claim_code ||
              binding::check(*label.claim_code, {unit.claim_salt, unit.claim_verifier}) == binding::ClaimCheck::right,
          "a claim code that its verifier does not know");
  require(std::filesystem::exists(folder_ / "devices" / unit.serial / "idevid.pem"), "no certificate file");
  return found;
}

}  // namespace lamp::test
