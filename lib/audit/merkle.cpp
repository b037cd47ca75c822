#include "lib/audit/merkle.hpp"

#include <botan/hash.h>

#include <algorithm>
#include <bit>

namespace lamp::audit {
namespace {

Hash sha256(std::initializer_list<ByteView> parts) {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  for (const auto part : parts) hash->update(part);
  Hash digest;
  hash->final(digest);
  return digest;
}

/// RFC 6962's k: the largest power of two smaller than n, for n > 1.
std::uint64_t split_of(std::uint64_t n) { return std::bit_floor(n - 1); }

/// The hash of leaves [begin, end), `begin` being a multiple of the largest power of two that fits.
Hash range_hash(std::uint64_t begin, std::uint64_t end, const SubtreeReader& subtree) {
  const std::uint64_t n = end - begin;
  if (std::has_single_bit(n)) return subtree(static_cast<unsigned>(std::countr_zero(n)), begin / n);
  const std::uint64_t middle = begin + split_of(n);
  return node_hash(range_hash(begin, middle, subtree), range_hash(middle, end, subtree));
}

Verdict refused(const char* why) { return Verdict{{why}}; }

}  // namespace

Hash to_hash(ByteView bytes) {
  Hash hash;
  if (bytes.size() != hash.size()) throw Error{Errc::bad_input, "a hash must have 32 bytes"};
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

Hash leaf_hash(ByteView entry) {
  constexpr std::array<std::uint8_t, 1> kLeaf{0};
  return sha256({kLeaf, entry});
}

Hash node_hash(const Hash& left, const Hash& right) {
  constexpr std::array<std::uint8_t, 1> kNode{1};
  return sha256({kNode, left, right});
}

Hash root_of(std::span<const Hash> leaves) {
  if (leaves.empty()) return sha256({});
  if (leaves.size() == 1) return leaves.front();
  const auto k = static_cast<std::size_t>(split_of(leaves.size()));
  return node_hash(root_of(leaves.first(k)), root_of(leaves.subspan(k)));
}

std::vector<Hash> inclusion_path(std::uint64_t index, std::uint64_t size, const SubtreeReader& subtree) {
  if (index >= size) throw Error{Errc::internal, "no such leaf in a tree of this size"};
  std::vector<Hash> path;
  std::uint64_t begin = 0;
  std::uint64_t end = size;
  while (end - begin > 1) {
    const std::uint64_t middle = begin + split_of(end - begin);
    if (index < middle) {
      path.push_back(range_hash(middle, end, subtree));
      end = middle;
    } else {
      path.push_back(range_hash(begin, middle, subtree));
      begin = middle;
    }
  }
  std::reverse(path.begin(), path.end());
  return path;
}

// RFC 9162 section 2.1.3.2.
Verdict check_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf, const Hash& root,
                        std::span<const Hash> path) {
  if (index >= size) return refused("the index is outside of the tree");
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Hash running = leaf;
  for (const auto& sibling : path) {
    if (sn == 0) return refused("the path is too long");
    if ((fn & 1) != 0 || fn == sn) {
      running = node_hash(sibling, running);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      running = node_hash(running, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return refused("the path is too short");
  if (running != root) return refused("the path does not lead to the root");
  return {};
}

// RFC 9162 section 2.1.4.2.
Verdict check_consistency(std::uint64_t old_size, std::uint64_t new_size, const Hash& old_root, const Hash& new_root,
                          std::span<const Hash> path) {
  if (old_size > new_size) return refused("the log has become smaller");
  if (old_size == 0) return refused("an empty log is consistent with every log: nothing is shown");
  if (old_size == new_size) {
    if (!path.empty()) return refused("the path is too long");
    return old_root == new_root ? Verdict{} : refused("two roots for one size");
  }
  std::vector<Hash> nodes(path.begin(), path.end());
  if (std::has_single_bit(old_size)) nodes.insert(nodes.begin(), old_root);
  if (nodes.empty()) return refused("the path is too short");
  std::uint64_t fn = old_size - 1;
  std::uint64_t sn = new_size - 1;
  const auto level = std::countr_one(fn);
  fn >>= level;
  sn >>= level;
  Hash from_old = nodes.front();
  Hash from_new = nodes.front();
  for (const auto& node : std::span{nodes}.subspan(1)) {
    if (sn == 0) return refused("the path is too long");
    if ((fn & 1) != 0 || fn == sn) {
      from_old = node_hash(node, from_old);
      from_new = node_hash(node, from_new);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      from_new = node_hash(from_new, node);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return refused("the path is too short");
  if (from_old != old_root) return refused("the path does not lead to the old root");
  if (from_new != new_root) return refused("the path does not lead to the new root");
  return {};
}

}  // namespace lamp::audit
