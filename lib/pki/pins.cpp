#include "lib/pki/pins.hpp"

#include <botan/hash.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/error.hpp"
#include "lib/pki/c_array.hpp"
#include "lib/pki/certificate.hpp"

namespace lamp::pki {
namespace {

bool holds(const std::vector<SpkiPin>& pins, const SpkiPin& wanted) {
  return std::ranges::find(pins, wanted.sha256, &SpkiPin::sha256) != pins.end();
}

std::vector<SpkiPin> once(std::vector<SpkiPin> pins) {
  std::vector<SpkiPin> kept;
  for (auto& pin : pins)
    if (!holds(kept, pin)) kept.push_back(std::move(pin));
  return kept;
}

std::string row(const SpkiPin& pin, std::string_view kind) {
  return "    // " + std::string{kind} + comment_text(pin.of) + "\n    {" + c_octets(pin.sha256, "     ") + "},\n";
}

}  // namespace

SpkiPin SpkiPin::of_key(std::string of, ByteView public_key_info) {
  return {std::move(of), Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(public_key_info)};
}

SpkiPin SpkiPin::of_certificate(std::string of, ByteView certificate) {
  return of_key(std::move(of), Certificate::parse(certificate).tbs.public_key);
}

PinSet PinSet::make(std::vector<SpkiPin> pins, std::vector<SpkiPin> backups) {
  PinSet set{once(std::move(pins)), once(std::move(backups))};
  if (set.backups.empty())
    throw Error{Errc::denied,
                "a pin set without a backup key locks its clients out when the first key is lost (RFC 7469 section "
                "4.3); name one with --backup or --backup-key"};
  for (const auto& backup : set.backups)
    if (holds(set.pins, backup))
      throw Error{Errc::denied, "the backup key of " + backup.of + " is in use already (RFC 7469 section 4.3)"};
  return set;
}

std::string pins_text(const PinSet& set) {
  std::string text;
  for (const auto& pin : set.pins) text += "pin-sha256=\"" + base64(pin.sha256) + "\" " + pin.of + "\n";
  for (const auto& pin : set.backups) text += "pin-sha256=\"" + base64(pin.sha256) + "\" backup: " + pin.of + "\n";
  return text;
}

std::string pins_json(const PinSet& set) {
  auto all = nlohmann::json::array();
  const auto add = [&](const SpkiPin& pin, bool backup) {
    all.push_back({{"sha256", base64(pin.sha256)}, {"of", pin.of}, {"backup", backup}});
  };
  for (const auto& pin : set.pins) add(pin, false);
  for (const auto& pin : set.backups) add(pin, true);
  return all.dump(2) + "\n";
}

std::string pins_c(const PinSet& set) {
  std::string text =
      "// SHA-256 of each SubjectPublicKeyInfo that is trusted (RFC 7469). Written by lamp-ca pins.\n"
      "#ifndef LAMP_PINS_H\n#define LAMP_PINS_H\n\n#include <stdint.h>\n\n#define LAMP_PIN_COUNT " +
      std::to_string(set.pins.size() + set.backups.size()) +
      "\n\nstatic const uint8_t lamp_pins[LAMP_PIN_COUNT][32] = {\n";
  for (const auto& pin : set.pins) text += row(pin, "");
  for (const auto& pin : set.backups) text += row(pin, "backup: ");
  return text + "};\n\n#endif\n";
}

}  // namespace lamp::pki
