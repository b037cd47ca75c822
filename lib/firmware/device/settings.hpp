// What an updater remembers across power cuts, in two flash pages written in turn: the newer valid one counts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "lib/base/parse.hpp"
#include "lib/firmware/check.hpp"
#include "lib/firmware/device/flash.hpp"

namespace lamp::firmware::device {

enum class Slot : std::uint8_t { a = 0, b = 1 };
[[nodiscard]] constexpr Slot other(Slot slot) noexcept { return slot == Slot::a ? Slot::b : Slot::a; }
[[nodiscard]] constexpr Area area_of(Slot slot) noexcept { return slot == Slot::a ? Area::slot_a : Area::slot_b; }

enum class Trial : std::uint8_t {
  none = 0,
  pending = 1,  ///< the other slot holds a checked image that the next start tries
  running = 2,  ///< the active slot's image was started and is not confirmed yet
};

struct Image {
  std::uint64_t size = 0;  ///< 0: nothing installed
  std::uint64_t sequence = 0, epoch = 0;
  Version version;
  Digest digest{};
  bool operator==(const Image&) const = default;
};

/// Release keys that were revoked in the field, by their ids. Those in force come first; after them the ones that the
/// image on trial names, which come into force with its confirmation.
struct Revocations {
  static constexpr std::size_t kMost = 15;  ///< of the 16 release keys that a device may have
  std::array<Digest, kMost> ids{};
  std::uint8_t count = 0, announced_count = 0;

  [[nodiscard]] std::span<const Digest> in_force() const noexcept { return std::span{ids}.first(count); }
  [[nodiscard]] std::span<const Digest> announced() const noexcept {
    return std::span{ids}.subspan(count, announced_count);
  }
  /// Throws Error{internal} when there is no room.
  void announce(const Digest& id);
  void withdraw() noexcept;
  void put_in_force() noexcept;
  bool operator==(const Revocations&) const = default;
};

struct Settings {
  Slot active = Slot::a;
  Trial trial = Trial::none;
  std::uint64_t sequence_floor = 0, epoch_floor = 0;  ///< raised only by confirmation
  Image images[2];
  Revocations revocations;
  [[nodiscard]] Image& image(Slot slot) noexcept { return images[static_cast<std::size_t>(slot)]; }
  [[nodiscard]] const Image& image(Slot slot) const noexcept { return images[static_cast<std::size_t>(slot)]; }
  bool operator==(const Settings&) const = default;
};

/// Bytes of a page that are used.
inline constexpr std::uint64_t kSettingsSize = 669;

/// The newer valid page; nothing on a blank part. Throws Error{unavailable} when pages were written and none is valid.
[[nodiscard]] std::optional<Settings> load(const Flash& flash, Verifier& verifier);
/// Writes the page that load() does not take: a power cut leaves the old settings or the new ones.
void store(Flash& flash, const Settings& settings, Verifier& verifier);
/// Makes both pages say `settings`, the ones in force, unless they do. Then neither a page that was cut short and reads
/// well by chance, nor one that wears out, can take back what was decided.
void settle(Flash& flash, const Settings& settings, Verifier& verifier);

}  // namespace lamp::firmware::device
