#include "cli/sim/usb_dfuse.hpp"

#include <array>

#include "lib/base/error.hpp"
#include "lib/firmware/credential_block.hpp"
#include "lib/firmware/flash_record.hpp"

namespace lamp::sim {

namespace {

constexpr std::uint8_t low(unsigned word) { return static_cast<std::uint8_t>(word & 0xffU); }
constexpr std::uint8_t high(unsigned word) { return static_cast<std::uint8_t>(word >> 8U); }

/// USB DFU 1.1 section 4.2: one interface with an alternate setting for each memory, then the functional descriptor.
Bytes dfu_configuration(std::size_t memories) {
  constexpr std::uint8_t can_download_upload_and_detach = 0x0b;
  constexpr unsigned dfuse_version = 0x011a, detach_timeout = 255;
  const auto total = static_cast<std::uint8_t>(9 + 9 * memories + 9);
  Bytes out{9, 2, total, 0, 1, 1, 0, 0xc0, 50};
  for (std::uint8_t alternate = 0; alternate < memories; ++alternate)
    append(out, Bytes{9, 4, 0, alternate, 0, 0xfe, 1, 2, static_cast<std::uint8_t>(4 + alternate)});
  append(out, Bytes{9, 0x21, can_download_upload_and_detach, detach_timeout, 0, low(DfuMachine::kTransferSize),
                    high(DfuMachine::kTransferSize), low(dfuse_version), high(dfuse_version)});
  return out;
}

ByteView unique_id_of(const DeviceFlash& flash) {
  return ByteView{flash.contents().chip_id}.first(Stm32Memory::kUniqueIdSize);
}

}  // namespace

UsbDfusePart::UsbDfusePart(DeviceFlash flash, const firmware::DfuseSettings& settings,
                           Botan::RandomNumberGenerator& rng)
    : settings_{settings},
      application_{VirtualDevice{std::move(flash), rng}},
      memory_{application().flash().folder() / "memory", unique_id_of(application().flash())} {
  boot();
}

UsbDescriptors UsbDfusePart::descriptors() const {
  if (mode_ == Mode::application) return application_.descriptors();
  UsbDescriptors out;
  const auto vendor = settings_.vendor, product = settings_.product;
  out.device = {18,   1,    0x00, 0x02, 0, 0, 0, 64, low(vendor), high(vendor), low(product), high(product),
                0x00, 0x02, 1,    2,    3, 1};
  const auto memories = Stm32Memory::layout();
  out.configuration = dfu_configuration(memories.size());
  const auto id = hex(memory_.read(Stm32Memory::kUniqueId, 6).value_or(Bytes(6)));
  out.strings = {"Lamplighter simulation", "STM32  BOOTLOADER", id};
  out.strings.insert(out.strings.end(), memories.begin(), memories.end());
  return out;
}

Outcome UsbDfusePart::set_interface(std::uint8_t interface, std::uint8_t alternate) {
  if (mode_ == Mode::application) return application_.set_interface(interface, alternate);
  return interface == 0 && alternate < Stm32Memory::layout().size() ? Outcome::done : Outcome::stall;
}

Outcome UsbDfusePart::control(const Setup& setup, Bytes& data) {
  return mode_ == Mode::application ? application_.control(setup, data) : machine_.control(setup, data);
}

Outcome UsbDfusePart::bulk_out(ByteView data) {
  return mode_ == Mode::application ? application_.bulk_out(data) : Outcome::stall;
}

Outcome UsbDfusePart::bulk_in(std::size_t most, Bytes& data) {
  return mode_ == Mode::application ? application_.bulk_in(most, data) : Outcome::stall;
}

void UsbDfusePart::power_cycle() { boot(); }

void UsbDfusePart::clear_halt(std::uint8_t endpoint) {
  if (mode_ == Mode::application) application_.clear_halt(endpoint);
}

void UsbDfusePart::bus_reset() {
  if (mode_ == Mode::application)
    application_.bus_reset();
  else
    machine_.reset();
}

void UsbDfusePart::boot() {
  memory_.launch();
  const bool starts = machine_.has_started_application() || memory_.protection() == Stm32Memory::Protection::level_2;
  machine_.reset();
  mode_ = starts ? Mode::application : Mode::boot_loader;
  if (starts) read_block();
  application_.power_cycle();
}

/// What the application does at every start: it believes its block only when it is whole and holds its key.
void UsbDfusePart::read_block() {
  const auto flash = memory_.read(settings_.block_page, settings_.block_size).value_or(Bytes{});
  const auto content = firmware::read_flash_record(firmware::RecordKind::credential_block, flash);
  const auto parsed = attempt([&] { return firmware::parse_credential_block(content.value_or(ByteView{})); });
  const auto* block = std::get_if<firmware::CredentialBlock>(&parsed);
  const auto* key = block != nullptr ? block->key("idevid") : nullptr;
  const bool is_locked = memory_.protection() == Stm32Memory::Protection::level_2;
  auto contents = application().flash().contents();
  contents.debug_port = is_locked ? manufacturing::DebugPort::locked : manufacturing::DebugPort::open;
  contents.state = manufacturing::Lifecycle::blank;
  contents.private_key.clear();
  contents.credential_block.clear();
  if (key != nullptr) {
    contents.state = is_locked ? manufacturing::Lifecycle::locked : manufacturing::Lifecycle::provisioned;
    contents.private_key = firmware::pkcs8_of(*key);
    contents.credential_block.assign(content->begin(), content->end());
  }
  application().flash().write(std::move(contents));
}

}  // namespace lamp::sim
