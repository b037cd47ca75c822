#include "lib/audit/merkle.hpp"

#include <gmock/gmock.h>

namespace lamp::audit {
namespace {

Hash from_text(std::string_view text) { return to_hash(from_hex(text)); }

/// The tree over n leaves "0", "1", ... , with its subtrees computed from the leaves.
struct Tree {
  explicit Tree(std::uint64_t n) {
    for (std::uint64_t i = 0; i < n; ++i) leaves.push_back(leaf_hash(to_bytes(std::to_string(i))));
  }
  [[nodiscard]] Hash root() const { return root_of(leaves); }
  [[nodiscard]] SubtreeReader reader() const {
    return [this](unsigned level, std::uint64_t index) {
      const std::size_t width = std::size_t{1} << level;
      return root_of(std::span{leaves}.subspan(static_cast<std::size_t>(index) * width, width));
    };
  }
  std::vector<Hash> leaves;
};

// RFC 6962 section 2.1 in transparency-dev/merkle, testonly/constants.go: leaves and roots.
TEST(Merkle, HasTheRootsOfTheReference) {
  const std::vector<Bytes> leaves{{}, {0x00}, {0x10}, {0x20, 0x21}};
  std::vector<Hash> hashes;
  for (const auto& leaf : leaves) hashes.push_back(leaf_hash(leaf));
  const std::span<const Hash> all{hashes};
  EXPECT_EQ(root_of({}), from_text("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
  EXPECT_EQ(root_of(all.first(1)), from_text("6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"));
  EXPECT_EQ(root_of(all.first(3)), from_text("aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"));
  EXPECT_EQ(root_of(all), from_text("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"));
}

class EveryTree : public testing::TestWithParam<std::uint64_t> {};

TEST_P(EveryTree, ProvesEachOfItsLeavesAndNoOther) {
  const Tree tree{GetParam()};
  for (std::uint64_t i = 0; i < GetParam(); ++i) {
    const auto path = inclusion_path(i, GetParam(), tree.reader());
    EXPECT_TRUE(check_inclusion(i, GetParam(), tree.leaves[i], tree.root(), path).acceptable()) << i;
    EXPECT_FALSE(check_inclusion(i, GetParam(), leaf_hash({}), tree.root(), path).acceptable()) << i;
    EXPECT_FALSE(check_inclusion(i + 1, GetParam(), tree.leaves[i], tree.root(), path).acceptable()) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, EveryTree, testing::Values(1, 2, 3, 4, 5, 7, 8, 13, 64, 100));

TEST(Merkle, SaysWhyAPathIsRefused) {
  const Tree tree{5};
  auto path = inclusion_path(2, 5, tree.reader());
  path.push_back(tree.leaves[0]);
  EXPECT_THAT(check_inclusion(2, 5, tree.leaves[2], tree.root(), path).objections,
              testing::ElementsAre(testing::HasSubstr("too long")));
  path.resize(1);
  EXPECT_THAT(check_inclusion(2, 5, tree.leaves[2], tree.root(), path).objections,
              testing::ElementsAre(testing::HasSubstr("too short")));
}

TEST(Merkle, TakesHashesOf32BytesOnly) {
  EXPECT_THROW((void)to_hash(Bytes(31)), Error);
  EXPECT_THROW((void)to_hash(Bytes(33)), Error);
}

}  // namespace
}  // namespace lamp::audit
