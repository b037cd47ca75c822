// Espressif's USB Serial/JTAG unit, through the serial port that the kernel makes of it and the maker's esptool.
#include <filesystem>

#include "lib/base/error.hpp"
#include "manufacturing/tool_run.hpp"
#include "manufacturing/usb_plugged.hpp"

namespace lamp::manufacturing::usb {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kFlashLimit{120};
constexpr const char* kDevices = "/sys/bus/usb/devices";

/// sysfs names an interface by the port and its number, "1-2.3:1.0", and has the port's tty below it.
std::string serial_port(const std::string& port) {
  return guarded(Errc::unavailable, [&] {
    for (const auto& interface : fs::directory_iterator{kDevices}) {
      const auto terminals = interface.path() / "tty";
      if (!interface.path().filename().string().starts_with(port + ":") || !fs::is_directory(terminals)) continue;
      for (const auto& terminal : fs::directory_iterator{terminals})
        return "/dev/" + terminal.path().filename().string();
    }
    throw Error{Errc::unavailable,
                "port " + port + ": the kernel has no serial port for the chip; is the module cdc_acm there?"};
  });
}

class SerialEspPort final : public EspPort {
 public:
  explicit SerialEspPort(std::string device) : device_{std::move(device)} {}

  std::vector<std::string> efuse_target() const override { return {"--port", device_}; }
  void write_flash(const std::string& chip, std::uint32_t address, ByteView bytes) override {
    (void)run(chip, {"write_flash", std::to_string(address), kSecretPath}, bytes);
  }
  SecureBytes read_flash(const std::string& chip, std::uint32_t address, std::size_t size) override {
    auto read = run(chip, {"read_flash", std::to_string(address), std::to_string(size), kSecretPath}, {});
    if (read.size() != size) throw Error{Errc::unavailable, "esptool read_flash: fewer bytes than were asked for"};
    return read;
  }

 private:
  SecureBytes run(const std::string& chip, const std::vector<std::string>& words, ByteView secret) const {
    std::vector<std::string> command{"esptool", "--chip", chip, "--port", device_, "--after", "no_reset"};
    command.insert(command.end(), words.begin(), words.end());
    auto ran = run_tool(command, secret, kFlashLimit);
    if (ran.status != 0)
      throw Error{Errc::unavailable,
                  "esptool " + words.front() + " on " + device_ + " ended with " + std::to_string(ran.status)};
    return std::move(ran.left);
  }

  std::string device_;
};

}  // namespace

std::unique_ptr<EspPort> make_esp_port(const PluggedIn& plugged) {
  return std::make_unique<SerialEspPort>(serial_port(plugged.port));
}

}  // namespace lamp::manufacturing::usb
