// Writes an image into an erased slot in whole write units, whatever the size of the pieces it comes in.
#pragma once

#include <array>
#include <cstdint>

#include "lib/firmware/device/flash.hpp"

namespace lamp::firmware::device {

/// Takes the plaintext in order, piece by piece.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void take(ByteView plaintext) = 0;
};

class SlotWriter final : public Sink {
 public:
  /// `size` bytes are to come. The flash must outlive the writer.
  SlotWriter(Flash& flash, Area area, std::uint64_t size) : flash_{&flash}, area_{area}, left_{size} {}

  /// Throws Error{bad_input} for more than was to come, and what the flash throws.
  void take(ByteView plaintext) override;
  /// Writes what did not fill a unit, filled up with 0xff. False when less came than was to come.
  [[nodiscard]] bool finish();

 private:
  void write(ByteView units);

  Flash* flash_;
  Area area_;
  std::uint64_t at_ = 0, left_;
  std::size_t kept_ = 0;
  std::array<std::uint8_t, kMaxWriteUnit> unit_{};
};

}  // namespace lamp::firmware::device
