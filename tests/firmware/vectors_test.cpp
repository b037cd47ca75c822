// The SUIT drafts' own examples, from the folder of published vectors beside the project.
#include <botan/data_src.h>
#include <botan/pkcs8.h>
#include <gmock/gmock.h>

#include <filesystem>

#include "lib/base/file.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/crypto/key_wrap.hpp"
#include "lib/firmware/encryption.hpp"
#include "lib/firmware/suit.hpp"

namespace lamp::firmware::test {
namespace {

std::filesystem::path vectors() { return std::filesystem::path{LAMP_SOURCE_DIR}.parent_path() / "shared/vectors/suit"; }

Bytes read_hex(const std::string& file) {
  auto text = read_text_file(vectors() / "firmware-encryption" / file);
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
  return from_hex(text);
}

struct Parts {
  ByteView digest, block, manifest;
};

/// The members of any envelope; parse_envelope takes only a release's.
Parts take_apart(ByteView envelope) {
  cbor::Reader reader{envelope};
  reader.tag(107);
  const auto map = reader.item();
  reader.end();
  cbor::Reader member{cbor::find(map, 2).value()};
  cbor::Reader wrapper{member.bytes()};
  wrapper.array(2);
  Parts parts;
  parts.digest = wrapper.bytes();
  parts.block = wrapper.bytes();
  parts.manifest = cbor::Reader{cbor::find(map, 3).value()}.bytes();
  return parts;
}

class DraftExamples : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(vectors())) GTEST_SKIP() << "no published vectors at " << vectors();
    envelope_ = read_file(vectors() / ("manifest37-example" + std::to_string(GetParam()) + ".suit"));
  }
  Bytes envelope_;
};

TEST_P(DraftExamples, HaveTheDigestThatWeCompute) {
  const auto parts = take_apart(envelope_);
  EXPECT_EQ(hex(suit_digest(parts.manifest)), hex(parts.digest));
}

TEST_P(DraftExamples, AreSignedByTheDraftsKeyOverThatDigest) {
  Botan::DataSource_Stream source{(vectors() / "draft-example-private-key.pem").string()};
  const auto key = Botan::PKCS8::load_key(source);
  const auto id = cose::key_id(*key);
  const auto parts = take_apart(envelope_);
  cbor::Reader block{parts.block};
  block.tag(18);
  block.array(4);
  cose::Sign1 message;
  message.algorithm = cose::Algorithm::es256;
  message.kid = id;  // the examples carry none
  message.protected_header = block.bytes();
  EXPECT_EQ(block.map(), 0U);
  EXPECT_TRUE(block.null());
  message.signature = block.bytes();
  EXPECT_TRUE(cose::verify1(message, *key, parts.digest, "").acceptable());
  EXPECT_FALSE(cose::verify1(message, *key, parts.manifest, "").acceptable());
}

TEST_P(DraftExamples, AreNoReleasesOfOurs) {
  EXPECT_THROW((void)parse_manifest(parse_envelope(envelope_).manifest), Error);
}

INSTANTIATE_TEST_SUITE_P(Manifest37, DraftExamples, testing::Range(0, 6));

class EncryptionDraft : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(vectors())) GTEST_SKIP() << "no published vectors at " << vectors();
  }
};

TEST_F(EncryptionDraft, KeyWrapWithGcmDecrypts) {
  const auto encoded = read_hex("suit-encryption-info-aes-kw-aes-gcm.hex");
  const auto info = parse_encryption_info(encoded);
  const SymmetricKey kek{SecureBytes(16, 0x61)};
  const auto image = decrypt_payload(crypto::unwrap_key(kek, info.wrapped_key), info,
                                     read_hex("encrypted-payload-aes-kw-aes-gcm.hex"));
  EXPECT_EQ(lamp::to_text(image), "This is a real firmware image.");
}

TEST_F(EncryptionDraft, OurEncryptionGivesTheDraftsBytes) {
  const auto encoded = read_hex("suit-encryption-info-aes-kw-aes-gcm.hex");
  const auto info = parse_encryption_info(encoded);
  const auto key = crypto::unwrap_key(SymmetricKey{SecureBytes(16, 0x61)}, info.wrapped_key);
  const auto ours =
      encrypt_payload(key, info.iv, info.wrapped_key, "kid-1", to_bytes("This is a real firmware image."));
  EXPECT_EQ(hex(ours.info), hex(encoded));
  EXPECT_EQ(hex(ours.ciphertext), hex(read_hex("encrypted-payload-aes-kw-aes-gcm.hex")));
}

TEST_F(EncryptionDraft, KeyWrapWithCtrDecryptsAndIsWhatWeWrite) {
  const auto encoded = read_hex("suit-encryption-info-aes-kw-aes-ctr.hex");
  const auto payload = read_hex("encrypted-payload-aes-kw-aes-ctr.hex");
  const auto info = parse_encryption_info(encoded);
  const auto key = crypto::unwrap_key(SymmetricKey{SecureBytes(16, 0x61)}, info.wrapped_key);
  EXPECT_EQ(lamp::to_text(decrypt_payload(key, info, payload)), "This is a real firmware image.");
  const auto ours = encrypt_payload(PayloadCipher::a128ctr, key, info.iv, info.wrapped_key, "kid-1",
                                    to_bytes("This is a real firmware image."));
  EXPECT_EQ(hex(ours.info), hex(encoded));
  EXPECT_EQ(hex(ours.ciphertext), hex(payload));
}

TEST_F(EncryptionDraft, OtherWaysAreRefused) {
  for (const auto* file : {"suit-encryption-info-es-ecdh-aes-gcm.hex", "suit-encryption-info-es-ecdh-aes-ctr.hex"})
    EXPECT_THROW((void)parse_encryption_info(read_hex(file)), Error) << file;
}

}  // namespace
}  // namespace lamp::firmware::test
