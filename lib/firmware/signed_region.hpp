// What a release's officers approve beside its manifest: one signature that the token will make.
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/bytes.hpp"

namespace lamp::firmware {

struct SignedRegion {
  std::string output;     ///< "suit"; "mcuboot", "swu": the region is the whole of <output>.unsigned
  std::string key;        ///< label of the token's key
  std::string algorithm;  ///< in words, such as PS256 or "ECDSA P-256 SHA-256"
  Bytes digest;           ///< SHA-256 of the bytes that are signed, whatever hash the signature uses
  std::uint64_t size = 0;
  bool operator==(const SignedRegion&) const = default;
};

}  // namespace lamp::firmware
