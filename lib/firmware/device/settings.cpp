#include "lib/firmware/device/settings.hpp"

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"

namespace lamp::firmware::device {
namespace {

using Page = std::array<std::uint8_t, kSettingsSize>;
/// A page as it is written: whole write units.
using PaddedPage = std::array<std::uint8_t, kSettingsSize + kMaxWriteUnit>;
constexpr std::array<std::uint8_t, 5> kMagic{'L', 'M', 'P', 'S', 1};
constexpr std::size_t kDigestAt = kSettingsSize - Digest{}.size();
constexpr int kReadTries = 16;
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
  visit(settings.revocations.count);
  visit(settings.revocations.announced_count);
  for (auto& id : settings.revocations.ids)
    for (auto& byte : id) visit(byte);
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
  const auto& revocations = found.settings.revocations;
  if (revocations.count + revocations.announced_count > static_cast<int>(Revocations::kMost)) return std::nullopt;
  found.settings.active = static_cast<Slot>(active);
  found.settings.trial = static_cast<Trial>(trial);
  return found;
}

/// What both pages hold.
struct Pages {
  std::optional<Found> newest, older;
  bool blank = true;  ///< a new part, not a damaged one
};

Pages read_once(const Flash& flash, Verifier& verifier) {
  Pages pages;
  for (std::size_t i = 0; i < kPages.size(); ++i) {
    Page page{};
    flash.read(kPages[i], 0, page);
    pages.blank = pages.blank && std::all_of(page.begin(), page.end(), [](std::uint8_t byte) { return byte == 0xff; });
    const auto found = decode(page, i, verifier);
    if (!found) continue;
    if (pages.newest && pages.newest->counter > found->counter) {
      pages.older = found;
    } else {
      pages.older = pages.newest;
      pages.newest = found;
    }
  }
  return pages;
}

/// A page that power left half written may read well at one time and badly at another.
Pages read_pages(const Flash& flash, Verifier& verifier) {
  auto pages = read_once(flash, verifier);
  for (int tries = 1; tries < kReadTries && !pages.newest && !pages.blank; ++tries) pages = read_once(flash, verifier);
  return pages;
}

}  // namespace

void Revocations::announce(const Digest& id) {
  if (count + announced_count == static_cast<int>(kMost)) throw Error{Errc::internal, "no room for a revoked key"};
  ids[static_cast<std::size_t>(count + announced_count)] = id;
  ++announced_count;
}

void Revocations::withdraw() noexcept {
  std::fill_n(ids.begin() + count, announced_count, Digest{});
  announced_count = 0;
}

void Revocations::put_in_force() noexcept {
  count = static_cast<std::uint8_t>(count + announced_count);
  announced_count = 0;
}

std::optional<Settings> load(const Flash& flash, Verifier& verifier) {
  const auto pages = read_pages(flash, verifier);
  if (pages.newest) return pages.newest->settings;
  if (pages.blank) return std::nullopt;
  throw Error{Errc::unavailable, "the updater's settings are damaged"};
}

void settle(Flash& flash, const Settings& settings, Verifier& verifier) {
  const auto pages = read_pages(flash, verifier);
  const auto says_it = [&](const std::optional<Found>& page) { return page && page->settings == settings; };
  if (!says_it(pages.newest) || !says_it(pages.older)) store(flash, settings, verifier);
}

void store(Flash& flash, const Settings& settings, Verifier& verifier) {
  const auto before = read_pages(flash, verifier).newest;
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
  PaddedPage padded{};
  padded.fill(0xff);
  std::copy(page.begin(), page.end(), padded.begin());
  const auto units = (page.size() + flash.write_unit() - 1) / flash.write_unit();
  flash.erase(area);
  flash.write(area, 0, ByteView{padded}.first(units * flash.write_unit()));
}

}  // namespace lamp::firmware::device
