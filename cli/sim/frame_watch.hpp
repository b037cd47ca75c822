// Which request of lamp-provisioning(7) begins with a transfer to the device: for what stands between it and the bus.
#pragma once

#include "lib/base/bytes.hpp"
#include "manufacturing/lamp_protocol.hpp"

namespace lamp::sim {

class FrameWatch {
 public:
  /// Of the next transfer to the device. Operation::none when no frame begins here.
  [[nodiscard]] manufacturing::Operation begins_with(ByteView transfer);
  void forget() noexcept { rest_of_frame_ = 0; }  ///< half a frame

 private:
  std::size_t rest_of_frame_ = 0;  ///< bytes that are still to come
};

}  // namespace lamp::sim
