#include "manufacturing/esp_efuse.hpp"

#include <botan/pem.h>

#include <nlohmann/json.hpp>

#include "lib/base/error.hpp"
#include "manufacturing/tool_run.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::chrono::seconds kEspLimit{60};

[[noreturn]] void refuse_summary(const std::string& what) {
  throw Error{Errc::bad_input, "summary of espefuse: " + what};
}

/// A field of one eFuse; espefuse prints some flags as numbers.
template <class T>
T field(const nlohmann::json& fuses, const std::string& name, const char* key) {
  const auto fuse = fuses.find(name);
  if (fuse == fuses.end() || !fuse->is_object() || !fuse->contains(key)) refuse_summary("no " + name);
  const auto& value = (*fuse)[key];
  if constexpr (std::is_same_v<T, bool>) {
    if (value.is_number_unsigned()) return value.get<unsigned>() != 0;
    if (!value.is_boolean()) refuse_summary(name + " is no flag");
  } else if (!value.is_string()) {
    refuse_summary(name + " is no text");
  }
  return value.get<T>();
}

/// The last line that says something: espefuse explains itself there.
std::string last_words(const ToolResult& result) {
  const auto& text = result.err.find_first_not_of(" \r\n\t") != std::string::npos ? result.err : result.out;
  const auto end = text.find_last_not_of(" \r\n\t");
  if (end == std::string::npos) return "it said nothing";
  const auto start = text.find_last_of('\n', end);
  return text.substr(start == std::string::npos ? 0 : start + 1,
                     end - (start == std::string::npos ? 0 : start + 1) + 1);
}

}  // namespace

EfuseSummary parse_efuse_summary(std::string_view output, unsigned key_block) {
  const auto start = output.find('{');
  const auto fuses =
      start == std::string_view::npos ? nlohmann::json{} : nlohmann::json::parse(output.substr(start), nullptr, false);
  if (!fuses.is_object()) refuse_summary("no JSON");
  const auto number = std::to_string(key_block);
  EfuseSummary summary;
  summary.mac = field<std::string>(fuses, "MAC", "value").substr(0, 17);
  summary.key_purpose = field<std::string>(fuses, "KEY_PURPOSE_" + number, "value");
  summary.key_readable = field<bool>(fuses, "BLOCK_KEY" + number, "readable");
  const auto key = summary.key_readable ? field<std::string>(fuses, "BLOCK_KEY" + number, "value") : std::string{"?"};
  summary.key_is_empty = key.find_first_not_of("0 ") == std::string::npos;
  summary.key_writeable = field<bool>(fuses, "BLOCK_KEY" + number, "writeable");
  summary.pad_jtag_off = field<bool>(fuses, "DIS_PAD_JTAG", "value");
  summary.usb_jtag_off = field<bool>(fuses, "DIS_USB_JTAG", "value");
  summary.download_off = field<bool>(fuses, "DIS_DOWNLOAD_MODE", "value");
  return summary;
}

EspEfuse::EspEfuse(std::string chip, unsigned key_block, std::vector<std::string> target)
    : chip_{std::move(chip)}, key_block_{key_block}, target_{std::move(target)} {}

std::string EspEfuse::run(std::vector<std::string> arguments, ByteView secret) const {
  std::vector<std::string> command{"espefuse", "--chip", chip_, "--do-not-confirm"};
  command.insert(command.end(), target_.begin(), target_.end());
  command.insert(command.end(), arguments.begin(), arguments.end());
  auto result = run_tool(command, secret, kEspLimit);
  if (result.status != 0) throw Error{Errc::denied, "espefuse " + arguments.front() + ": " + last_words(result)};
  return std::move(result.out);
}

EfuseSummary EspEfuse::summary() const {
  return parse_efuse_summary(run({"summary", "--format", "json"}, {}), key_block_);
}

void EspEfuse::burn_key(const firmware::DeviceKey& key) const {
  // espefuse reads SEC 1 or PKCS#8, in PEM.
  const auto der = firmware::pkcs8_of(key);
  const auto pem = guarded(Errc::internal, [&] { return Botan::PEM_Code::encode(der, "PRIVATE KEY"); });
  const SecureBytes hidden{pem.begin(), pem.end()};
  (void)run({"burn_key", "BLOCK_KEY" + std::to_string(key_block_), kSecretPath, "ECDSA_KEY"}, hidden);
}

void EspEfuse::burn(std::vector<std::string> fuses) const {
  std::vector<std::string> arguments{"burn_efuse"};
  for (auto& fuse : fuses) arguments.insert(arguments.end(), {std::move(fuse), "1"});
  if (arguments.size() > 1) (void)run(std::move(arguments), {});
}

void EspEfuse::close_debug_port() const {
  const auto now = summary();
  std::vector<std::string> fuses;
  if (!now.pad_jtag_off) fuses.emplace_back("DIS_PAD_JTAG");
  if (!now.usb_jtag_off) fuses.emplace_back("DIS_USB_JTAG");
  burn(std::move(fuses));
}

void EspEfuse::close_download_mode() const {
  if (!summary().download_off) burn({"DIS_DOWNLOAD_MODE"});
}

}  // namespace lamp::manufacturing
