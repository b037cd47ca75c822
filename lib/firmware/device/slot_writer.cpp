#include "lib/firmware/device/slot_writer.hpp"

#include <algorithm>

#include "lib/base/error.hpp"

namespace lamp::firmware::device {

void SlotWriter::write(ByteView units) {
  if (units.empty()) return;
  flash_->write(area_, at_, units);
  at_ += units.size();
}

void SlotWriter::take(ByteView plaintext) {
  if (plaintext.size() > left_) throw Error{Errc::bad_input, "more plaintext than the manifest says"};
  left_ -= plaintext.size();
  const std::size_t unit = flash_->write_unit();
  if (kept_ != 0) {
    const auto fill = std::min(unit - kept_, plaintext.size());
    std::copy_n(plaintext.begin(), fill, unit_.begin() + static_cast<std::ptrdiff_t>(kept_));
    kept_ += fill;
    plaintext = plaintext.subspan(fill);
    if (kept_ < unit) return;
    write(ByteView{unit_}.first(unit));
    kept_ = 0;
  }
  const auto whole = plaintext.size() / unit * unit;
  write(plaintext.first(whole));
  kept_ = plaintext.size() - whole;
  std::copy_n(plaintext.begin() + static_cast<std::ptrdiff_t>(whole), kept_, unit_.begin());
}

bool SlotWriter::finish() {
  if (kept_ != 0) {
    const auto unit = ByteView{unit_}.first(flash_->write_unit());
    std::fill(unit_.begin() + static_cast<std::ptrdiff_t>(kept_), unit_.end(), std::uint8_t{0xff});
    kept_ = 0;
    write(unit);
  }
  return left_ == 0;
}

}  // namespace lamp::firmware::device
