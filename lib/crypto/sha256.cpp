#include "lib/crypto/sha256.hpp"

#include <botan/hash.h>

#include "lib/base/error.hpp"

namespace lamp::crypto {

Bytes sha256(ByteView bytes) {
  return guarded(Errc::internal,
                 [&] { return Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(bytes); });
}

}  // namespace lamp::crypto
