#include "lib/firmware/zigbee_install_code.hpp"

#include <botan/block_cipher.h>
#include <botan/rng.h>

#include "lib/base/error.hpp"

namespace lamp::firmware {
namespace {

constexpr std::size_t kCodeSize = 16, kCrcSize = 2, kBlock = 16;

void append_crc(SecureBytes& code) {
  const auto crc = crc16_x25(code);
  code.push_back(static_cast<std::uint8_t>(crc));
  code.push_back(static_cast<std::uint8_t>(crc >> 8U));
}

void append_big_endian(SecureBytes& to, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i > 0; --i) to.push_back(static_cast<std::uint8_t>(value >> (8 * (i - 1))));
}

/// Bit 1, zeros, and the length in bits; from 2^16 bits on, the length takes 32 bits and two zero bytes follow.
SecureBytes padded(ByteView message) {
  const auto bits = std::uint64_t{8} * message.size();
  if (bits >> 32U != 0) throw Error{Errc::bad_input, "a message too long for AES-MMO"};
  const bool small = bits < 65536;
  SecureBytes out{message.begin(), message.end()};
  out.push_back(0x80);
  while (out.size() % kBlock != (small ? 14U : 10U)) out.push_back(0);
  append_big_endian(out, bits, small ? 2 : 4);
  if (!small) out.insert(out.end(), 2, 0);
  return out;
}

}  // namespace

std::uint16_t crc16_x25(ByteView bytes) noexcept {
  std::uint32_t crc = 0xffff;
  for (const auto byte : bytes) {
    crc ^= byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0x8408U : crc >> 1U;
  }
  return static_cast<std::uint16_t>(crc ^ 0xffffU);
}

InstallCode make_install_code(Botan::RandomNumberGenerator& rng) {
  auto code = guarded(Errc::unavailable, [&] { return rng.random_vec(kCodeSize); });
  append_crc(code);
  return InstallCode{std::move(code)};
}

InstallCode parse_install_code(SecureBytes bytes) {
  if (bytes.size() != kCodeSize + kCrcSize)
    throw Error{Errc::bad_input, "an install code is 16 bytes and a CRC of two"};
  SecureBytes expected{bytes.begin(), bytes.begin() + kCodeSize};
  append_crc(expected);
  if (!equal_constant_time(expected, bytes)) throw Error{Errc::bad_input, "the install code's CRC does not match"};
  return InstallCode{std::move(bytes)};
}

SecureBytes aes_mmo(ByteView message) {
  return guarded(Errc::internal, [&] {
    const auto cipher = Botan::BlockCipher::create_or_throw("AES-128");
    const auto input = padded(message);
    SecureBytes hash(kBlock);
    for (std::size_t at = 0; at < input.size(); at += kBlock) {
      const auto block = std::span{input}.subspan(at, kBlock);
      SecureBytes next{block.begin(), block.end()};
      cipher->set_key(hash);
      cipher->encrypt(next);
      for (std::size_t i = 0; i < kBlock; ++i) hash[i] = static_cast<std::uint8_t>(next[i] ^ block[i]);
    }
    return hash;
  });
}

SymmetricKey link_key(const InstallCode& code) { return SymmetricKey{aes_mmo(code.expose_secret())}; }

}  // namespace lamp::firmware
