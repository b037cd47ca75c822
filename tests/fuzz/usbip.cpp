// USB/IP messages in a row, in front of a device that takes and gives everything.
#include <algorithm>

#include "cli/sim/usbip_session.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

class Echo final : public lamp::sim::UsbDevice {
 public:
  [[nodiscard]] lamp::sim::UsbDescriptors descriptors() const override {
    return {lamp::Bytes(18, 1), lamp::Bytes(32, 2), {"maker", "echo", "1"}};
  }
  [[nodiscard]] lamp::sim::Outcome set_interface(std::uint8_t /*interface*/, std::uint8_t alternate) override {
    return alternate == 0 ? lamp::sim::Outcome::done : lamp::sim::Outcome::stall;
  }
  [[nodiscard]] lamp::sim::Outcome control(const lamp::sim::Setup& setup, lamp::Bytes& data) override {
    if (setup.to_host()) data.assign(setup.length, 0x55);
    return lamp::sim::Outcome::done;
  }
  [[nodiscard]] lamp::sim::Outcome bulk_out(lamp::ByteView data) override {
    kept_.assign(data.begin(), data.end());
    return lamp::sim::Outcome::done;
  }
  [[nodiscard]] lamp::sim::Outcome bulk_in(std::size_t most, lamp::Bytes& data) override {
    if (kept_.empty()) return lamp::sim::Outcome::nak;
    data.assign(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(std::min(most, kept_.size())));
    kept_.clear();
    return lamp::sim::Outcome::done;
  }
  void power_cycle() override {}
  void clear_halt(std::uint8_t /*endpoint*/) override { kept_.clear(); }
  void bus_reset() override { kept_.clear(); }

 private:
  lamp::Bytes kept_;
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Echo device;
  lamp::sim::UsbipSession session{device, 0x00010002};
  const auto taken = lamp::fuzz::read([&]() -> bool { return session.receive({data, size}), true; });
  const auto output = session.take_output();
  if (taken)
    lamp::fuzz::require(output.size() <= 48 * (size / 48) + (1U << 20) * (size / 48), "more answers than questions");
  return 0;
}
