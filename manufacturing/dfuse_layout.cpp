#include "manufacturing/dfuse_layout.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::size_t kMaxRegions = 64, kMaxLayoutText = 255;
constexpr std::uint64_t kMaxPages = 9999;
constexpr std::array<std::string_view, 16> kStatusNames{
    "OK",      "errTARGET", "errFILE",    "errWRITE",     "errERASE",    "errCHECK_ERASED",
    "errPROG", "errVERIFY", "errADDRESS", "errNOTDONE",   "errFIRMWARE", "errVENDOR",
    "errUSBR", "errPOR",    "errUNKNOWN", "errSTALLEDPKT"};

[[noreturn]] void refuse(const char* what) {
  throw Error{Errc::bad_input, std::string{"memory layout of a DfuSe part: "} + what};
}

std::uint64_t digits(std::string_view text, int base, const char* what) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || text.size() > 8 || error != std::errc{} || stop != text.data() + text.size()) refuse(what);
  return value;
}

/// "04*016Kg": pages, size, unit (blank, B, K or M), letter whose low bits say read, erase, write.
DfuseRegion read_region(std::string_view text, std::uint64_t address) {
  const auto star = text.find('*');
  if (star == std::string_view::npos || text.size() < star + 4) refuse("no PAGES*SIZE");
  const char unit = text[text.size() - 2], access = text.back();
  if (access < 'a' || access > 'g') refuse("no access letter from a to g");
  const auto pages = digits(text.substr(0, star), 10, "not a number of pages");
  auto size = digits(text.substr(star + 1, text.size() - star - 3), 10, "not a page size");
  if (unit == 'K')
    size <<= 10U;
  else if (unit == 'M')
    size <<= 20U;
  else if (unit != 'B' && unit != ' ')
    refuse("no unit B, K or M");
  if (pages == 0 || pages > kMaxPages || size == 0 || address + pages * size > std::uint64_t{1} << 32U)
    refuse("pages that are none, or beyond 32 bits");
  const auto bits = static_cast<unsigned>(access - 'a' + 1);
  return {static_cast<std::uint32_t>(address),
          static_cast<std::uint32_t>(pages),
          static_cast<std::uint32_t>(size),
          (bits & 1U) != 0,
          (bits & 2U) != 0,
          (bits & 4U) != 0};
}

void read_regions(std::string_view address_text, std::string_view list, DfuseMemory& memory) {
  if (!address_text.starts_with("0x")) refuse("no address");
  auto address = digits(address_text.substr(2), 16, "not an address");
  for (const auto region : split(list, ',')) {
    if (memory.regions.size() == kMaxRegions) refuse("too many regions");
    memory.regions.push_back(read_region(region, address));
    address += memory.regions.back().size();
  }
}

}  // namespace

std::uint64_t DfuseMemory::size() const noexcept {
  std::uint64_t total = 0;
  for (const auto& region : regions) total += region.size();
  return total;
}

const DfuseRegion* DfuseMemory::find(std::uint32_t address, std::size_t size) const noexcept {
  const auto found = std::find_if(regions.begin(), regions.end(), [&](const DfuseRegion& r) {
    return address >= r.address && std::uint64_t{address} + size <= r.address + r.size();
  });
  return found == regions.end() ? nullptr : &*found;
}

DfuseMemory parse_dfuse_layout(std::string_view text) {
  if (text.empty() || text[0] != '@' || text.size() > kMaxLayoutText) refuse("does not begin with @");
  const auto parts = split(text.substr(1), '/');
  if (parts.size() < 3 || parts.size() % 2 == 0) refuse("not @NAME/ADDRESS/REGIONS");
  auto name = parts[0];
  while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
  DfuseMemory memory{std::string{name}, {}};
  for (std::size_t i = 1; i < parts.size(); i += 2) read_regions(parts[i], parts[i + 1], memory);
  return memory;
}

DfuDeviceStatus parse_dfu_status(ByteView answer) {
  if (answer.size() != 6) throw Error{Errc::bad_input, "DFU status that is not 6 bytes"};
  if (answer[0] >= kStatusNames.size() || answer[4] > static_cast<std::uint8_t>(DfuDeviceState::error))
    throw Error{Errc::bad_input, "DFU status that the standard does not know"};
  const auto poll = answer[1] | answer[2] << 8 | answer[3] << 16;
  return {answer[0], std::chrono::milliseconds{poll}, static_cast<DfuDeviceState>(answer[4])};
}

std::string_view dfu_status_name(std::uint8_t code) noexcept {
  return code < kStatusNames.size() ? kStatusNames.at(code) : "unknown status";
}

}  // namespace lamp::manufacturing
