#include "cli/sim/frame_watch.hpp"

#include <algorithm>
#include <optional>

#include "lib/base/error.hpp"

namespace lamp::sim {

namespace {

using manufacturing::Operation;

// Behind its head a frame is an array of three whose first element is the operation.
constexpr std::size_t kOperationAt = manufacturing::kFrameHeaderSize + 1;
constexpr std::uint8_t kArrayOfThree = 0x83;

/// Of the frame that begins here; nothing when none does.
std::optional<std::size_t> frame_length(ByteView data) {
  const auto size = attempt([&] { return manufacturing::frame_size(data); });
  const auto* known = std::get_if<std::optional<std::size_t>>(&size);
  return known != nullptr ? *known : std::nullopt;
}

Operation operation_in(ByteView frame) {
  if (frame.size() <= kOperationAt || frame[kOperationAt - 1] != kArrayOfThree) return Operation::none;
  return static_cast<Operation>(frame[kOperationAt]);
}

}  // namespace

Operation FrameWatch::begins_with(ByteView transfer) {
  if (rest_of_frame_ != 0) {
    rest_of_frame_ -= std::min(rest_of_frame_, transfer.size());
    return Operation::none;
  }
  const auto length = frame_length(transfer);
  if (!length) return Operation::none;
  rest_of_frame_ = *length - std::min(*length, transfer.size());
  return operation_in(transfer);
}

}  // namespace lamp::sim
