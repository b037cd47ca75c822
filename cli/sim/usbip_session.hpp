// One device behind USB/IP, from its plug-in until it leaves: bytes in, bytes out. Knows nothing of sockets.
#pragma once

#include <list>
#include <utility>

#include "cli/sim/usbip_message.hpp"

namespace lamp::sim {

class UsbipSession {
 public:
  /// device: must outlive the session. device_id: as it was given to the host.
  UsbipSession(UsbDevice& device, std::uint32_t device_id) : device_{device}, device_id_{device_id} {}

  /// Takes bytes of the host, cut anywhere. Throws Error{bad_input} for what is no message, and what the device throws;
  /// the session is over then.
  void receive(ByteView bytes);
  /// Tries again the transfers that the device had nothing for.
  void run_pending();
  /// What is to be sent to the host, each byte once.
  [[nodiscard]] Bytes take_output() { return std::exchange(output_, {}); }

  [[nodiscard]] bool is_waiting() const noexcept { return !pending_.empty(); }
  /// The host has chosen its configuration: the end of enumeration.
  [[nodiscard]] bool is_configured() const noexcept { return configured_; }
  /// The device is off the bus: send what is left, then hang up.
  [[nodiscard]] bool has_left() const noexcept { return left_; }

 private:
  struct Transfer {
    usbip::Submit submit;
    Bytes data;
  };
  using Transfers = std::list<Transfer>;

  [[nodiscard]] bool take_message();
  void unlink(const usbip::Unlink& command);
  [[nodiscard]] Outcome run(Transfer& transfer);
  [[nodiscard]] Outcome run_control(Transfer& transfer);
  [[nodiscard]] Outcome run_standard(const Setup& setup, Bytes& data);
  void finish(Transfers::iterator transfer, Outcome outcome);

  UsbDevice& device_;
  std::uint32_t device_id_;
  Bytes input_;
  Bytes output_;
  Transfers pending_;
  bool configured_ = false;
  bool left_ = false;
};

}  // namespace lamp::sim
