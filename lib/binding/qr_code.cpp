#include "lib/binding/qr_code.hpp"

#include <botan/mem_ops.h>
#include <qrencode.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "lib/base/error.hpp"

namespace lamp::binding {
namespace {

/// libqrencode frees without zeroing; what it gives us is wiped first.
struct WipeAndFree {
  void operator()(QRcode* code) const noexcept {
    const auto side = static_cast<std::size_t>(code->width);
    Botan::secure_scrub_memory(code->data, side * side);
    QRcode_free(code);
  }
};

}  // namespace

QrCode make_qr_code(ByteView text) {
  if (text.empty() || std::find(text.begin(), text.end(), 0) != text.end())
    throw Error{Errc::bad_input, "a QR code needs a text without zero bytes"};
  SecureBytes terminated(text.begin(), text.end());
  terminated.push_back(0);
  const std::unique_ptr<QRcode, WipeAndFree> code{
      QRcode_encodeString(reinterpret_cast<const char*>(terminated.data()), 0, QR_ECLEVEL_M, QR_MODE_8, 1)};
  if (!code)
    throw errno == ERANGE ? Error{Errc::bad_input, "the text is too long for a QR code"}
                          : Error{Errc::unavailable, "no memory for a QR code"};
  QrCode made{static_cast<std::size_t>(code->width), {}};
  made.modules.reserve(made.size * made.size);
  // The lowest bit is the colour; the others say what the module is for.
  for (std::size_t i = 0; i < made.size * made.size; ++i) made.modules.push_back(code->data[i] & 1U);
  return made;
}

}  // namespace lamp::binding
