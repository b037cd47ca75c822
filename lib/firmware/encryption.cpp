#include "lib/firmware/encryption.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::firmware {
namespace {

constexpr std::uint64_t kTagEncrypt = 96;
constexpr std::int64_t kAlgorithm = 1, kKid = 4, kIv = 5;
constexpr std::size_t kWrapOverhead = 8, kMaxNameSize = 80;

struct Facts {
  PayloadCipher cipher;
  std::string_view name;
  std::size_t key, iv, tag;
  std::uint64_t most;
  KeyWrap wrap;  ///< by a KEK of the same size
};
constexpr std::uint64_t kGcmMost = (1ULL << 36U) - 32, kFileMost = std::numeric_limits<std::int64_t>::max();
constexpr std::array kCiphers{
    Facts{PayloadCipher::a128gcm, "AES-128-GCM", 16, 12, 16, kGcmMost, KeyWrap::a128kw},
    Facts{PayloadCipher::a256gcm, "AES-256-GCM", 32, 12, 16, kGcmMost, KeyWrap::a256kw},
    Facts{PayloadCipher::a128ctr, "AES-128-CTR", 16, 16, 0, kFileMost, KeyWrap::a128kw},
    Facts{PayloadCipher::a256ctr, "AES-256-CTR", 32, 16, 0, kFileMost, KeyWrap::a256kw},
};

[[noreturn]] void refuse(const char* what) { throw Error{Errc::bad_input, what}; }

const Facts& facts_of(PayloadCipher cipher) noexcept {
  return *std::ranges::find(kCiphers, cipher, &Facts::cipher);  // all enumerators are there
}

PayloadCipher read_cipher(cbor::Reader& reader, bool authenticated) {
  const auto id = reader.integer();
  for (const auto& facts : kCiphers)
    if (static_cast<std::int64_t>(facts.cipher) == id && (facts.tag != 0) == authenticated) return facts.cipher;
  refuse("encryption by an algorithm that may not be used, or not with these headers");
}

void expect(cbor::Reader& reader, std::int64_t value, const char* otherwise) {
  if (reader.integer() != value) refuse(otherwise);
}

/// GCM's algorithm is in the protected header; CTR, which could not authenticate one, has it beside the IV (RFC 9459,
/// section 8).
void read_headers(cbor::Reader& reader, EncryptionInfo& info) {
  info.protected_header = reader.bytes();
  const bool authenticated = !info.protected_header.empty();
  if (authenticated) {
    cbor::Reader header{info.protected_header};
    if (header.map() != 1) refuse("encryption with unknown headers");
    expect(header, kAlgorithm, "encryption with unknown headers");
    info.cipher = read_cipher(header, true);
    header.end();
  }
  if (reader.map() != (authenticated ? 1U : 2U)) refuse("encryption with unknown headers");
  if (!authenticated) {
    expect(reader, kAlgorithm, "encryption without an algorithm");
    info.cipher = read_cipher(reader, false);
  }
  expect(reader, kIv, "encryption without an IV");
  info.iv = reader.bytes();
}

KeyWrap read_wrap(cbor::Reader& reader, const Facts& facts) {
  const auto id = reader.integer();
  for (const auto wrap : {facts.wrap, KeyWrap::a256kw})
    if (static_cast<std::int64_t>(wrap) == id) return wrap;
  refuse("a key wrapped by an algorithm that does not fit");
}

}  // namespace

std::size_t key_size(PayloadCipher cipher) noexcept { return facts_of(cipher).key; }
std::size_t iv_size(PayloadCipher cipher) noexcept { return facts_of(cipher).iv; }
std::size_t tag_size(PayloadCipher cipher) noexcept { return facts_of(cipher).tag; }
std::uint64_t max_image_size(PayloadCipher cipher) noexcept { return facts_of(cipher).most; }
std::string_view name_of(PayloadCipher cipher) noexcept { return facts_of(cipher).name; }

