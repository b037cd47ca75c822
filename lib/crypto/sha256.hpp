// SHA-256 (FIPS 180-4) of what is in memory: the digest that files, records and contexts are known by.
#pragma once

#include "lib/base/bytes.hpp"

namespace lamp::crypto {

/// 32 bytes. Throws Error{internal} when there is no memory.
[[nodiscard]] Bytes sha256(ByteView bytes);

}  // namespace lamp::crypto
