// Secrets of one device that the service will need, each sealed to the escrow key where it was made: a deterministic
// CBOR map from the secret's name to its box (crypto::seal). Whoever carries the boxes cannot open them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::binding {

inline constexpr std::size_t kMostEscrowBoxes = 16;
inline constexpr std::size_t kLargestEscrowBox = 2048;

/// What an escrowed secret is bound to: "lamp-escrow-v1", serial number and name.
[[nodiscard]] Bytes escrow_context(std::string_view serial, std::string_view secret);

struct EscrowBox {
  std::string name;
  Bytes box;
};

/// No bytes are no boxes. Throws Error{bad_input} for anything else that is not such a map, for a name that is none,
/// and beyond the limits above. What is in a box is not looked at.
[[nodiscard]] std::vector<EscrowBox> read_escrow(ByteView encoded);

}  // namespace lamp::binding
