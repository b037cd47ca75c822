// A text as a QR code (ISO/IEC 18004), in modules. The only user of libqrencode.
#pragma once

#include <cstddef>
#include <cstdint>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace lamp::binding {

/// The quiet zone that readers need on every side, in modules (ISO/IEC 18004, 6.3.8).
inline constexpr std::size_t kQuietModules = 4;

/// Whoever has the modules has the text: they are handled as the text is.
struct QrCode {
  std::size_t size = 0;  ///< modules on a side, without quiet zone
  SecureBytes modules;   ///< row by row, 1 is dark

  [[nodiscard]] bool is_dark(std::size_t row, std::size_t column) const { return modules.at(row * size + column) != 0; }
};

/// Error correction level M: a seventh of the symbol may be lost. Throws Error{bad_input} for a text that is empty,
/// holds a zero byte, or is too long for a symbol.
[[nodiscard]] QrCode make_qr_code(ByteView text);

}  // namespace lamp::binding
