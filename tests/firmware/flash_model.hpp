// A flash part in memory for tests: erase blocks, write units, programming that only clears bits, and power that fails
// at any block erased or unit programmed, which it then leaves in whatever state the test asks for.
#pragma once

#include <array>
#include <functional>
#include <random>
#include <vector>

#include "lib/firmware/device/flash.hpp"

namespace lamp::firmware::test {

/// Thrown where power fails. No Error, so that nothing in a device catches it: what runs afterwards runs at power-on.
struct PowerCut {};

struct Geometry {
  std::uint64_t slot = 4096, settings = 1024;
  std::uint32_t erase_block = 1024, write_unit = 16;
};

/// One erase block erased, or one write unit programmed.
struct Operation {
  enum Kind { erase, write } kind;
  device::Area area;
  std::uint64_t offset;
  Bytes content;  ///< of the unit; for a block 0xff
};

/// What a block or unit holds after power failed while it was worked on.
enum class Torn {
  untouched,
  prefix,    ///< the first bytes are done
  bits,      ///< half done: each bit that was to change did or did not
  zeros,     ///< all bits cleared, as some parts do before they erase
  noise,     ///< anything
  unstable,  ///< reads as done at one time and as noise at another
};
inline constexpr Torn kTorn[] = {Torn::untouched, Torn::prefix, Torn::bits, Torn::zeros, Torn::noise, Torn::unstable};

class FlashModel final : public device::Flash {
 public:
  explicit FlashModel(const Geometry& geometry = {});

  [[nodiscard]] std::uint64_t size(device::Area area) const override { return part(area).cells.size(); }
  [[nodiscard]] std::uint32_t erase_block(device::Area) const override { return geometry_.erase_block; }
  [[nodiscard]] std::uint32_t write_unit() const override { return geometry_.write_unit; }
  using Flash::erase;
  void erase(device::Area area, std::uint64_t offset, std::uint64_t length) override;
  /// Throws Error{internal} as well for a unit that was programmed, or torn, and not erased since.
  void write(device::Area area, std::uint64_t offset, ByteView bytes) override;
  void read(device::Area area, std::uint64_t offset, std::span<std::uint8_t> into) const override;

  /// Called before each operation; may throw in its place.
  std::function<void(const Operation&)> before;
  /// Leaves the operation's cells as a power cut would.
  void tear(const Operation& operation, Torn torn, std::mt19937& dice);
  [[nodiscard]] std::size_t operations() const noexcept { return operations_; }

  /// The cells, to look at and to damage.
  [[nodiscard]] Bytes& bytes(device::Area area) { return part(area).cells; }

 private:
  struct Part {
    Bytes cells;
    std::vector<bool> used;  ///< by unit: must be erased before it is programmed
  };
  struct Unstable {
    Operation operation;
    mutable std::mt19937 dice;
  };

  [[nodiscard]] Part& part(device::Area area) { return parts_[static_cast<std::size_t>(area)]; }
  [[nodiscard]] const Part& part(device::Area area) const { return parts_[static_cast<std::size_t>(area)]; }
  void begin(const Operation& operation);
  void mark(const Operation& operation, bool used);
  void settle(const Operation& operation);

  Geometry geometry_;
  std::array<Part, 4> parts_;
  std::vector<Unstable> unstable_;
  std::size_t operations_ = 0;
};

/// Power fails at the `count`-th operation from now, which is left as `torn` says. Afterwards nothing works until
/// power_on().
void cut_power_after(FlashModel& flash, std::size_t count, Torn torn, std::mt19937& dice);
/// The part refuses the `count`-th operation from now, and keeps its power.
void fail_after(FlashModel& flash, std::size_t count);
void power_on(FlashModel& flash);

}  // namespace lamp::firmware::test
