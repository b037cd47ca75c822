// Pin sets of RFC 7469: what a client compares a server's key with. Always with a backup, so that the loss of one key
// does not lock clients out.
#pragma once

#include <string>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::pki {

/// SHA-256 over a SubjectPublicKeyInfo (section 2.4).
struct SpkiPin {
  std::string of;  ///< whose key, for people
  Bytes sha256;
  [[nodiscard]] static SpkiPin of_key(std::string of, ByteView public_key_info);
  [[nodiscard]] static SpkiPin of_certificate(std::string of, ByteView certificate);
};

struct PinSet {
  std::vector<SpkiPin> pins, backups;
  /// Throws Error{denied} without a backup, and for a backup that is pinned already: it must be a key that is not in
  /// use (section 4.3). Equal pins are kept once.
  [[nodiscard]] static PinSet make(std::vector<SpkiPin> pins, std::vector<SpkiPin> backups);
};

/// One line for each pin, as in the header of section 2.1, with its owner after it.
[[nodiscard]] std::string pins_text(const PinSet& set);
[[nodiscard]] std::string pins_json(const PinSet& set);
/// A C header with an array of 32-octet rows.
[[nodiscard]] std::string pins_c(const PinSet& set);

}  // namespace lamp::pki
