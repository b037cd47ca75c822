#include "lib/firmware/encryption.hpp"

#include <botan/aead.h>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::firmware {
namespace {

constexpr std::uint64_t kTagEncrypt = 96;
constexpr std::int64_t kAlgorithm = 1, kKid = 4, kIv = 5;
constexpr std::int64_t kA128Gcm = 1, kA256Gcm = 3, kA128Kw = -3, kA256Kw = -5;
constexpr std::size_t kIvSize = 12, kWrapOverhead = 8, kMaxNameSize = 80;

[[noreturn]] void refuse(const char* what) { throw Error{Errc::bad_input, what}; }

void expect(cbor::Reader& reader, std::int64_t value, const char* otherwise) {
  if (reader.integer() != value) refuse(otherwise);
}

std::size_t key_size_of(ByteView protected_header) {
  cbor::Reader reader{protected_header};
  if (reader.map() != 1) refuse("encryption with unknown headers");
  expect(reader, kAlgorithm, "encryption with unknown headers");
  const auto algorithm = reader.integer();
  reader.end();
  if (algorithm == kA256Gcm) return 32;
  if (algorithm == kA128Gcm) return 16;
  refuse("encryption by an algorithm that may not be used");
}

std::unique_ptr<Botan::AEAD_Mode> gcm(Botan::Cipher_Dir direction, const SymmetricKey& key, ByteView protected_header,
                                      ByteView iv) {
  auto mode = Botan::AEAD_Mode::create_or_throw(key.size() == 32 ? "AES-256/GCM" : "AES-128/GCM", direction);
  mode->set_key(key.expose_secret());
  mode->set_associated_data(payload_authenticated_data(protected_header));
  mode->start(iv);
  return mode;
}

}  // namespace

EncryptionInfo parse_encryption_info(ByteView encoded) {
  EncryptionInfo info;
  cbor::Reader reader{encoded};
  reader.tag(kTagEncrypt);
  reader.array(4);
  info.protected_header = reader.bytes();
  info.key_size = key_size_of(info.protected_header);
  if (reader.map() != 1) refuse("encryption with unknown headers");
  expect(reader, kIv, "encryption without an IV");
  info.iv = reader.bytes();
  if (!reader.null()) refuse("encryption information that carries a ciphertext");
  reader.array(1);
  reader.array(3);
  if (!reader.bytes().empty()) refuse("a recipient with protected headers, which key wrap does not have");
  if (reader.map() != 2) refuse("a recipient with unknown headers");
  expect(reader, kAlgorithm, "a recipient without an algorithm");
  expect(reader, info.key_size == 32 ? kA256Kw : kA128Kw, "a key wrapped by an algorithm that does not fit");
  expect(reader, kKid, "a recipient without a key id");
  info.kek_name = reader.bytes();
  info.wrapped_key = reader.bytes();
  reader.end();
  if (info.iv.size() != kIvSize || info.wrapped_key.size() != info.key_size + kWrapOverhead || info.kek_name.empty() ||
      info.kek_name.size() > kMaxNameSize)
    refuse("encryption information with a field of the wrong length");
  return info;
}

Bytes payload_authenticated_data(ByteView protected_header) {
  return cbor::Writer{}.array(3).text("Encrypt").bytes(protected_header).bytes({}).encoded();
}

EncryptedPayload encrypt_payload(const SymmetricKey& content_key, ByteView iv, ByteView wrapped_key,
                                 std::string_view kek_name, ByteView image) {
  const bool long_key = content_key.size() == 32;
  const auto header =
      cbor::MapWriter{}.add(kAlgorithm, cbor::Writer{}.integer(long_key ? kA256Gcm : kA128Gcm)).encoded();
  EncryptedPayload out;
  out.info = cbor::Writer{}
                 .tag(kTagEncrypt)
                 .array(4)
                 .bytes(header)
                 .map(1)
                 .integer(kIv)
                 .bytes(iv)
                 .null()
                 .array(1)
                 .array(3)
                 .bytes({})
                 .map(2)
                 .integer(kAlgorithm)
                 .integer(long_key ? kA256Kw : kA128Kw)
                 .integer(kKid)
                 .bytes(as_bytes(kek_name))
                 .bytes(wrapped_key)
                 .encoded();
  if (parse_encryption_info(out.info).key_size != content_key.size()) refuse("a content key of the wrong length");
  guarded(Errc::internal, [&] {
    SecureBytes buffer{image.begin(), image.end()};
    gcm(Botan::Cipher_Dir::Encryption, content_key, header, iv)->finish(buffer);
    out.ciphertext.assign(buffer.begin(), buffer.end());
  });
  return out;
}

Bytes decrypt_payload(const SymmetricKey& content_key, const EncryptionInfo& info, ByteView ciphertext) {
  if (content_key.size() != info.key_size) refuse("a content key of the wrong length");
  const auto plain = attempt([&] {
    return guarded(Errc::denied, [&] {
      SecureBytes buffer{ciphertext.begin(), ciphertext.end()};
      gcm(Botan::Cipher_Dir::Decryption, content_key, info.protected_header, info.iv)->finish(buffer);
      return Bytes{buffer.begin(), buffer.end()};
    });
  });
  if (std::holds_alternative<Error>(plain))
    throw Error{Errc::denied, "the payload was encrypted under another key, or was altered"};
  return std::get<Bytes>(plain);
}

}  // namespace lamp::firmware
