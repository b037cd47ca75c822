#include "lib/firmware/images/aes_mmo.hpp"

#include <botan/block_cipher.h>

#include <algorithm>

#include "lib/base/error.hpp"

namespace lamp::firmware::zigbee {
namespace {
constexpr std::size_t kBlock = 16;
}

AesMmo::AesMmo() : cipher_{Botan::BlockCipher::create_or_throw("AES-128")} {}
AesMmo::~AesMmo() = default;

void AesMmo::block(MmoDigest& hash, ByteView input) const {
  MmoDigest next;
  std::copy(input.begin(), input.end(), next.begin());
  cipher_->set_key(hash);
  cipher_->encrypt(next);
  for (std::size_t i = 0; i < kBlock; ++i) hash[i] = static_cast<std::uint8_t>(next[i] ^ input[i]);
}

void AesMmo::update(ByteView bytes) {
  auto used = static_cast<std::size_t>(size_ % kBlock);
  size_ += bytes.size();
  while (!bytes.empty()) {
    const auto n = std::min(kBlock - used, bytes.size());
    std::copy_n(bytes.begin(), n, pending_.begin() + static_cast<std::ptrdiff_t>(used));
    bytes = bytes.subspan(n);
    used += n;
    if (used < kBlock) return;
    block(hash_, pending_);
    used = 0;
  }
}

MmoDigest AesMmo::digest(MmoPadding padding) const {
  const auto bits = 8 * size_;
  if (size_ >= 1ULL << 29U) throw Error{Errc::bad_input, "a file too long for AES-MMO"};
  const bool small = bits < 65536 || padding == MmoPadding::short_length;
  Bytes tail{pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(size_ % kBlock)};
  tail.push_back(0x80);
  while (tail.size() % kBlock != (small ? 14U : 10U)) tail.push_back(0);
  for (int shift = small ? 8 : 24; shift >= 0; shift -= 8) tail.push_back(static_cast<std::uint8_t>(bits >> shift));
  if (!small) tail.insert(tail.end(), 2, 0);
  auto hash = hash_;
  for (std::size_t at = 0; at < tail.size(); at += kBlock) block(hash, ByteView{tail}.subspan(at, kBlock));
  return hash;
}

}  // namespace lamp::firmware::zigbee
