#include "lib/firmware/device/settings.hpp"

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"

namespace lamp::firmware::device {
namespace {

using Page = std::array<std::uint8_t, kSettingsSize>;
constexpr std::array<std::uint8_t, 5> kMagic{'L', 'M', 'P', 'S', 1};
constexpr std::size_t kDigestAt = kSettingsSize - Digest{}.size();
constexpr std::array kPages{Area::settings_0, Area::settings_1};

/// Big-endian fields one after another; `Visit` either writes them or reads them, so that both agree on the layout.
template <class Visit, class S>
void visit_fields(Visit& visit, std::uint64_t& counter, std::uint8_t& active, std::uint8_t& trial, S& settings) {
  visit(counter);
  visit(active);
  visit(trial);
  visit(settings.sequence_floor);
  visit(settings.epoch_floor);
  for (auto& image : settings.images) {
    visit(image.size);
    visit(image.sequence);
    visit(image.epoch);
    visit(image.version.major);
    visit(image.version.minor);
    visit(image.version.patch);
    for (auto& byte : image.digest) visit(byte);
  }
}

struct Put {
  Page& page;
  std::size_t at = kMagic.size();
  template <class T>
  void operator()(const T& value) {
    for (std::size_t i = sizeof(T); i > 0; --i) page[at++] = static_cast<std::uint8_t>(value >> (8 * (i - 1)));
  }
};

struct Take {
  const Page& page;
  std::size_t at = kMagic.size();
  template <class T>
  void operator()(T& value) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) number = number << 8U | page[at++];
    value = static_cast<T>(number);
  }
};

struct Found {
  Settings settings;
  std::uint64_t counter = 0;
  std::size_t page = 0;
};

std::optional<Found> decode(const Page& page, std::size_t index, Verifier& verifier) {
  if (!std::equal(kMagic.begin(), kMagic.end(), page.begin())) return std::nullopt;
  const auto digest = verifier.sha256(ByteView{page}.first(kDigestAt));
  if (!std::equal(digest.begin(), digest.end(), page.begin() + kDigestAt)) return std::nullopt;
  Found found;
  found.page = index;
  std::uint8_t active = 0;
  std::uint8_t trial = 0;
  Take take{page};
  visit_fields(take, found.counter, active, trial, found.settings);
  if (active > 1 || trial > static_cast<std::uint8_t>(Trial::running)) return std::nullopt;
  found.settings.active = static_cast<Slot>(active);
  found.settings.trial = static_cast<Trial>(trial);
  return found;
}

/// The newest valid page; `blank` tells a new part from a damaged one.
std::optional<Found> newest(const Flash& flash, Verifier& verifier, bool& blank) {
  std::optional<Found> best;
  blank = true;
  for (std::size_t i = 0; i < kPages.size(); ++i) {
    Page page{};
    flash.read(kPages[i], 0, page);
    blank = blank && std::all_of(page.begin(), page.end(), [](std::uint8_t byte) { return byte == 0xff; });
    const auto found = decode(page, i, verifier);
    if (found && (!best || found->counter > best->counter)) best = found;
  }
  return best;
}

}  // namespace

std::optional<Settings> load(const Flash& flash, Verifier& verifier) {
  bool blank = false;
  const auto found = newest(flash, verifier, blank);
  if (found) return found->settings;
  if (blank) return std::nullopt;
  throw Error{Errc::unavailable, "the updater's settings are damaged"};
}

void store(Flash& flash, const Settings& settings, Verifier& verifier) {
  bool blank = false;
  const auto before = newest(flash, verifier, blank);
  std::uint64_t counter = before ? before->counter + 1 : 1;
  auto active = static_cast<std::uint8_t>(settings.active);
  auto trial = static_cast<std::uint8_t>(settings.trial);
  Page page{};
  std::copy(kMagic.begin(), kMagic.end(), page.begin());
  Put put{page};
  visit_fields(put, counter, active, trial, settings);
  const auto digest = verifier.sha256(ByteView{page}.first(kDigestAt));
  std::copy(digest.begin(), digest.end(), page.begin() + kDigestAt);
  const auto area = kPages[before && before->page == 0 ? 1 : 0];
  flash.erase(area);
  flash.write(area, 0, page);
}

}  // namespace lamp::firmware::device
