// Espressif's eFuses through espefuse (Debian: esptool), for chips with an ECDSA peripheral, such as the ESP32-H2: the
// P-256 identity key is burnt and read-protected, so that only the peripheral can use it; then JTAG and download mode
// are switched off for good. What is recorded is what the chip's summary says afterwards.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "lib/firmware/device_key.hpp"

namespace lamp::manufacturing {

struct EfuseSummary {
  std::string mac;          ///< as espefuse prints it: six pairs
  std::string key_purpose;  ///< "USER" while nothing was burnt
  bool key_readable = true, key_writeable = true;
  bool key_is_empty = false;  ///< nothing was burnt into the key block; known only while it can be read
  bool pad_jtag_off = false, usb_jtag_off = false, download_off = false;

  /// Whether the key block holds an identity key that nothing but the peripheral reads.
  [[nodiscard]] bool has_key() const noexcept { return key_purpose == "ECDSA_KEY" && !key_readable && !key_writeable; }
  [[nodiscard]] bool is_blank() const noexcept { return key_purpose == "USER" && key_is_empty; }
  [[nodiscard]] bool debug_port_off() const noexcept { return pad_jtag_off && usb_jtag_off; }
  [[nodiscard]] bool is_locked() const noexcept { return debug_port_off() && download_off; }
};

/// Throws Error{bad_input} unless it is the output of `espefuse summary --format json` with all that is asked of it.
[[nodiscard]] EfuseSummary parse_efuse_summary(std::string_view output, unsigned key_block);

/// Every call throws Error{not_found} when espefuse is not installed, Error{denied} with what it said when it refuses,
/// Error{unavailable} when it does not end.
class EspEfuse {
 public:
  /// `target` says how espefuse reaches the chip: {"--port", "/dev/ttyACM0"}, or {"--virt", "--path-efuse-file", FILE}.
  EspEfuse(std::string chip, unsigned key_block, std::vector<std::string> target);

  [[nodiscard]] EfuseSummary summary() const;
  /// The key goes to espefuse in a memory file, never in its arguments. Done already is an error of the chip's own:
  /// look at summary() first.
  void burn_key(const firmware::DeviceKey& key) const;
  /// Burns what is not burnt yet: the debug port's fuses; then the one of the boot loader, after which a real chip
  /// says nothing any more.
  void close_debug_port() const;
  void close_download_mode() const;

 private:
  void burn(std::vector<std::string> fuses) const;
  [[nodiscard]] std::string run(std::vector<std::string> arguments, ByteView secret) const;
  std::string chip_;
  unsigned key_block_;
  std::vector<std::string> target_;
};

}  // namespace lamp::manufacturing
