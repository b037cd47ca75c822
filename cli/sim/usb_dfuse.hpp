// A virtual STM32WB55 in a fixture that holds BOOT0 high: at power-up its system boot loader (0483:df11, DFU with ST's
// extension); after a leave request, and always at readout protection level 2, its application, which is a lamp that
// takes its identity from the credential block in flash.
#pragma once

#include "cli/sim/dfu_machine.hpp"
#include "cli/sim/usb_lamp.hpp"
#include "lib/firmware/dfuse_settings.hpp"

namespace lamp::sim {

class UsbDfusePart final : public UsbDevice {
 public:
  /// Power-up. The generator must outlive the part.
  UsbDfusePart(DeviceFlash flash, const firmware::DfuseSettings& settings, Botan::RandomNumberGenerator& rng);

  [[nodiscard]] UsbDescriptors descriptors() const override;
  [[nodiscard]] Outcome set_interface(std::uint8_t interface, std::uint8_t alternate) override;
  [[nodiscard]] Outcome control(const Setup& setup, Bytes& data) override;
  [[nodiscard]] Outcome bulk_out(ByteView data) override;
  [[nodiscard]] Outcome bulk_in(std::size_t most, Bytes& data) override;
  /// Also the restart after a leave request: the option bytes are loaded, as by a system reset.
  void power_cycle() override;
  void clear_halt(std::uint8_t endpoint) override;
  void bus_reset() override;
  [[nodiscard]] bool is_finished() const override { return runs_application() && application_.is_finished(); }

  [[nodiscard]] Stm32Memory& memory() noexcept { return memory_; }
  [[nodiscard]] VirtualDevice& application() noexcept { return application_.device(); }
  [[nodiscard]] bool runs_application() const noexcept { return mode_ == Mode::application; }

 private:
  enum class Mode { boot_loader, application };
  void boot();
  void read_block();

  firmware::DfuseSettings settings_;
  UsbLamp application_;
  Stm32Memory memory_;
  DfuMachine machine_{memory_};
  Mode mode_ = Mode::boot_loader;
};

}  // namespace lamp::sim
