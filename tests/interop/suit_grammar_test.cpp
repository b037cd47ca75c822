// What we write is a sentence of the grammar of draft-ietf-suit-manifest-37, by a validator of its own: cddl.py.
#include <gmock/gmock.h>

#include <algorithm>

#include "lib/base/file.hpp"
#include "tests/firmware/release_fixture.hpp"
#include "tests/interop/shell.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::firmware::test {
namespace {

using testing::StartsWith;

/// The draft's own grammar, where it lies beside the project: it is not ours to keep. What it leaves open is in
/// suit_around.cddl.
class SuitGrammar : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(kGrammar)) GTEST_SKIP() << "no published vectors: " << kGrammar;
    if (lamp::test::run("/usr/bin/python3 -c 'import cbor2'").status != 0) GTEST_SKIP() << "no python3-cbor2";
  }
  std::string validate(ByteView envelope) {
    const auto file = directory_ / "release.suit";
    publish(file, envelope);
    return lamp::test::run(LAMP_SOURCE_DIR "/tests/interop/cddl.py SUIT_Envelope_Tagged " + file.string() + " " +
                           kGrammar + " " LAMP_SOURCE_DIR "/tests/interop/suit_around.cddl")
        .text;
  }
  lamp::test::TemporaryDirectory directory_;
  const std::string kGrammar = LAMP_SOURCE_DIR "/../shared/vectors/suit/draft-ietf-suit-manifest.cddl";
};

TEST_F(SuitGrammar, ItsValidatorTellsRightFromWrong) {
  EXPECT_THAT(lamp::test::run(LAMP_SOURCE_DIR "/tests/interop/cddl.py --self-test").text,
              testing::EndsWith(" 0 wrong\n"));
}

TEST_F(SuitGrammar, HasOurReleasesOfEveryKind) {
  EXPECT_EQ(validate(make_release().envelope), "good\n");
  EXPECT_EQ(validate(make_release({.release_algorithm = cose::Algorithm::ps512}).envelope), "good\n");
  EXPECT_EQ(validate(make_release({.hybrid_signature = true}).envelope), "good\n");
  EXPECT_EQ(validate(make_release({.place = PayloadPlace::detached}).envelope), "good\n");
  EXPECT_EQ(validate(make_release({.revoked = {KeyId{1}, KeyId{2}}}).envelope), "good\n");
  for (const auto cipher : {PayloadCipher::a128gcm, PayloadCipher::a128ctr, PayloadCipher::a256ctr})
    EXPECT_EQ(validate(make_release({.cipher = cipher}).envelope), "good\n") << name_of(cipher);
}

TEST_F(SuitGrammar, HasTheDraftsExamples) {
  for (int i = 0; i < 6; ++i)
    EXPECT_EQ(validate(read_file(LAMP_SOURCE_DIR "/tests/firmware/vectors/suit/manifest37-example" + std::to_string(i) +
                                 ".suit")),
              "good\n")
        << i;
}

/// What the strict reader refuses in structure is no sentence of the grammar either.
TEST_F(SuitGrammar, HasNoReleaseOfAnotherStructure) {
  const auto good = make_release();
  const auto at = [&](ByteView part) {
    return std::search(good.envelope.begin(), good.envelope.end(), part.begin(), part.end()) - good.envelope.begin();
  };
  const auto changed = [&](std::ptrdiff_t where, std::uint8_t to) {
    auto bad = good.envelope;
    bad.at(static_cast<std::size_t>(where)) = to;
    return bad;
  };
  const auto manifest = at(good.manifest);
  EXPECT_THAT(validate(changed(1, 108)), StartsWith("refused: ")) << "the tag of an envelope";
  EXPECT_THAT(validate(changed(manifest + 2, 2)), StartsWith("refused: ")) << "the manifest's version";
  EXPECT_THAT(validate(changed(manifest + 3, 5)), StartsWith("refused: ")) << "a member that nobody knows";
  EXPECT_THAT(validate(changed(manifest + 4, 0x20)), StartsWith("refused: ")) << "a negative sequence number";
  auto longer = good.envelope;
  longer.push_back(0);
  EXPECT_THAT(validate(longer), StartsWith("refused: ")) << "a byte behind it";
}

}  // namespace
}  // namespace lamp::firmware::test
