#include "tests/firmware/flash_model.hpp"

#include <algorithm>
#include <memory>

#include "lib/base/error.hpp"

namespace lamp::firmware::test {
namespace {

std::uint8_t any_byte(std::mt19937& dice) { return static_cast<std::uint8_t>(dice()); }

/// `from` on its way to `to`.
std::uint8_t torn_byte(Torn torn, std::uint8_t from, std::uint8_t to, bool early, std::mt19937& dice) {
  switch (torn) {
    case Torn::untouched: return from;
    case Torn::prefix: return early ? to : from;
    case Torn::bits: return static_cast<std::uint8_t>(from ^ ((from ^ to) & any_byte(dice)));
    case Torn::zeros: return 0;
    case Torn::unstable: return to;
    case Torn::noise: break;
  }
  return any_byte(dice);
}

}  // namespace

FlashModel::FlashModel(const Geometry& geometry) : geometry_{geometry} {
  for (const auto area : device::kAreas) {
    const bool slot = area == device::Area::slot_a || area == device::Area::slot_b;
    const auto size = static_cast<std::size_t>(slot ? geometry.slot : geometry.settings);
    part(area) = {Bytes(size, 0xff), std::vector<bool>(size / geometry.write_unit, false)};
  }
  device::check_geometry(*this);
}

void FlashModel::begin(const Operation& operation) {
  if (before) before(operation);
  ++operations_;
}

void FlashModel::mark(const Operation& operation, bool used) {
  const auto unit = geometry_.write_unit;
  for (std::size_t i = 0; i < operation.content.size() / unit; ++i)
    part(operation.area).used[static_cast<std::size_t>(operation.offset / unit) + i] = used;
}

/// Cells that are worked on again read the same from then on.
void FlashModel::settle(const Operation& operation) {
  std::erase_if(unstable_, [&](const Unstable& cells) {
    const auto& o = cells.operation;
    return o.area == operation.area && o.offset < operation.offset + operation.content.size() &&
           operation.offset < o.offset + o.content.size();
  });
}

void FlashModel::erase(device::Area area, std::uint64_t offset, std::uint64_t length) {
  device::check_erase(*this, area, offset, length);
  for (const auto end = offset + length; offset < end; offset += geometry_.erase_block) {
    const Operation operation{Operation::erase, area, offset, Bytes(geometry_.erase_block, 0xff)};
    begin(operation);
    settle(operation);
    std::fill_n(bytes(area).begin() + static_cast<std::ptrdiff_t>(offset), geometry_.erase_block, std::uint8_t{0xff});
    mark(operation, false);
  }
}

void FlashModel::write(device::Area area, std::uint64_t offset, ByteView content) {
  device::check_write(*this, area, offset, content.size());
  const auto unit = geometry_.write_unit;
  for (; !content.empty(); content = content.subspan(unit), offset += unit) {
    const Operation operation{Operation::write, area, offset, {content.begin(), content.begin() + unit}};
    if (part(area).used[static_cast<std::size_t>(offset / unit)])
      throw Error{Errc::internal, "a write to flash that is not erased"};
    begin(operation);
    auto* cells = bytes(area).data() + offset;
    for (std::size_t i = 0; i < unit; ++i) cells[i] &= content[i];  // programming clears bits and sets none
    mark(operation, true);
  }
}

void FlashModel::read(device::Area area, std::uint64_t offset, std::span<std::uint8_t> into) const {
  device::check_read(*this, area, offset, into.size());
  std::copy_n(part(area).cells.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
  for (const auto& cells : unstable_) {
    if (cells.operation.area != area || cells.dice() % 2 == 0) continue;
    const auto begin = std::max(cells.operation.offset, offset);
    const auto end = std::min(cells.operation.offset + cells.operation.content.size(), offset + into.size());
    for (auto at = begin; at < end; ++at) into[static_cast<std::size_t>(at - offset)] = any_byte(cells.dice);
  }
}

void FlashModel::tear(const Operation& operation, Torn torn, std::mt19937& dice) {
  if (torn == Torn::untouched) return;
  settle(operation);
  auto* cells = bytes(operation.area).data() + operation.offset;
  const auto size = operation.content.size();
  const auto done = 1 + dice() % (size - 1);
  for (std::size_t i = 0; i < size; ++i) cells[i] = torn_byte(torn, cells[i], operation.content[i], i < done, dice);
  mark(operation, true);
  if (torn == Torn::unstable) unstable_.push_back({operation, std::mt19937{dice()}});
}

void cut_power_after(FlashModel& flash, std::size_t count, Torn torn, std::mt19937& dice) {
  flash.before = [&flash, left = count, torn, &dice](const Operation& operation) mutable {
    if (left == 1) flash.tear(operation, torn, dice);
    if (left <= 1) {
      left = 0;
      throw PowerCut{};
    }
    --left;
  };
}

void fail_after(FlashModel& flash, std::size_t count) {
  flash.before = [left = count](const Operation&) mutable {
    if (left == 0) return;
    --left;
    if (left == 0) throw Error{Errc::unavailable, "the part does not answer"};
  };
}

void power_on(FlashModel& flash) { flash.before = nullptr; }

}  // namespace lamp::firmware::test
