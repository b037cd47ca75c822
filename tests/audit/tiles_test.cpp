#include "lib/audit/tiles.hpp"

#include <gmock/gmock.h>

#include <map>

namespace lamp::audit {
namespace {

struct PathCase {
  unsigned level;
  std::uint64_t number, width;
  const char* path;
};

class TilePath : public testing::TestWithParam<PathCase> {};

TEST_P(TilePath, IsThatOfTheSpecification) {
  EXPECT_EQ(tile_path(GetParam().level, GetParam().number, GetParam().width), GetParam().path);
}

INSTANTIATE_TEST_SUITE_P(Paths, TilePath,
                         testing::Values(PathCase{0, 0, 256, "tile/0/000"}, PathCase{0, 0, 5, "tile/0/000.p/5"},
                                         PathCase{1, 999, 256, "tile/1/999"}, PathCase{0, 1000, 256, "tile/0/x001/000"},
                                         PathCase{2, 1234067, 8, "tile/2/x001/x234/067.p/8"}));

std::vector<Hash> some_entries(std::size_t n) {
  std::vector<Hash> entries(n);
  for (std::size_t i = 0; i < n; ++i) {
    entries[i][0] = static_cast<std::uint8_t>(i);
    entries[i][1] = static_cast<std::uint8_t>(i >> 8);
    entries[i][2] = static_cast<std::uint8_t>(i >> 16);
  }
  return entries;
}

std::vector<Hash> leaves_of(std::span<const Hash> entries) {
  std::vector<Hash> leaves;
  for (const auto& entry : entries) leaves.push_back(leaf_hash(entry));
  return leaves;
}

class BuiltLog : public testing::TestWithParam<std::size_t> {};

TEST_P(BuiltLog, HasTheRootOfAllItsLeavesAndATileForEach) {
  const auto entries = some_entries(GetParam());
  std::map<std::string, Bytes> files;
  LogBuilder builder{[&](const std::string& path, Bytes content) { files[path] = std::move(content); }};
  for (const auto& entry : entries) builder.add(entry);
  builder.flush();
  EXPECT_EQ(builder.root(), root_of(leaves_of(entries)));
  const auto last = (GetParam() - 1) / kTileWidth;
  const auto width = (GetParam() - 1) % kTileWidth + 1;
  ASSERT_THAT(files, testing::Contains(testing::Key(tile_path(0, last, width))));
  EXPECT_EQ(files[tile_path(0, last, width)].size(), width * 32);
  EXPECT_EQ(decode_bundle(files[bundle_path(last, width)]).back(), entries.back());
}

INSTANTIATE_TEST_SUITE_P(Sizes, BuiltLog, testing::Values(1, 2, 255, 256, 257, 511, 513, 65536, 66000));

TEST(Bundles, AreReadAsTheyWereWritten) {
  const auto entries = some_entries(3);
  EXPECT_EQ(decode_bundle(encode_bundle(entries)), entries);
}

TEST(Bundles, RefuseTornAndForeignEntries) {
  auto bundle = encode_bundle(some_entries(2));
  bundle.pop_back();
  EXPECT_THROW((void)decode_bundle(bundle), Error);
  bundle = encode_bundle(some_entries(2));
  bundle[1] = 31;
  EXPECT_THROW((void)decode_bundle(bundle), Error);
}

}  // namespace
}  // namespace lamp::audit
