#include "manufacturing/dfuse_adapter.hpp"

#include <botan/pk_keys.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/firmware/credential_block.hpp"
#include "lib/firmware/flash_record.hpp"
#include "lib/pki/csr_writer.hpp"
#include "manufacturing/lamp_adapter.hpp"

namespace lamp::manufacturing {
namespace {

using firmware::RecordKind;

constexpr std::size_t kUniqueIdSize = 12, kKeyRecordRoom = 256, kComplement = 4;
constexpr std::uint8_t kUnprotected = 0xaa, kLevel2 = 0xcc;
constexpr const char* kIdevid = "idevid";

std::string kibibytes(std::uint64_t bytes) { return std::to_string(bytes / 1024) + " KiB"; }

bool is_made_of(const firmware::DeviceProfile& profile, const DfuDescription& part, const DfuseSession& session) {
  if (!profile.dfuse || profile.dfuse->vendor != part.vendor || profile.dfuse->product != part.product) return false;
  const auto& memories = session.memories();
  return std::any_of(memories.begin(), memories.end(), [&](const DfuseMemory& memory) {
    return memory.find(profile.dfuse->flash, 1) != nullptr && memory.regions.front().address == profile.dfuse->flash &&
           memory.size() == profile.dfuse->flash_size;
  });
}

SecureBytes key_record(const firmware::DeviceKey& key) {
  cbor::SecureWriter writer;
  firmware::write_device_key(writer, key);
  return firmware::flash_record(RecordKind::device_key, writer.encoded());
}

const Models kNone;

}  // namespace

DfuseAdapter::DfuseAdapter(std::unique_ptr<DfuPort> dfu, Bench& bench, std::string port, const Models& models,
                           Botan::RandomNumberGenerator& rng)
    : bench_{bench}, port_{std::move(port)}, rng_{rng}, dfu_{std::move(dfu)} {
  session_.emplace(*dfu_, [this](std::chrono::milliseconds time) { bench_.wait(time); });
  recognise(models);
}

DfuseAdapter::~DfuseAdapter() = default;

Error DfuseAdapter::error(Errc code, const std::string& what) const {
  return Error{code, "port " + port_ + ": " + what};
}

DfuseSession& DfuseAdapter::session() {
  if (!session_) throw error(Errc::unavailable, "the part is gone");
  return *session_;
}

/// A boot loader does not know what the part is for: USB IDs and memory say which model it can be, if only one.
void DfuseAdapter::recognise(const Models& models) {
  const auto& part = dfu_->description();
  std::string fitting;
  for (const auto* profile : models) {
    if (!is_made_of(*profile, part, *session_)) continue;
    fitting += (fitting.empty() ? "" : ", ") + profile->model;
    profile_ = profile;
  }
  if (fitting.empty())
    throw error(Errc::denied, "no model of this order is made of a part with " +
                                  kibibytes(session_->memories().front().size()) + " of flash");
  if (fitting != profile_->model)
    throw error(Errc::denied,
                "several models of this order are made of this part (" + fitting + "): give each an order of its own");
}

Bytes DfuseAdapter::unique_id() {
  const auto id = session().read(places().unique_id, kUniqueIdSize);
  const bool is_blind = std::all_of(id.begin(), id.end(), [&](auto byte) { return byte == id.front(); });
  if (is_blind) throw error(Errc::denied, "the part's unique id is no id: " + hex(id));
  Bytes chip{id.begin(), id.end()};
  chip.resize(kChipIdSize);  // the application says the same: lamp-provisioning(7), identify
  return chip;
}

Part DfuseAdapter::identify() {
  if (application_) return application_->identify();
  Part part{profile_->model, unique_id(), Lifecycle::blank, {}, {}};
  if (const auto block = block_in_flash()) {
    part.state = Lifecycle::provisioned;
    part.block_digest = credential_digest(*block);
  } else if (key_in_flash()) {
    part.state = Lifecycle::keyed;
  } else {
    part.leftovers = leftovers();
  }
  return part;
}

std::optional<firmware::DeviceKey> DfuseAdapter::key_in_flash() {
  const auto flash = session().read(places().key_page, kKeyRecordRoom);
  const auto content = firmware::read_flash_record(RecordKind::device_key, flash);
  if (!content) return std::nullopt;
  cbor::Reader reader{*content};
  auto key = firmware::read_device_key(reader);
  reader.end();
  return key;
}

std::optional<SecureBytes> DfuseAdapter::block_in_flash() {
  const auto flash = session().read(places().block_page, places().block_size);
  const auto content = firmware::read_flash_record(RecordKind::credential_block, flash);
  if (!content) return std::nullopt;
  return SecureBytes{content->begin(), content->end()};
}

std::string DfuseAdapter::leftovers() {
  if (!firmware::is_erased(session().read(places().block_page, places().block_size)))
    return "something is in the pages of its credential block";
  if (!firmware::is_erased(session().read(places().key_page, kKeyRecordRoom))) return "something is in its key page";
  return {};
}

std::size_t DfuseAdapter::key_page_size() {
  const auto* region = session().memory_of(places().key_page).find(places().key_page, kKeyRecordRoom);
  if (region == nullptr) throw error(Errc::denied, "the part has no page for the key");
  return region->page_size;
}

Bytes DfuseAdapter::make_key(ByteView /*announced*/, const BeforeEffect& before_effect) {
  if (const auto key = key_for_block()) return spki_of(*key);
  const auto key = firmware::make_device_key(kIdevid, firmware::KeyCurve::p256, rng_);
  const auto spki = spki_of(key);
  before_effect(spki);
  const auto record = key_record(key);
  session().erase(places().key_page, key_page_size());
  session().write(places().key_page, record);
  if (session().read(places().key_page, record.size()) != record)
    throw error(Errc::denied, "the part read back another key than was written");
  return spki;
}

/// The part's boot loader signs nothing: the key that was written into it does, read back.
Bytes DfuseAdapter::request(const std::string& serial) {
  const auto key = key_for_block();
  if (!key) throw error(Errc::denied, "the part has no key to ask a certificate for");
  return pki::write_request(serial, *firmware::signing_key(pkcs8_of(*key)), rng_);
}

std::optional<firmware::DeviceKey> DfuseAdapter::key_for_block() {
  if (auto key = key_in_flash()) return key;
  const auto encoded = block_in_flash();
  if (!encoded) return std::nullopt;
  auto block = firmware::parse_credential_block(*encoded);
  for (auto& key : block.device_keys)
    if (key.name == kIdevid) return std::move(key);
  return std::nullopt;
}

Bytes DfuseAdapter::install(ByteView block) {
  const auto record = firmware::flash_record(RecordKind::credential_block, block);
  if (record.size() > places().block_size)
    throw error(Errc::denied, "the credential block takes " + std::to_string(record.size()) + " bytes, the profile's " +
                                  "block-size is " + std::to_string(places().block_size));
  session().erase(places().block_page, places().block_size);
  session().write(places().block_page, record);
  const auto back = session().read(places().block_page, record.size());
  const auto content = firmware::read_flash_record(RecordKind::credential_block, back);
  return credential_digest(content ? *content : ByteView{back});
}

/// Read back, not signed: no program of the part runs yet.
Evidence DfuseAdapter::prove(ByteView spki) {
  if (application_) return application_->prove(spki);
  const auto encoded = block_in_flash();
  if (!encoded) throw error(Errc::denied, "the part holds no whole credential block");
  const auto block = firmware::parse_credential_block(*encoded);
  const auto* key = block.key(kIdevid);
  if (key == nullptr || !std::ranges::equal(spki_of(*key), spki))
    throw error(Errc::denied, "the part's credential block holds another key than was certified");
  const auto protection = session().read(places().option_bytes, 1).front();
  const auto debug_port = protection == kUnprotected ? DebugPort::open : DebugPort::locked;
  return {{block.serial, Lifecycle::provisioned, debug_port, {}}, {}};
}

/// At level 2 there is no boot loader any more: everything else is done and read back before. The option bytes take
/// effect at the reset; a part that resets by itself at once is gone before they can be read back.
std::string DfuseAdapter::lock() {
  if (!firmware::is_erased(session().read(places().key_page, kKeyRecordRoom)))
    session().erase(places().key_page, key_page_size());
  const auto size = static_cast<std::size_t>(session().memory_of(places().option_bytes).size());
  auto options = session().read(places().option_bytes, size);
  if (options.front() != kLevel2) {
    const bool has_complement = size > kComplement && options[kComplement] == static_cast<std::uint8_t>(~options[0]);
    options[0] = kLevel2;
    if (has_complement) options[kComplement] = static_cast<std::uint8_t>(~kLevel2);
    session().write(places().option_bytes, options);
  }
  const auto back = session().read(places().option_bytes, size);
  if (back != options)
    throw error(Errc::denied, "the lock did not take: the option bytes read back " + hex(ByteView{back}.first(1)) +
                                  ", not " + hex(Bytes{kLevel2}));
  return "option bytes read back: readout protection " + hex(ByteView{back}.first(1)) + " (level 2)";
}

void DfuseAdapter::reset() {
  session().leave(places().application);
  session_.reset();
  dfu_.reset();
}

bool DfuseAdapter::has_returned() {
  session_.reset();
  dfu_.reset();
  auto plug = bench_.open(port_);
  if (auto* frames = std::get_if<std::unique_ptr<Fixture>>(&plug)) {
    application_ = std::make_unique<LampAdapter>(std::move(*frames), bench_, port_, kNone, rng_);
    return true;
  }
  auto* dfu = std::get_if<std::unique_ptr<DfuPort>>(&plug);
  if (dfu == nullptr) {
    was_away_ = true;
    return false;
  }
  if (!was_away_) return false;  // it has not left yet
  dfu_ = std::move(*dfu);
  session_.emplace(*dfu_, [this](std::chrono::milliseconds time) { bench_.wait(time); });
  return true;
}

}  // namespace lamp::manufacturing
