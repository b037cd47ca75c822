// One virtual STM32 in port 1-1, without a cable: control transfers go straight to it. Every transfer can be the last
// act of the station, or the moment at which the cable is pulled.
#pragma once

#include <functional>
#include <optional>

#include "cli/sim/usb_dfuse.hpp"
#include "tests/manufacturing/small_station.hpp"

namespace lamp::test {

class DfuseBench final : public manufacturing::Bench {
 public:
  DfuseBench(Fate& fate, sim::UsbDfusePart& part) : fate_{fate}, part_{&part} {}

  std::vector<std::string> occupied_ports() override { return {"1-1"}; }
  manufacturing::Plug open(const std::string& port) override;
  /// The virtual part takes real time for its work.
  void wait(std::chrono::milliseconds time) override;

  void put_in(sim::UsbDfusePart& part) noexcept { part_ = &part; }
  void pull_cable_at(std::uint64_t transfer) { cable_ = transfer; }
  [[nodiscard]] std::uint64_t transfers() const noexcept { return transfers_; }

  /// Changes what the part says on its way to the station.
  std::function<void(std::uint32_t transfer_size, SecureBytes&)> falsify_upload = [](std::uint32_t, SecureBytes&) {};
  std::optional<manufacturing::DfuDescription> says_instead;
  bool is_empty_after_restart = false;

 private:
  friend class DirectDfu;
  friend class DirectFrames;
  sim::UsbDfusePart& part_in_cable();
  void left();

  Fate& fate_;
  sim::UsbDfusePart* part_;
  std::optional<std::uint64_t> cable_;
  std::uint64_t transfers_ = 0;
  bool away_ = false, pulled_ = false;
};

}  // namespace lamp::test
