// Which of the known kinds of firmware file it is, by its first bytes.
#pragma once

#include <string_view>

#include "lib/firmware/images/input.hpp"

namespace lamp::firmware {

enum class FileKind { unknown, suit, mcuboot, zigbee, swu };
[[nodiscard]] std::string_view name_of(FileKind kind) noexcept;

/// By the magic number alone: nothing else was looked at.
[[nodiscard]] FileKind kind_of(const Input& file);

}  // namespace lamp::firmware
