// The files of a C2SP tlog-tiles log: where they lie, how they are read, and how they grow.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "lib/audit/merkle.hpp"

namespace lamp::audit {

inline constexpr std::uint64_t kTileWidth = 256;

/// "tile/0/x001/x234/067", or with ".p/5" when the tile has only 5 hashes so far.
[[nodiscard]] std::string tile_path(unsigned level, std::uint64_t number, std::uint64_t width);
[[nodiscard]] std::string bundle_path(std::uint64_t number, std::uint64_t width);

/// Entries as a bundle file holds them: each with its length in front (16 bits, big endian). Ours are 32 bytes each.
[[nodiscard]] Bytes encode_bundle(std::span<const Hash> entries);
/// Throws Error{bad_input}.
[[nodiscard]] std::vector<Hash> decode_bundle(ByteView bundle);

/// Reads tiles of a tree of a given size. Hashes are what the files say; nothing is verified.
class TileReader {
 public:
  TileReader(std::filesystem::path directory, std::uint64_t size) : directory_{std::move(directory)}, size_{size} {}
  /// The hashes of a tile that belong to the tree. Throws Error{not_found} or Error{bad_input}.
  [[nodiscard]] std::vector<Hash> tile(unsigned level, std::uint64_t number) const;
  /// The entries of a bundle that belong to the tree.
  [[nodiscard]] std::vector<Hash> bundle(std::uint64_t number) const;
  /// As inclusion_path() wants it.
  [[nodiscard]] Hash subtree(unsigned level, std::uint64_t index) const;

 private:
  [[nodiscard]] Bytes read(const std::string& whole, const std::string& partial) const;
  std::filesystem::path directory_;
  std::uint64_t size_;
};

/// Takes each file that a growing log needs, by its path below the log's folder.
using TileSink = std::function<void(const std::string& path, Bytes content)>;

/// Grows a log entry by entry, holding only the tiles at its right edge.
class LogBuilder {
 public:
  explicit LogBuilder(TileSink sink) : sink_{std::move(sink)} {}
  /// Continues a log of `size` entries; `open_bundle` are the entries of its unfinished bundle as the records say.
  /// Throws Error{denied} when the tiles say something else.
  void resume(const TileReader& tiles, std::uint64_t size, std::vector<Hash> open_bundle);

  void add(const Hash& entry);
  /// Writes the unfinished tiles. More entries may follow.
  void flush() const;
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  [[nodiscard]] Hash root() const;

 private:
  TileSink sink_;
  std::uint64_t size_ = 0;
  std::vector<std::vector<Hash>> levels_;  ///< the unfinished tile of each level
  std::vector<Hash> bundle_;
};

}  // namespace lamp::audit
