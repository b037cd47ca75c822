// Merkle tree hashing and proofs of RFC 6962 section 2.1 (RFC 9162 section 2.1 is the same), with SHA-256.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp::audit {

using Hash = std::array<std::uint8_t, 32>;

/// Throws Error{bad_input} unless `bytes` has 32 bytes.
[[nodiscard]] Hash to_hash(ByteView bytes);

[[nodiscard]] Hash leaf_hash(ByteView entry);
[[nodiscard]] Hash node_hash(const Hash& left, const Hash& right);
/// The root over these leaf hashes; SHA-256 of nothing when there are none.
[[nodiscard]] Hash root_of(std::span<const Hash> leaves);

/// Looks up the hash of a complete subtree: the one at `index` among those of 2^`level` leaves, counted from the left.
using SubtreeReader = std::function<Hash(unsigned level, std::uint64_t index)>;

/// The audit path of a leaf, leaf to root. Needs index < size.
[[nodiscard]] std::vector<Hash> inclusion_path(std::uint64_t index, std::uint64_t size, const SubtreeReader& subtree);

[[nodiscard]] Verdict check_inclusion(std::uint64_t index, std::uint64_t size, const Hash& leaf, const Hash& root,
                                      std::span<const Hash> path);
[[nodiscard]] Verdict check_consistency(std::uint64_t old_size, std::uint64_t new_size, const Hash& old_root,
                                        const Hash& new_root, std::span<const Hash> path);

}  // namespace lamp::audit
