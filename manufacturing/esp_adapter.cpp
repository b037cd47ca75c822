#include "manufacturing/esp_adapter.hpp"

#include <algorithm>

#include "lib/base/parse.hpp"
#include "lib/firmware/credential_block.hpp"
#include "lib/firmware/flash_record.hpp"
#include "lib/pki/certificate.hpp"
#include "manufacturing/lamp_adapter.hpp"

namespace lamp::manufacturing {
namespace {

using firmware::RecordKind;

constexpr const char* kKeyName = "idevid";

const Models kNoModels;

}  // namespace

EspAdapter::EspAdapter(std::unique_ptr<EspPort> chip, Bench& bench, std::string port, const Models& models,
                       Botan::RandomNumberGenerator& rng)
    : bench_{bench}, port_{std::move(port)}, rng_{rng}, chip_{std::move(chip)} {
  recognise(models);
}

EspAdapter::~EspAdapter() = default;

Error EspAdapter::error(Errc code, const std::string& what) const { return Error{code, "port " + port_ + ": " + what}; }

EspPort& EspAdapter::chip() {
  if (!chip_) throw error(Errc::unavailable, "the chip is gone");
  return *chip_;
}

EspEfuse EspAdapter::fuses() { return {places().chip, places().key_block, chip().efuse_target()}; }

/// A boot loader does not know what the chip is for: an order holds one model of this kind.
void EspAdapter::recognise(const Models& models) {
  std::string fitting;
  for (const auto* profile : models) {
    if (!profile->esp) continue;
    fitting += (fitting.empty() ? "" : ", ") + profile->model;
    profile_ = profile;
  }
  if (fitting.empty()) throw error(Errc::denied, "no model of this order is made of a chip of Espressif");
  if (fitting != profile_->model)
    throw error(Errc::denied, "several models of this order are made of such a chip (" + fitting +
                                  "): give each an order of its own");
}

Part EspAdapter::identify() {
  if (application_) return application_->identify();
  const auto summary = fuses().summary();
  const auto mac = MacAddress::parse(summary.mac).number();
  if (mac == 0) throw error(Errc::denied, "the chip's address is no address: " + summary.mac);
  Part part{profile_->model, Bytes(kChipIdSize), Lifecycle::blank, {}, {}};
  for (std::size_t i = 0; i < 6; ++i) part.chip_id[i] = static_cast<std::uint8_t>(mac >> (40 - 8 * i));
  if (!summary.has_key()) {
    part.leftovers = leftovers(summary);
    return part;
  }
  const auto block = block_in_flash();
  if (block) part.block_digest = credential_digest(*block);
  part.state = summary.is_locked() ? Lifecycle::locked : block ? Lifecycle::provisioned : Lifecycle::keyed;
  return part;
}

std::string EspAdapter::leftovers(const EfuseSummary& summary) {
  if (!summary.is_blank()) return "something is in the eFuses of its key (purpose " + summary.key_purpose + ")";
  if (summary.pad_jtag_off || summary.usb_jtag_off || summary.download_off) return "fuses of its lock are burnt";
  if (!firmware::is_erased(chip().read_flash(places().chip, places().block_address, places().block_size)))
    return "something is in the flash of its credential block";
  return {};
}

std::optional<SecureBytes> EspAdapter::block_in_flash() {
  const auto flash = chip().read_flash(places().chip, places().block_address, places().block_size);
  const auto content = firmware::read_flash_record(RecordKind::credential_block, flash);
  if (!content) return std::nullopt;
  return SecureBytes{content->begin(), content->end()};
}

/// What is burnt cannot be read, not even its public half: a key in the chip is the one that was announced last, since
/// each is announced before it is burnt, and only one ever is.
Bytes EspAdapter::make_key(ByteView announced, const BeforeEffect& before_effect) {
  const auto tool = fuses();
  const auto summary = tool.summary();
  if (summary.has_key()) {
    if (announced.empty()) throw error(Errc::denied, "the chip has a key that this station did not make");
    return {announced.begin(), announced.end()};
  }
  if (!summary.is_blank()) throw error(Errc::denied, "the chip is not blank: " + leftovers(summary));
  const auto key = firmware::make_device_key(kKeyName, firmware::KeyCurve::p256, rng_);
  auto spki = spki_of(key);
  before_effect(spki);
  tool.burn_key(key);
  if (!tool.summary().has_key())
    throw error(Errc::denied, "the key did not take: its eFuses are not read- and write-protected for ECDSA");
  return spki;
}

/// The key signs in the chip only, for a program that does not run yet.
Bytes EspAdapter::request(const std::string& /*serial*/) {
  throw error(Errc::denied, "a chip of this kind signs no certificate request before its own program runs");
}

Bytes EspAdapter::install(ByteView block) {
  const auto record = firmware::flash_record(RecordKind::credential_block, block);
  if (record.size() > places().block_size)
    throw error(Errc::denied, "the credential block takes " + std::to_string(record.size()) + " bytes, the profile's " +
                                  "block-size is " + std::to_string(places().block_size));
  chip().write_flash(places().chip, places().block_address, record);
  const auto back = chip().read_flash(places().chip, places().block_address, record.size());
  const auto content = firmware::read_flash_record(RecordKind::credential_block, back);
  return credential_digest(content ? *content : ByteView{back});
}

/// Read back, not signed. That the key in the fuses is that of the certificate, nothing can show before the chip's own
/// program signs.
Evidence EspAdapter::prove(ByteView spki) {
  if (application_) return application_->prove(spki);
  const auto summary = fuses().summary();
  if (!summary.has_key()) throw error(Errc::denied, "the chip's eFuses hold no protected key");
  const auto encoded = block_in_flash();
  if (!encoded) throw error(Errc::denied, "the chip's flash holds no whole credential block");
  const auto block = firmware::parse_credential_block(*encoded);
  if (block.chain.empty() || !std::ranges::equal(pki::Certificate::parse(block.chain.front()).tbs.public_key, spki))
    throw error(Errc::denied, "the chip's credential block holds another certificate than was made for it");
  const auto state = summary.is_locked() ? Lifecycle::locked : Lifecycle::provisioned;
  return {{block.serial, state, summary.debug_port_off() ? DebugPort::locked : DebugPort::open, {}}, {}};
}

LockEvidence EspAdapter::lock_evidence() const noexcept {
  return application_ ? LockEvidence::signature : LockEvidence::read_back;
}

/// What espefuse says of the last fuse does not count: a chip that took it does not answer.
std::string EspAdapter::lock() {
  const auto tool = fuses();
  tool.close_debug_port();
  if (!tool.summary().debug_port_off())
    throw error(Errc::denied, "the lock did not take: the eFuses say that JTAG is open");
  const auto closed = attempt([&] {
    tool.close_download_mode();
    return true;
  });
  if (const auto* refused = std::get_if<Error>(&closed))
    return "eFuses read back: JTAG off; download mode: " + std::string{refused->what()};
  return "eFuses read back: JTAG off";
}

void EspAdapter::reset() { chip_.reset(); }

/// Its own program on the same port, or the boot loader, where it still answers.
bool EspAdapter::has_returned() {
  chip_.reset();
  auto plug = bench_.open(port_);
  if (auto* frames = std::get_if<std::unique_ptr<Fixture>>(&plug)) {
    application_ = std::make_unique<LampAdapter>(std::move(*frames), bench_, port_, kNoModels, rng_);
    return true;
  }
  auto* esp = std::get_if<std::unique_ptr<EspPort>>(&plug);
  if (esp == nullptr) return false;
  chip_ = std::move(*esp);
  (void)fuses().summary();  // throws when it is silent
  return true;
}

}  // namespace lamp::manufacturing
