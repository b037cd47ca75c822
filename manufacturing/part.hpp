// What a station learns of a device before it does anything to it, whatever the device speaks.
#pragma once

#include <string>

#include "lib/base/bytes.hpp"
#include "manufacturing/lamp_protocol.hpp"

namespace lamp::manufacturing {

struct Part {
  std::string model;
  Bytes chip_id;  ///< unique for ever, and the same in every mode that the part can be in
  Lifecycle state = Lifecycle::blank;
  Bytes block_digest;     ///< credential_digest() of a credential block that is whole; else empty
  std::string leftovers;  ///< of a blank part: what it holds all the same; empty when it is erased
};

/// What a part says of itself, and the nonce that it signed this over; both nonce and signature are empty where nothing
/// in the part signs.
struct Evidence {
  Proof said;
  Bytes nonce;
};

}  // namespace lamp::manufacturing
