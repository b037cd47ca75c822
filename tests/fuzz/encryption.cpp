// Encryption information, and a payload decrypted by it in one piece and in several: the same bytes, or none.
#include "lib/firmware/encryption.hpp"

#include <algorithm>

#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace lamp;
using firmware::PayloadCoder;

std::optional<Bytes> decrypted(const firmware::EncryptionInfo& info, ByteView payload, std::size_t piece) {
  const SymmetricKey key{SecureBytes(info.key_size, 0x61)};
  PayloadCoder coder{PayloadCoder::Direction::decrypt, key, info};
  Bytes out;
  while (payload.size() >= piece + firmware::tag_size(info.cipher)) {
    const auto at = out.size();
    append(out, payload.first(piece));
    coder.process(std::span{out}.subspan(at));
    payload = payload.subspan(piece);
  }
  SecureBytes rest{payload.begin(), payload.end()};
  if (!coder.finish(rest)) return std::nullopt;
  append(out, rest);
  return out;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input{data, size};
  const auto info = fuzz::read([&] { return firmware::parse_encryption_info(input); });
  if (!info) return 0;
  const auto again = fuzz::read([&] {
    return firmware::encode_encryption_info(info->cipher, info->iv, info->wrapped_key, to_text(info->kek_name),
                                            info->wrap);
  });
  fuzz::require(again && std::ranges::equal(*again, input), "encryption information has two encodings");
  const auto whole = decrypted(*info, input, size + 16 - size % 16);
  for (const std::size_t piece : {16U, 48U}) fuzz::require(decrypted(*info, input, piece) == whole, "pieces differ");
  const bool gcm = firmware::tag_size(info->cipher) != 0;
  fuzz::require(whole.has_value() != gcm, "bytes of nobody were taken as authentic");
  return 0;
}
