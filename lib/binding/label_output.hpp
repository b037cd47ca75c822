// A drawn label as a file for a screen, a page or a label printer. All three show the modules that make_qr_code() made,
// so that what is checked in one is what the others print.
#pragma once

#include "lib/base/secret.hpp"
#include "lib/binding/label_design.hpp"

namespace lamp::binding {

/// An SVG 1.1 image of the label's size.
[[nodiscard]] SecureBytes label_svg(const DrawnLabel& label);
/// One page of PDF 1.4 of the label's size; its text is set in Courier, which every reader has.
[[nodiscard]] SecureBytes label_pdf(const DrawnLabel& label);
/// ZPL II for one label. Throws Error{bad_input} when a module would be smaller than two of the printer's dots.
[[nodiscard]] SecureBytes label_zpl(const DrawnLabel& label);

/// Calls act(row, first column, length) for every run of dark modules.
template <class Act>
void each_dark_run(const QrCode& code, Act&& act) {
  for (std::size_t row = 0; row < code.size; ++row)
    for (std::size_t column = 0; column < code.size;) {
      std::size_t length = 0;
      while (column + length < code.size && code.is_dark(row, column + length)) ++length;
      if (length > 0) act(row, column, length);
      column += length + 1;
    }
}

}  // namespace lamp::binding
