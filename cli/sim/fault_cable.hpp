// A device whose cable or endpoints are at fault.
#pragma once

#include <functional>

#include "cli/sim/fault.hpp"
#include "cli/sim/frame_watch.hpp"
#include "cli/sim/usb_wrapper.hpp"

namespace lamp::sim {

class FaultyCable final : public UsbWrapper {
 public:
  using Tell = std::function<void(const Fault& fault)>;
  /// tell: called each time the fault strikes, from the bus's thread.
  FaultyCable(std::unique_ptr<UsbDevice> device, Fault fault, Tell tell)
      : UsbWrapper{std::move(device)}, fault_{std::move(fault)}, tell_{std::move(tell)} {}

  [[nodiscard]] Outcome control(const Setup& setup, Bytes& data) override;
  [[nodiscard]] Outcome bulk_out(ByteView data) override;
  [[nodiscard]] Outcome bulk_in(std::size_t most, Bytes& data) override;
  void power_cycle() override;
  void clear_halt(std::uint8_t endpoint) override;
  void bus_reset() override;
  [[nodiscard]] bool comes_back() const override { return !stays_out_ && UsbWrapper::comes_back(); }

 private:
  /// What is left to be done to the answer of a request that was struck.
  enum class Answer { as_given, withheld, flipped, cut_off, last };

  [[nodiscard]] bool strikes(ByteView data);
  [[nodiscard]] bool is_the_place(ByteView data);
  [[nodiscard]] Outcome strike(const std::function<Outcome(bool whole)>& hand_on);
  void flip(Outcome outcome, Bytes& data);
  [[nodiscard]] Outcome pulled_after(Outcome outcome);

  Fault fault_;
  Tell tell_;
  std::uint64_t transfers_ = 0;  ///< towards the device
  FrameWatch frames_;
  std::uint64_t strikes_ = 0;
  bool halted_ = false;
  bool stays_out_ = false;
  Answer answer_ = Answer::as_given;
};

}  // namespace lamp::sim
