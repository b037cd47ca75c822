#include "lib/binding/label_output.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>

#include "lib/base/error.hpp"

namespace lamp::binding {
namespace {

/// Where a baseline lies below the upper edge of a line of text, as a part of its size.
constexpr double kBaseline = 0.8;
constexpr double kPointsPerTenth = 72.0 / 254.0;

/// Output grows in memory that is zeroed; only numbers and fixed words pass through fmt's own.
class Sheet {
 public:
  template <class... Values>
  Sheet& add(fmt::format_string<Values...> form, Values&&... values) {
    fmt::format_to(std::back_inserter(out_), form, std::forward<Values>(values)...);
    return *this;
  }
  Sheet& put(char c) {
    out_.push_back(static_cast<std::uint8_t>(c));
    return *this;
  }
  Sheet& put(std::string_view text) {
    out_.insert(out_.end(), text.begin(), text.end());
    return *this;
  }
  Sheet& put(const SecureBytes& bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  [[nodiscard]] std::size_t size() const noexcept { return out_.size(); }
  [[nodiscard]] SecureBytes finish() && { return std::move(out_); }

 private:
  SecureBytes out_;
};

double mm(Tenths tenths) { return static_cast<double>(tenths) / 10; }

/// A module's side, in tenths of a millimetre.
double module_of(const DrawnLabel& label) {
  return static_cast<double>(label.qr_size) / static_cast<double>(label.code.size + 2 * kQuietModules);
}

void put_xml(Sheet& sheet, const SecureBytes& text) {
  for (const auto byte : text) switch (byte) {
      case '<': sheet.put("&lt;"); break;
      case '>': sheet.put("&gt;"); break;
      case '&': sheet.put("&amp;"); break;
      default: sheet.put(static_cast<char>(byte));
    }
}

void put_pdf_text(Sheet& sheet, const SecureBytes& text) {
  for (const auto byte : text) {
    if (byte == '(' || byte == ')' || byte == '\\') sheet.put('\\');
    sheet.put(static_cast<char>(byte));
  }
}

SecureBytes page_content(const DrawnLabel& label) {
  Sheet page;
  const double side = module_of(label) * kPointsPerTenth;
  const double height = static_cast<double>(label.height) * kPointsPerTenth;
  const double left = static_cast<double>(label.qr_x) * kPointsPerTenth;
  const double top = height - static_cast<double>(label.qr_y) * kPointsPerTenth;
  page.put("0 g\n");
  each_dark_run(label.code, [&](std::size_t row, std::size_t column, std::size_t length) {
    page.add("{:.3f} {:.3f} {:.3f} {:.3f} re\n", left + static_cast<double>(column + kQuietModules) * side,
             top - static_cast<double>(row + kQuietModules + 1) * side, static_cast<double>(length) * side, side);
  });
  page.put("f\n");
  for (const auto& line : label.lines) {
    const double size = static_cast<double>(line.size) * kPointsPerTenth;
    page.add("BT /F1 {:.3f} Tf {:.3f} {:.3f} Td (", size, static_cast<double>(line.x) * kPointsPerTenth,
             height - static_cast<double>(line.y) * kPointsPerTenth - size * kBaseline);
    put_pdf_text(page, line.text);
    page.put(") Tj ET\n");
  }
  return std::move(page).finish();
}

/// The modules, each so many dots wide, as rows of bits.
SecureBytes bitmap(const QrCode& code, std::size_t dots, std::size_t row_bytes) {
  SecureBytes bits(code.size * dots * row_bytes);
  each_dark_run(code, [&](std::size_t row, std::size_t column, std::size_t length) {
    for (std::size_t y = row * dots; y < (row + 1) * dots; ++y)
      for (std::size_t x = column * dots; x < (column + length) * dots; ++x)
        bits[y * row_bytes + x / 8] |= static_cast<std::uint8_t>(0x80U >> (x % 8));
  });
  return bits;
}

}  // namespace

SecureBytes label_svg(const DrawnLabel& label) {
  Sheet svg;
  svg.add("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{:.1f}mm\" height=\"{:.1f}mm\" viewBox=\"0 0 {} {}\">\n",
          mm(label.width), mm(label.height), label.width, label.height);
  svg.add("<rect width=\"{}\" height=\"{}\" fill=\"#fff\"/>\n", label.width, label.height);
  const double side = module_of(label), quiet = static_cast<double>(kQuietModules) * side;
  svg.add("<g transform=\"translate({:.3f} {:.3f}) scale({:.5f})\">", static_cast<double>(label.qr_x) + quiet,
          static_cast<double>(label.qr_y) + quiet, side);
  svg.put("<path shape-rendering=\"crispEdges\" d=\"");
  each_dark_run(label.code, [&](std::size_t row, std::size_t column, std::size_t length) {
    svg.add("M{} {}h{}v1h-{}z", column, row, length, length);
  });
  svg.put("\"/></g>\n<g font-family=\"Courier, monospace\" font-weight=\"bold\">\n");
  for (const auto& line : label.lines) {
    svg.add("<text x=\"{}\" y=\"{:.1f}\" font-size=\"{}\">", line.x,
            static_cast<double>(line.y) + static_cast<double>(line.size) * kBaseline, line.size);
    put_xml(svg, line.text);
    svg.put("</text>\n");
  }
  svg.put("</g>\n</svg>\n");
  return std::move(svg).finish();
}

SecureBytes label_pdf(const DrawnLabel& label) {
  Sheet pdf;
  std::array<std::size_t, 5> places{};
  const auto content = page_content(label);
  pdf.put("%PDF-1.4\n");
  places[0] = pdf.size();
  pdf.put("1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n");
  places[1] = pdf.size();
  pdf.put("2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n");
  places[2] = pdf.size();
  pdf.add(
      "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {:.3f} {:.3f}] /Contents 4 0 R "
      "/Resources << /Font << /F1 5 0 R >> >> >>\nendobj\n",
      static_cast<double>(label.width) * kPointsPerTenth, static_cast<double>(label.height) * kPointsPerTenth);
  places[3] = pdf.size();
  pdf.add("4 0 obj\n<< /Length {} >>\nstream\n", content.size()).put(content).put("endstream\nendobj\n");
  places[4] = pdf.size();
  pdf.put(
      "5 0 obj\n<< /Type /Font /Subtype /Type1 /BaseFont /Courier-Bold /Encoding /WinAnsiEncoding >>\n"
      "endobj\n");
  const auto table = pdf.size();
  pdf.put("xref\n0 6\n0000000000 65535 f \n");
  for (const auto place : places) pdf.add("{:010} 00000 n \n", place);
  pdf.add("trailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n", table);
  return std::move(pdf).finish();
}

SecureBytes label_zpl(const DrawnLabel& label) {
  const auto in_dots = [&](Tenths tenths) { return tenths * label.dots / 10; };
  const auto dots = in_dots(label.qr_size) / (label.code.size + 2 * kQuietModules);
  if (dots < 2)
    throw Error{Errc::bad_input,
                "a module of the code would be under two dots of the printer; make qr.size or "
                "dots-per-mm larger"};
  const auto row_bytes = (label.code.size * dots + 7) / 8;
  const auto bits = bitmap(label.code, dots, row_bytes);
  Sheet zpl;
  zpl.add("^XA\n^PW{}\n^LL{}\n^LH0,0\n^FO{},{}^GFA,{},{},{},", in_dots(label.width), in_dots(label.height),
          in_dots(label.qr_x) + kQuietModules * dots, in_dots(label.qr_y) + kQuietModules * dots, bits.size(),
          bits.size(), row_bytes);
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const auto byte : bits) zpl.put(kDigits[byte >> 4U]).put(kDigits[byte & 15U]);
  zpl.put("^FS\n");
  for (const auto& line : label.lines)
    zpl.add("^FO{},{}^A0N,{},{}^FD", in_dots(line.x), in_dots(line.y), in_dots(line.size), in_dots(line.size))
        .put(line.text)
        .put("^FS\n");
  zpl.put("^PQ1\n^XZ\n");
  return std::move(zpl).finish();
}

}  // namespace lamp::binding
