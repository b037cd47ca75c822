// The bench made of this host's USB ports.
#pragma once

#include <chrono>
#include <memory>

#include "manufacturing/fixture.hpp"

namespace lamp::manufacturing {

/// How long a device may take for one frame: key generation in a small part takes seconds.
inline constexpr std::chrono::milliseconds kDeviceTimeout{10'000};

[[nodiscard]] std::unique_ptr<Bench> usb_bench(std::chrono::milliseconds device_timeout = kDeviceTimeout);

}  // namespace lamp::manufacturing
