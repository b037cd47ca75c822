// The pins that go into devices: what `lamp-ca pins` prints, kept as the site's policy/pins.txt.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::manufacturing {

/// SHA-256 digests in the file's order. Throws Error{bad_input} naming file and line, also when none of them is a
/// backup: such devices would be lost with the service's key (RFC 7469 section 4.3).
[[nodiscard]] std::vector<Bytes> parse_pins(std::string_view text, const std::string& name);
/// Throws Error{not_found} that says how to make the file.
[[nodiscard]] std::vector<Bytes> load_pins(const std::filesystem::path& file);

}  // namespace lamp::manufacturing
