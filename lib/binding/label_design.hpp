// How a label is laid out: its size, where the QR code and the lines of text stand. lamp-label(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/secret.hpp"
#include "lib/binding/label.hpp"
#include "lib/binding/qr_code.hpp"

namespace lamp::binding {

/// Tenths of a millimetre, from the label's upper left corner.
using Tenths = std::uint64_t;

struct LabelDesign {
  struct Line {
    std::string text;  ///< {serial}, {model}, {mac}, {eui64} and {claim-code} stand for the device's own
    Tenths x = 0, y = 0;
    Tenths size = 0;  ///< height of a capital with what is above and below it
  };
  std::string name;
  Tenths width = 0, height = 0;
  std::uint64_t dots = 8;  ///< of a label printer, per millimetre
  Tenths qr_x = 0, qr_y = 0;
  Tenths qr_size = 0;  ///< a side, quiet zone included
  std::vector<Line> lines;

  /// Throws Error{bad_input} with file, line and column: also for what does not lie on the label.
  [[nodiscard]] static LabelDesign load(const std::filesystem::path& file);
  [[nodiscard]] static LabelDesign parse(std::string_view text, std::string name);
};

/// A label with everything in its place, ready for any kind of output. Holds the claim code unless it is a preview.
struct DrawnLabel {
  struct Line {
    SecureBytes text;
    Tenths x = 0, y = 0, size = 0;
  };
  Tenths width = 0, height = 0;
  std::uint64_t dots = 8;
  QrCode code;
  Tenths qr_x = 0, qr_y = 0, qr_size = 0;
  std::vector<Line> lines;
};

enum class Shown { everything, all_but_the_claim_code };
/// A line that asks for a claim code is left out where the device has none; one that would run over the edge is set
/// smaller. Throws Error{bad_input} when a line or the code's modules become too small: the latter under a quarter of a
/// millimetre.
[[nodiscard]] DrawnLabel draw(const Label& label, const LabelDesign& design, Shown shown);

}  // namespace lamp::binding
