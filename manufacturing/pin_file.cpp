#include "manufacturing/pin_file.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::string_view kPinStart = "pin-sha256=\"", kBackupMark = "backup: ";
constexpr std::size_t kDigestLength = 32;

}  // namespace

std::vector<Bytes> parse_pins(std::string_view text, const std::string& name) {
  std::vector<Bytes> pins;
  bool has_backup = false;
  std::size_t number = 0;
  for (const auto line : split(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    const auto place = name + ":" + std::to_string(number);
    const auto end = line.find('"', kPinStart.size());
    if (!line.starts_with(kPinStart) || end == std::string_view::npos)
      throw Error{Errc::bad_input, place + ": not a pin as 'lamp-ca pins' prints it"};
    auto digest = in_context(place, [&] { return from_base64(line.substr(kPinStart.size(), end - kPinStart.size())); });
    if (digest.size() != kDigestLength) throw Error{Errc::bad_input, place + ": not a SHA-256"};
    if (std::ranges::find(pins, digest) != pins.end()) throw Error{Errc::bad_input, place + ": the pin is there twice"};
    has_backup = has_backup || line.substr(std::min(end + 2, line.size())).starts_with(kBackupMark);
    pins.push_back(std::move(digest));
  }
  if (!has_backup)
    throw Error{Errc::bad_input, name + ": no backup pin: devices would be lost with the service's key (RFC 7469)"};
  return pins;
}

std::vector<Bytes> load_pins(const std::filesystem::path& file) {
  auto text = attempt([&] { return read_text_file(file); });
  if (const auto* error = std::get_if<Error>(&text)) {
    if (error->code() != Errc::not_found) rethrow(*error);
    throw Error{Errc::not_found, file.string() + " is absent, and a model of the order takes pins of the service: " +
                                     "make it with 'lamp-ca pins ... --backup ... > " + file.string() + "'"};
  }
  return parse_pins(std::get<std::string>(text), file.string());
}

}  // namespace lamp::manufacturing
