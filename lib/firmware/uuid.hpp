// Name-based UUIDs (RFC 9562 version 5), with which a SUIT manifest says for whom it is.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace lamp::firmware {

using Uuid = std::array<std::uint8_t, 16>;

/// The vendor's id: its domain name in the DNS name space.
[[nodiscard]] Uuid vendor_id(std::string_view domain);
/// A model's id: the model's name in the vendor's name space.
[[nodiscard]] Uuid class_id(const Uuid& vendor, std::string_view model);
/// 8-4-4-4-12 lower-case hex digits.
[[nodiscard]] std::string to_text(const Uuid& id);

}  // namespace lamp::firmware
