// Payloads in pieces: the same bytes as in one, and nothing is given out that was not checked.
#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "lib/crypto/key_wrap.hpp"
#include "lib/firmware/payload_stream.hpp"
#include "lib/firmware/release_file.hpp"
#include "tests/firmware/release_fixture.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::firmware::test {
namespace {

class StagedMemory final : public StagedSink {
 public:
  void write(ByteView bytes) override { append(staged_, bytes); }
  void commit() override { committed = staged_; }
  [[nodiscard]] const Bytes& staged() const { return staged_; }
  std::optional<Bytes> committed;

 private:
  Bytes staged_;
};

Bytes image_of(std::size_t size) {
  Bytes image(size);
  for (std::size_t i = 0; i < size; ++i) image[i] = static_cast<std::uint8_t>(i * 131 + i / 251);
  return image;
}

class Pieces : public testing::TestWithParam<std::tuple<PayloadCipher, std::size_t>> {
 protected:
  [[nodiscard]] static PayloadCipher cipher() { return std::get<0>(GetParam()); }
  const SymmetricKey key_{SecureBytes(key_size(cipher()), 9)};
  const Bytes image_ = image_of(std::get<1>(GetParam()));
  const EncryptedPayload whole_ =
      encrypt_payload(cipher(), key_, Bytes(iv_size(cipher()), 3), Bytes(key_size(cipher()) + 8, 1), "kek", image_);

  Manifest manifest() {
    Manifest out;
    out.image_digest = sha256(image_);
    out.image_size = image_.size();
    out.payload_digest = sha256(whole_.ciphertext);
    out.payload_size = whole_.ciphertext.size();
    out.encryption_info = whole_.info;
    return out;
  }
  /// What became of a payload: the image, or nothing.
  std::optional<Bytes> decrypted(const Manifest& manifest, ByteView payload) {
    ViewSource source{payload};
    StagedMemory sink;
    const auto done = attempt([&] {
      decrypt_image(key_, manifest, source, sink);
      return true;
    });
    EXPECT_EQ(std::holds_alternative<bool>(done), sink.committed.has_value());
    return sink.committed;
  }
};

TEST_P(Pieces, GiveTheBytesThatTheWholeGives) {
  ViewSource source{image_};
  StagedMemory sink;
  const auto made = encrypt_image(key_, parse_encryption_info(whole_.info), source, sink);
  EXPECT_EQ(sink.staged(), whole_.ciphertext);
  EXPECT_EQ(made.image.digest, sha256(image_));
  EXPECT_EQ(made.image.size, image_.size());
  EXPECT_EQ(made.payload.digest, sha256(whole_.ciphertext));
  EXPECT_EQ(made.payload.size, whole_.ciphertext.size());
}

TEST_P(Pieces, DecryptToTheImage) { EXPECT_EQ(decrypted(manifest(), whole_.ciphertext), image_); }

TEST_P(Pieces, GiveNothingOutThatWasAlteredCutOrExtended) {
  const auto good = manifest();
  for (const std::size_t at : {std::size_t{0}, whole_.ciphertext.size() / 2, whole_.ciphertext.size() - 1}) {
    auto bad = whole_.ciphertext;
    bad[at] ^= 0x10;
    EXPECT_EQ(decrypted(good, bad), std::nullopt) << at;
    EXPECT_EQ(decrypted(good, ByteView{whole_.ciphertext}.first(at)), std::nullopt) << "cut at " << at;
  }
  auto longer = whole_.ciphertext;
  longer.push_back(0);
  EXPECT_EQ(decrypted(good, longer), std::nullopt);
}

TEST_P(Pieces, GiveNothingOutThatIsNotTheSignedImage) {
  auto other = manifest();
  other.image_digest[0] ^= 1;
  EXPECT_EQ(decrypted(other, whole_.ciphertext), std::nullopt);
  other = manifest();
  other.payload_digest[0] ^= 1;
  EXPECT_EQ(decrypted(other, whole_.ciphertext), std::nullopt);
}

// Around the size of a piece, of a block and of a tag.
INSTANTIATE_TEST_SUITE_P(Sizes, Pieces,
                         testing::Combine(testing::Values(PayloadCipher::a128gcm, PayloadCipher::a256gcm,
                                                          PayloadCipher::a128ctr, PayloadCipher::a256ctr),
                                          testing::Values(1, 15, 16, 17, kPieceSize - 17, kPieceSize - 16,
                                                          kPieceSize - 1, kPieceSize, kPieceSize + 1,
                                                          2 * kPieceSize - 16, 2 * kPieceSize + 5)));

class ReleaseFiles : public testing::Test {
 protected:
  std::filesystem::path put(ByteView envelope) {
    publish(directory_ / "release.suit", envelope);
    return directory_ / "release.suit";
  }
  lamp::test::TemporaryDirectory directory_;
};

TEST_F(ReleaseFiles, AreTakenAsTheSameBytesInMemoryAre) {
  const auto made = make_release({.image = image_of(kMaxHeadSize + 1000)});
  EXPECT_EQ(check_release(ReleaseFile{put(made.envelope)}, host_trust()).text, "");
}

/// Whatever is wrong, both readers say the same.
TEST_F(ReleaseFiles, AreRefusedForTheReasonsForWhichMemoryIs) {
  const auto good = make_release({.image = Bytes(40, 1)}).envelope;
  const auto trust = host_trust();
  for (std::size_t i = 0; i < good.size(); i += 5) {
    auto bad = good;
    bad[i] ^= 0x01;
    EXPECT_EQ(check_release(ReleaseFile{put(bad)}, trust).reason, check_release(bad, trust).reason) << "byte " << i;
    bad = {good.begin(), good.begin() + static_cast<std::ptrdiff_t>(i)};
    EXPECT_EQ(check_release(ReleaseFile{put(bad)}, trust).reason, Reason::malformed) << "cut at " << i;
  }
  auto longer = good;
  longer.push_back(0);
  EXPECT_EQ(check_release(ReleaseFile{put(longer)}, trust).reason, Reason::malformed);
}

TEST_F(ReleaseFiles, FindADetachedPayloadBesideThem) {
  const auto made = make_release({.place = PayloadPlace::detached});
  const ReleaseFile release{put(made.envelope)};
  EXPECT_THROW((void)check_release(release, host_trust()), Error) << "payload.bin is not there";
  publish(directory_ / "payload.bin", ByteView{made.payload});
  EXPECT_EQ(check_release(release, host_trust()).text, "");
  auto other = made.payload;
  other.back() ^= 1;
  publish(directory_ / "payload.bin", ByteView{other});
  EXPECT_EQ(check_release(release, host_trust()).reason, Reason::payload_altered);
}

TEST_F(ReleaseFiles, AreWrittenAsTheyAreInMemory) {
  for (const auto place : {PayloadPlace::integrated, PayloadPlace::detached}) {
    const auto made = make_release({.place = place});
    ViewSource payload{made.payload};
    StagedMemory sink;
    write_release(made.manifest, made.blocks, payload, sink);
    EXPECT_EQ(sink.staged(), made.envelope);
  }
}

TEST_F(ReleaseFiles, AreNotWrittenAroundAnotherPayload) {
  const auto made = make_release();
  for (const auto& other : {Bytes(made.payload.size(), 1), Bytes(3, 1), Bytes{}}) {
    ViewSource payload{other};
    StagedMemory sink;
    EXPECT_THROW(write_release(made.manifest, made.blocks, payload, sink), Error);
  }
}

}  // namespace
}  // namespace lamp::firmware::test
