#include "lib/audit/tiles.hpp"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <optional>

#include "lib/base/file.hpp"

namespace lamp::audit {
namespace {

constexpr std::uint64_t kTileFileLimit = 1U << 16;

/// C2SP tlog-tiles: groups of three digits, all but the last with an x in front.
std::string number_path(std::uint64_t number) {
  std::string path;
  const char* form = "%03u";
  do {
    char group[8];
    std::snprintf(group, sizeof group, form, static_cast<unsigned>(number % 1000));
    path = path.empty() ? group : std::string{group} + "/" + path;
    form = "x%03u";
    number /= 1000;
  } while (number != 0);
  return path;
}

std::string with_width(std::string path, std::uint64_t width) {
  return width == kTileWidth ? path : path + ".p/" + std::to_string(width);
}

std::uint64_t width_at(std::uint64_t size, unsigned level, std::uint64_t number) {
  const unsigned shift = 8 * level;
  const std::uint64_t hashes = shift >= 64 ? 0 : size >> shift;
  const std::uint64_t before = number * kTileWidth;
  return hashes <= before ? 0 : std::min(hashes - before, kTileWidth);
}

Bytes join(std::span<const Hash> hashes) {
  Bytes bytes;
  for (const auto& hash : hashes) append(bytes, hash);
  return bytes;
}

}  // namespace

std::string tile_path(unsigned level, std::uint64_t number, std::uint64_t width) {
  return with_width("tile/" + std::to_string(level) + "/" + number_path(number), width);
}

std::string bundle_path(std::uint64_t number, std::uint64_t width) {
  return with_width("tile/entries/" + number_path(number), width);
}

Bytes encode_bundle(std::span<const Hash> entries) {
  Bytes bundle;
  for (const auto& entry : entries) {
    bundle.push_back(0);
    bundle.push_back(static_cast<std::uint8_t>(entry.size()));
    append(bundle, entry);
  }
  return bundle;
}

std::vector<Hash> decode_bundle(ByteView bundle) {
  constexpr std::size_t kStride = 2 + sizeof(Hash);
  if (bundle.size() % kStride != 0) throw Error{Errc::bad_input, "an entry bundle has a torn entry"};
  std::vector<Hash> entries;
  for (; !bundle.empty(); bundle = bundle.subspan(kStride)) {
    if (bundle[0] != 0 || bundle[1] != sizeof(Hash)) throw Error{Errc::bad_input, "an entry has not 32 bytes"};
    entries.push_back(to_hash(bundle.subspan(2, sizeof(Hash))));
  }
  return entries;
}

Bytes TileReader::read(const std::string& whole, const std::string& partial) const {
  // A partial tile may have been removed once its tile was full.
  const auto path = std::filesystem::exists(directory_ / partial) ? partial : whole;
  return read_file(directory_ / path, kTileFileLimit);
}

std::vector<Hash> TileReader::tile(unsigned level, std::uint64_t number) const {
  const auto width = width_at(size_, level, number);
  const auto bytes = read(tile_path(level, number, kTileWidth), tile_path(level, number, width));
  if (bytes.size() < width * sizeof(Hash) || bytes.size() % sizeof(Hash) != 0)
    throw Error{Errc::bad_input, tile_path(level, number, width) + ": has not the size of a tile"};
  std::vector<Hash> hashes;
  for (std::size_t i = 0; i < width; ++i)
    hashes.push_back(to_hash(ByteView{bytes}.subspan(i * sizeof(Hash), sizeof(Hash))));
  return hashes;
}

std::vector<Hash> TileReader::bundle(std::uint64_t number) const {
  const auto width = static_cast<std::size_t>(width_at(size_, 0, number));
  auto entries = decode_bundle(read(bundle_path(number, kTileWidth), bundle_path(number, width)));
  if (entries.size() < width) throw Error{Errc::bad_input, bundle_path(number, width) + ": entries are missing"};
  entries.resize(width);
  return entries;
}

Hash TileReader::subtree(unsigned level, std::uint64_t index) const {
  const std::uint64_t count = 1ULL << (level % 8);
  const std::uint64_t first = index * count;
  const auto hashes = tile(level / 8, first / kTileWidth);
  const auto offset = static_cast<std::size_t>(first % kTileWidth);
  if (offset + count > hashes.size()) throw Error{Errc::internal, "a subtree outside of the tree was asked for"};
  return root_of(std::span{hashes}.subspan(offset, static_cast<std::size_t>(count)));
}

void LogBuilder::resume(const TileReader& tiles, std::uint64_t size, std::vector<Hash> open_bundle) {
  size_ = size;
  levels_.clear();
  for (unsigned level = 0; level < 8 && size >> (8 * level) != 0; ++level) {
    const auto number = (size >> (8 * level)) / kTileWidth;
    levels_.push_back(width_at(size, level, number) == 0 ? std::vector<Hash>{} : tiles.tile(level, number));
  }
  bundle_ = std::move(open_bundle);
  if (bundle_.size() != size % kTileWidth) throw Error{Errc::denied, "records of the log are missing in the database"};
  for (std::size_t i = 0; i < bundle_.size(); ++i)
    if (leaf_hash(bundle_[i]) != levels_[0][i])
      throw Error{Errc::denied, "entry " + std::to_string(size - bundle_.size() + i) +
                                    " of the log is not what its record says; run 'lamp-audit verify'"};
}

void LogBuilder::add(const Hash& entry) {
  ++size_;
  bundle_.push_back(entry);
  if (bundle_.size() == kTileWidth) {
    sink_(bundle_path(size_ / kTileWidth - 1, kTileWidth), encode_bundle(bundle_));
    bundle_.clear();
  }
  Hash hash = leaf_hash(entry);
  for (unsigned level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    auto& tile = levels_[level];
    tile.push_back(hash);
    if (tile.size() < kTileWidth) return;
    sink_(tile_path(level, (size_ >> (8 * level)) / kTileWidth - 1, kTileWidth), join(tile));
    hash = root_of(tile);
    tile.clear();
  }
}

void LogBuilder::flush() const {
  if (!bundle_.empty()) sink_(bundle_path(size_ / kTileWidth, bundle_.size()), encode_bundle(bundle_));
  for (unsigned level = 0; level < levels_.size(); ++level)
    if (const auto& tile = levels_[level]; !tile.empty())
      sink_(tile_path(level, (size_ >> (8 * level)) / kTileWidth, tile.size()), join(tile));
}

Hash LogBuilder::root() const {
  // The complete subtrees from right to left, the smallest first.
  std::optional<Hash> root;
  for (const auto& tile : levels_) {
    std::span<const Hash> left{tile};
    while (!left.empty()) {
      const auto width = std::size_t{1} << std::countr_zero(left.size());
      const auto peak = root_of(left.last(width));
      root = root ? node_hash(peak, *root) : peak;
      left = left.first(left.size() - width);
    }
  }
  return root ? *root : root_of({});
}

}  // namespace lamp::audit
