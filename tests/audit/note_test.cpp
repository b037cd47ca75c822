#include "lib/audit/note.hpp"

#include <botan/auto_rng.h>
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/ed25519.h>
#include <gmock/gmock.h>

namespace lamp::audit {
namespace {

constexpr std::string_view kName = "example.com/log";
constexpr std::string_view kText = "example.com/log\n7\nQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n";

// The example of C2SP's signed-note.md.
constexpr std::string_view kExample =
    "This is an example message.\n\n\xe2\x80\x94 example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
constexpr std::string_view kExampleKey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

Botan::Ed25519_PublicKey example_key() {
  const auto typed = from_base64(kExampleKey.substr(kExampleKey.rfind('+') + 1));
  return Botan::Ed25519_PublicKey{ByteView{typed}.subspan(1)};
}

class Notes : public testing::Test {
 protected:
  Botan::AutoSeeded_RNG rng_;
  Botan::ECDSA_PrivateKey key_{rng_, Botan::EC_Group::from_name("secp256r1")};
};

TEST_F(Notes, AgreeWithTheExampleOfTheSpecification) {
  EXPECT_TRUE(verify_note(parse_note(kExample), "example.com/foo", example_key()).acceptable());
  EXPECT_EQ(note_key("example.com/foo", example_key()), kExampleKey);
}

TEST_F(Notes, HoldForTheirSignerOnly) {
  const auto note = parse_note(sign_note(kText, kName, key_, rng_));
  EXPECT_EQ(note.text, kText);
  EXPECT_TRUE(verify_note(note, kName, key_).acceptable());
  EXPECT_FALSE(verify_note(note, "example.com/other", key_).acceptable());
  const Botan::ECDSA_PrivateKey other{rng_, Botan::EC_Group::from_name("secp256r1")};
  EXPECT_FALSE(verify_note(note, kName, other).acceptable());
}

TEST_F(Notes, RefuseAChangedText) {
  auto note = parse_note(sign_note(kText, kName, key_, rng_));
  note.text[16] = '8';
  EXPECT_THAT(verify_note(note, kName, key_).objections, testing::ElementsAre(testing::HasSubstr("does not hold")));
}

TEST_F(Notes, IgnoreSignaturesOfStrangersButNoBadOneOfTheirSigner) {
  auto note = parse_note(sign_note(kText, kName, key_, rng_));
  note.signatures.push_back({"witness.example", Bytes(4), Bytes(64)});
  EXPECT_TRUE(verify_note(note, kName, key_).acceptable());
  note.signatures.push_back({std::string{kName}, note.signatures[0].key_id, Bytes(64)});
  EXPECT_FALSE(verify_note(note, kName, key_).acceptable());
}

struct Malformed {
  const char* name;
  std::string note;
};
void PrintTo(const Malformed& c, std::ostream* os) { *os << c.name; }

class MalformedNote : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedNote, IsRefused) { EXPECT_THROW((void)parse_note(GetParam().note), Error); }

INSTANTIATE_TEST_SUITE_P(Notes, MalformedNote,
                         testing::Values(Malformed{"Empty", ""}, Malformed{"NoNewline", "text"},
                                         Malformed{"NoSignature", "text\n\n"},
                                         Malformed{"NoBlankLine", "text\n\xe2\x80\x94 a AAAAAAAA\n"},
                                         Malformed{"NoDash", "text\n\n- a AAAAAAAA\n"},
                                         Malformed{"NoName", "text\n\n\xe2\x80\x94  AAAAAAAA\n"},
                                         Malformed{"NoBase64", "text\n\n\xe2\x80\x94 a !!!!\n"},
                                         Malformed{"ShortSignature", "text\n\n\xe2\x80\x94 a AAAAAA==\n"},
                                         Malformed{"Control", "te\rxt\n\n\xe2\x80\x94 a AAAAAAAA\n"}),
                         [](const auto& given) { return given.param.name; });

TEST(Checkpoints, AreReadAsTheyWereWritten) {
  const Checkpoint checkpoint{"example.com/log", 1234567, root_of({})};
  const auto read = parse_checkpoint(checkpoint_text(checkpoint));
  EXPECT_EQ(read.origin, checkpoint.origin);
  EXPECT_EQ(read.size, checkpoint.size);
  EXPECT_EQ(read.root, checkpoint.root);
}

class MalformedCheckpoint : public testing::TestWithParam<const char*> {};

TEST_P(MalformedCheckpoint, IsRefused) { EXPECT_THROW((void)parse_checkpoint(GetParam()), Error); }

INSTANTIATE_TEST_SUITE_P(Checkpoints, MalformedCheckpoint,
                         testing::Values("", "a\n", "a\n1\n", "\n1\nQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n",
                                         "a\n01\nQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n",
                                         "a\n-1\nQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n", "a\n1\nQUFB\n",
                                         "a\n99999999999999999999\nQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=\n"));

}  // namespace
}  // namespace lamp::audit