EncryptionInfo parse_encryption_info(ByteView encoded) {
  EncryptionInfo info;
  cbor::Reader reader{encoded};
  reader.tag(kTagEncrypt);
  reader.array(4);
  read_headers(reader, info);
  const auto& facts = facts_of(info.cipher);
  info.key_size = facts.key;
  if (!reader.null()) refuse("encryption information that carries a ciphertext");
  reader.array(1);
  reader.array(3);
  if (!reader.bytes().empty()) refuse("a recipient with protected headers, which key wrap does not have");
  if (reader.map() != 2) refuse("a recipient with unknown headers");
  expect(reader, kAlgorithm, "a recipient without an algorithm");
  info.wrap = read_wrap(reader, facts);
  expect(reader, kKid, "a recipient without a key id");
  info.kek_name = reader.bytes();
  info.wrapped_key = reader.bytes();
  reader.end();
  if (info.iv.size() != facts.iv || info.wrapped_key.size() != facts.key + kWrapOverhead || info.kek_name.empty() ||
      info.kek_name.size() > kMaxNameSize)
    refuse("encryption information with a field of the wrong length");
  return info;
}

Bytes encode_encryption_info(PayloadCipher cipher, ByteView iv, ByteView wrapped_key, std::string_view kek_name) {
  return encode_encryption_info(cipher, iv, wrapped_key, kek_name, facts_of(cipher).wrap);
}

Bytes encode_encryption_info(PayloadCipher cipher, ByteView iv, ByteView wrapped_key, std::string_view kek_name,
                             KeyWrap wrap) {
  const auto& facts = facts_of(cipher);
  const auto algorithm = static_cast<std::int64_t>(cipher);
  cbor::Writer out;
  out.tag(kTagEncrypt).array(4);
  if (facts.tag != 0)
    out.bytes(cbor::Writer{}.map(1).integer(kAlgorithm).integer(algorithm).encoded()).map(1);
  else
    out.bytes({}).map(2).integer(kAlgorithm).integer(algorithm);
  out.integer(kIv).bytes(iv).null().array(1).array(3).bytes({});
  out.map(2)
      .integer(kAlgorithm)
      .integer(static_cast<std::int64_t>(wrap))
      .integer(kKid)
      .bytes(as_bytes(kek_name))
      .bytes(wrapped_key);
  auto encoded = std::move(out).encoded();
  (void)parse_encryption_info(encoded);
  return encoded;
}

Bytes payload_authenticated_data(ByteView protected_header) {
  return cbor::Writer{}.array(3).text("Encrypt").bytes(protected_header).bytes({}).encoded();
}

EncryptedPayload encrypt_payload(PayloadCipher cipher, const SymmetricKey& content_key, ByteView iv,
                                 ByteView wrapped_key, std::string_view kek_name, ByteView image) {
  EncryptedPayload out;
  out.info = encode_encryption_info(cipher, iv, wrapped_key, kek_name);
  PayloadCoder coder{PayloadCoder::Direction::encrypt, content_key, parse_encryption_info(out.info)};
  SecureBytes buffer{image.begin(), image.end()};
  (void)coder.finish(buffer);
  out.ciphertext.assign(buffer.begin(), buffer.end());
  return out;
}

EncryptedPayload encrypt_payload(const SymmetricKey& content_key, ByteView iv, ByteView wrapped_key,
                                 std::string_view kek_name, ByteView image) {
  const auto cipher =
      content_key.size() == key_size(PayloadCipher::a128gcm) ? PayloadCipher::a128gcm : PayloadCipher::a256gcm;
  return encrypt_payload(cipher, content_key, iv, wrapped_key, kek_name, image);
}

Bytes decrypt_payload(const SymmetricKey& content_key, const EncryptionInfo& info, ByteView ciphertext) {
  PayloadCoder coder{PayloadCoder::Direction::decrypt, content_key, info};
  SecureBytes buffer{ciphertext.begin(), ciphertext.end()};
  if (!coder.finish(buffer)) throw Error{Errc::denied, "the payload was encrypted under another key, or was altered"};
  return {buffer.begin(), buffer.end()};
}

}  // namespace lamp::firmware
