// The AES-MMO hash of Zigbee (specification B.6) over a stream, for files.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "lib/base/bytes.hpp"

namespace Botan {
class BlockCipher;
}

namespace lamp::firmware::zigbee {

using MmoDigest = std::array<std::uint8_t, 16>;

/// How the length is written behind a message of 2^16 bits or more.
enum class MmoPadding {
  specified,    ///< 32 bits and two zero bytes
  short_length  ///< its low 16 bits, as for short messages: what some makers' tools do
};

class AesMmo {
 public:
  AesMmo();
  AesMmo(const AesMmo&) = delete;
  AesMmo& operator=(const AesMmo&) = delete;
  ~AesMmo();
  void update(ByteView bytes);
  /// Of what was given so far; more can be given afterwards. Throws Error{bad_input} from 2^32 bits on.
  [[nodiscard]] MmoDigest digest(MmoPadding padding) const;

 private:
  void block(MmoDigest& hash, ByteView input) const;
  std::unique_ptr<Botan::BlockCipher> cipher_;
  MmoDigest hash_{};
  MmoDigest pending_{};
  std::uint64_t size_ = 0;
};

}  // namespace lamp::firmware::zigbee
