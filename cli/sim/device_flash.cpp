#include "cli/sim/device_flash.hpp"

#include <botan/mem_ops.h>
#include <botan/rng.h>

#include <span>
#include <system_error>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/firmware/device/file_flash.hpp"
#include "lib/firmware/device/software_crypto.hpp"
#include "lib/firmware/device/updater.hpp"

namespace lamp::sim {

namespace {

using manufacturing::DebugPort;
using manufacturing::Lifecycle;

/// Keys of the flash file's map; numbers are never reused.
enum Field : std::int64_t {
  kModel = 1,
  kChipId,
  kHardwareRevision,
  kSlotSize,
  kState,
  kDebugPort,
  kPrivateKey,
  kCredentialBlock
};
constexpr std::uint64_t kFields = 8;
constexpr const char* kFile = "identity";
constexpr const char* kImages = "flash";

Bytes encode(const FlashContents& contents) {
  return cbor::MapWriter{}
      .add(kModel, std::move(cbor::Writer{}.text(contents.model)))
      .add(kChipId, cbor::bytes_item(contents.chip_id))
      .add(kHardwareRevision, cbor::number_item(contents.hardware_revision))
      .add(kSlotSize, cbor::number_item(contents.slot_size))
      .add(kState, cbor::number_item(static_cast<std::uint64_t>(contents.state)))
      .add(kDebugPort, cbor::number_item(static_cast<std::uint64_t>(contents.debug_port)))
      .add(kPrivateKey, cbor::bytes_item(contents.private_key))
      .add(kCredentialBlock, cbor::bytes_item(contents.credential_block))
      .encoded();
}

template <class Container>
Container copy(ByteView view) {
  return {view.begin(), view.end()};
}

FlashContents decode(ByteView file) {
  cbor::Reader reader{file};
  if (reader.map() != kFields) throw Error{Errc::bad_input, "not the identity file of a virtual device"};
  const auto next = [&reader](Field field) -> cbor::Reader& {
    if (reader.integer() != field) throw Error{Errc::bad_input, "not the identity file of a virtual device"};
    return reader;
  };
  FlashContents contents;
  contents.model = next(kModel).text();
  contents.chip_id = copy<Bytes>(next(kChipId).bytes());
  contents.hardware_revision = next(kHardwareRevision).unsigned_integer();
  contents.slot_size = next(kSlotSize).unsigned_integer();
  const auto state = next(kState).unsigned_integer();
  const auto debug_port = next(kDebugPort).unsigned_integer();
  if (state > static_cast<std::uint64_t>(Lifecycle::locked) || debug_port > 1)
    throw Error{Errc::bad_input, "unknown state in the identity file of a virtual device"};
  contents.state = static_cast<Lifecycle>(state);
  contents.debug_port = static_cast<DebugPort>(debug_port);
  contents.private_key = copy<SecureBytes>(next(kPrivateKey).bytes());
  contents.credential_block = copy<SecureBytes>(next(kCredentialBlock).bytes());
  reader.end();
  return contents;
}

void make_private_folder(const std::filesystem::path& folder) {
  guarded(Errc::unavailable, [&] {
    std::filesystem::create_directories(folder);
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  });
}

/// The firmware that chips are delivered with. It has no release: its floors are those of policy/release.yaml.
void write_first_firmware(const std::filesystem::path& folder, const firmware::DeviceProfile& profile) {
  std::error_code ignored;
  std::filesystem::remove(folder / kImages, ignored);  // of a device that was not finished
  firmware::device::FileFlash flash{folder / kImages, profile.slot_size};
  firmware::device::SoftwareCrypto no_key{SymmetricKey{SecureBytes{}}};
  firmware::device::provision(flash, no_key, as_bytes("Lamplighter demo firmware 1.0.0 for " + profile.model),
                              Version{1, 0, 0}, 1, 1);
}

}  // namespace

bool DeviceFlash::is_at(const std::filesystem::path& folder) {
  std::error_code ignored;
  return std::filesystem::exists(folder / kFile, ignored);
}

FlashContents DeviceFlash::peek(const std::filesystem::path& folder) {
  return in_context("reading " + (folder / kFile).string(), [&] {
    auto file = read_file(folder / kFile);
    auto contents = decode(file);
    Botan::secure_scrub_memory(file.data(), file.size());
    return contents;
  });
}

DeviceFlash DeviceFlash::create(const std::filesystem::path& folder, const firmware::DeviceProfile& profile,
                                Botan::RandomNumberGenerator& rng) {
  make_private_folder(folder);
  DeviceFlash flash{folder, FileLock{folder / "lock"}};
  if (is_at(folder)) throw Error{Errc::exists, folder.string() + " holds a virtual device already"};
  write_first_firmware(folder, profile);
  FlashContents blank;
  blank.model = profile.model;
  blank.slot_size = profile.slot_size;
  blank.chip_id.resize(manufacturing::kChipIdSize);
  // ST's unique id has 96 bits.
  constexpr std::size_t st_id = 12;
  const auto id_size = profile.adapter == firmware::AdapterKind::dfuse ? st_id : blank.chip_id.size();
  rng.randomize(std::span{blank.chip_id}.first(id_size));
  flash.write(std::move(blank));
  return flash;
}

DeviceFlash DeviceFlash::open(const std::filesystem::path& folder) {
  if (!is_at(folder)) throw Error{Errc::not_found, "no virtual device in " + folder.string()};
  DeviceFlash flash{folder, FileLock{folder / "lock"}};
  flash.contents_ = peek(folder);
  return flash;
}

void DeviceFlash::write(FlashContents contents) {
  auto file = encode(contents);
  publish(folder_ / kFile, file, Mode::secret);
  Botan::secure_scrub_memory(file.data(), file.size());
  contents_ = std::move(contents);
}

std::filesystem::path DeviceFlash::image_file(const std::filesystem::path& folder) { return folder / kImages; }

void DeviceFlash::power_cycle() { contents_ = peek(folder_); }

}  // namespace lamp::sim
