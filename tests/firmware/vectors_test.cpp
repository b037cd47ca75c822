// The firmware encryption draft's own examples, from the folder of published vectors beside the project.
#include <gmock/gmock.h>

#include <filesystem>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/crypto/key_wrap.hpp"
#include "lib/firmware/encryption.hpp"

namespace lamp::firmware::test {
namespace {

std::filesystem::path vectors() { return std::filesystem::path{LAMP_SOURCE_DIR}.parent_path() / "shared/vectors/suit"; }

Bytes read_hex(const std::string& file) {
  auto text = read_text_file(vectors() / "firmware-encryption" / file);
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
  return from_hex(text);
}

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
