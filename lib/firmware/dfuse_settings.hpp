// Where the parts of a model with `adapter: dfuse` keep things: lamp-device(5), DFUSE.
#pragma once

#include <cstdint>

#include "lib/crypto/cbor.hpp"

namespace lamp::config {
class Node;
}

namespace lamp::firmware {

struct DfuseSettings {
  std::uint16_t vendor = 0, product = 0;  ///< USB IDs of the boot loader
  std::uint32_t flash = 0;                ///< address where flash begins
  std::uint32_t flash_size = 0;           ///< bytes; the part's memory layout must say the same
  std::uint32_t unique_id = 0;            ///< address of the 96 bits that no other part has
  std::uint32_t option_bytes = 0;         ///< address; the first byte is the readout protection
  std::uint32_t key_page = 0;             ///< holds the key alone until the block that holds it is whole
  std::uint32_t block_page = 0;           ///< where the credential block begins
  std::uint32_t block_size = 0;           ///< bytes kept free for it, whole pages
  std::uint32_t application = 0;          ///< address of the vector table that the boot loader starts

  /// Throws Error{bad_input} with the place in the file, also when the places overlap or lie outside flash.
  [[nodiscard]] static DfuseSettings read(const config::Node& node);
  [[nodiscard]] cbor::Writer encoded() const;
};

}  // namespace lamp::firmware
