// Where the parts of a model with `adapter: esp-efuse` keep things: lamp-device(5), ESP-EFUSE.
#pragma once

#include <cstdint>
#include <string>

#include "lib/crypto/cbor.hpp"

namespace lamp::config {
class Node;
}

namespace lamp::firmware {

struct EspSettings {
  std::string chip;                 ///< as espefuse names it: one with an ECDSA peripheral
  std::uint32_t key_block = 0;      ///< eFuse block of the identity key: BLOCK_KEY0 to 5
  std::uint32_t block_address = 0;  ///< in flash: where the credential block begins
  std::uint32_t block_size = 0;     ///< bytes kept free for it, whole sectors

  /// Throws Error{bad_input} with the place in the file.
  [[nodiscard]] static EspSettings read(const config::Node& node);
  [[nodiscard]] cbor::Writer encoded() const;
};

}  // namespace lamp::firmware
