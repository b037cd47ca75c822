// What `inspect` and `verify` say of files that are not SUIT envelopes.
#pragma once

#include <iosfwd>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/firmware/images/finding.hpp"
#include "lib/firmware/images/recognise.hpp"

namespace lamp::cli {

/// Everything in the file, as JSON, with `kind` and `findings`. Judges nothing beyond the structure.
[[nodiscard]] nlohmann::json describe_image(firmware::FileKind kind, const firmware::Input& file);
/// The same for people.
void print_image(const nlohmann::json& all, std::ostream& out);
[[nodiscard]] nlohmann::json to_json(const firmware::Findings& findings);

/// Whom to believe, for MCUboot images and packages.
struct ImageTrust {
  std::vector<Bytes> keys;          ///< SubjectPublicKeyInfo
  std::vector<Bytes> certificates;  ///< DER
  std::optional<std::uint64_t> minimum_epoch;
  std::optional<std::string> vendor, model;  ///< both or none
  Instant now{};
};
/// PEM files with public keys and certificates. Throws Error{bad_input}.
[[nodiscard]] ImageTrust read_trust(const std::vector<std::string>& files, Instant now);

/// An MCUboot image or a package. Throws Error{bad_input} when nothing is trusted that could have signed it.
[[nodiscard]] firmware::Findings judge_image(firmware::FileKind kind, const firmware::Input& file,
                                             const ImageTrust& trust);

/// The upgrade image in a Zigbee OTA file.
struct ZigbeeElement {
  std::uint64_t offset = 0, size = 0;
  firmware::Findings findings;  ///< of the file around it; without any the element can be judged
};
[[nodiscard]] ZigbeeElement upgrade_image_in(const firmware::Input& file);

}  // namespace lamp::cli
