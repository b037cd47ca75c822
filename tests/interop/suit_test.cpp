// Python's cbor2 and openssl judge the releases that we write, by the draft's CDDL; see suit_peer.py.
#include <botan/x509_key.h>
#include <gmock/gmock.h>

#include "lib/base/file.hpp"
#include "tests/firmware/release_fixture.hpp"
#include "tests/interop/shell.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::firmware::test {
namespace {

using testing::StartsWith;

class SuitPeer : public testing::Test {
 protected:
  void SetUp() override {
    if (lamp::test::run("/usr/bin/python3 -c 'import cbor2'").status != 0) GTEST_SKIP() << "no python3-cbor2";
    if (!lamp::test::installed("openssl")) GTEST_SKIP() << "no openssl program";
    save("release.pem", keys().release);
    save("officer0.pem", keys().officers[0]);
    save("officer1.pem", keys().officers[1]);
  }
  void save(const std::string& name, const Botan::Public_Key& key) {
    publish(directory_ / name, Botan::X509::PEM_encode(key));
  }
  std::string judge(ByteView envelope, const std::string& release_algorithm = "PS256") {
    publish(directory_ / "release.suit", envelope);
    return lamp::test::run("cd " + directory_.path().string() + " && " LAMP_SOURCE_DIR "/tests/interop/suit_peer.py " +
                           "release.suit release.pem:" + release_algorithm + " officer0.pem:ESP256 officer1.pem:ESP256")
        .text;
  }
  lamp::test::TemporaryDirectory directory_;
};

TEST_F(SuitPeer, TakesOurReleasesOfEveryKind) {
  EXPECT_EQ(judge(make_release().envelope), "good\n");
  EXPECT_EQ(judge(make_release({.release_algorithm = cose::Algorithm::ps512}).envelope, "PS512"), "good\n");
  EXPECT_EQ(judge(make_release({.place = PayloadPlace::detached}).envelope), "good\n");
  EXPECT_EQ(judge(make_release({.revoked = {KeyId{1}, KeyId{2}}}).envelope), "good\n");
  for (const auto cipher : {PayloadCipher::a128gcm, PayloadCipher::a128ctr, PayloadCipher::a256ctr})
    EXPECT_EQ(judge(make_release({.cipher = cipher}).envelope), "good\n") << name_of(cipher);
}

/// The peer is no yes-man: what we refuse as altered, it refuses as well.
TEST_F(SuitPeer, RefusesOurReleaseWithAnyPartAltered) {
  const auto good = make_release();
  const auto where = [&](ByteView part) {
    const auto at = std::search(good.envelope.begin(), good.envelope.end(), part.begin(), part.end());
    return static_cast<std::size_t>(at - good.envelope.begin());
  };
  const auto signature = where(good.blocks[0]) + good.blocks[0].size() - 1;
  const auto officer = where(good.blocks[2]) + good.blocks[2].size() - 1;
  const auto version = where(good.manifest) + 2;
  for (const auto at : {signature, officer, version, std::size_t{0}}) {
    auto bad = good.envelope;
    bad[at] ^= 0x01;
    EXPECT_THAT(judge(bad), StartsWith("refused: ")) << "byte " << at;
  }
}

TEST_F(SuitPeer, RefusesTheSignatureOfAnotherKey) {
  save("release.pem", keys().stranger);
  EXPECT_THAT(judge(make_release().envelope), StartsWith("refused: openssl refuses"));
}

TEST_F(SuitPeer, TakesTheDraftsExamplesAndTheirKey) {
  const std::string vectors = LAMP_SOURCE_DIR "/tests/firmware/vectors/suit";
  const auto key = (directory_ / "draft.pem").string();
  ASSERT_EQ(
      lamp::test::run("openssl pkey -pubout -in " + vectors + "/draft-example-private-key.pem -out " + key).status, 0);
  for (int i = 0; i < 6; ++i) {
    const auto file = vectors + "/manifest37-example" + std::to_string(i) + ".suit";
    EXPECT_EQ(lamp::test::run(LAMP_SOURCE_DIR "/tests/interop/suit_peer.py " + file + " " + key + ":ES256").text,
              "good\n")
        << i;
  }
}

}  // namespace
}  // namespace lamp::firmware::test
