// The SUIT draft's own six examples; vectors/suit/README.md says where they are from.
#include <botan/data_src.h>
#include <botan/pkcs8.h>
#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "lib/base/file.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/suit.hpp"

namespace lamp::firmware::test {
namespace {

const std::string kVectors = LAMP_SOURCE_DIR "/tests/firmware/vectors/suit";

std::unique_ptr<Botan::Private_Key> draft_key() {
  Botan::DataSource_Stream source{kVectors + "/draft-example-private-key.pem"};
  return Botan::PKCS8::load_key(source);
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
    envelope_ = read_file(kVectors + ("/manifest37-example" + std::to_string(GetParam()) + ".suit"));
  }
  Bytes envelope_;
};

TEST_P(DraftExamples, HaveTheDigestThatWeCompute) {
  const auto parts = take_apart(envelope_);
  EXPECT_EQ(hex(suit_digest(parts.manifest)), hex(parts.digest));
}

/// The examples name no key, which parse_sign1 asks for, and say ES256: here the parts are taken by hand.
TEST_P(DraftExamples, AreSignedByTheDraftsKeyOverThatDigest) {
  const auto key = draft_key();
  const auto id = cose::key_id(*key);
  const auto parts = take_apart(envelope_);
  cbor::Reader block{parts.block};
  block.tag(18);
  block.array(4);
  cose::Sign1 message;
  message.algorithm = cose::Algorithm::es256;
  message.kid = id;
  message.protected_header = block.bytes();
  EXPECT_EQ(block.map(), 0U);
  EXPECT_TRUE(block.null());
  message.signature = block.bytes();
  EXPECT_TRUE(cose::verify1(message, *key, parts.digest, "").acceptable());
  EXPECT_FALSE(cose::verify1(message, *key, parts.manifest, "").acceptable());
  EXPECT_THROW((void)cose::parse_sign1(parts.block), Error);
}

TEST_P(DraftExamples, SignedAgainAsWeDoAreTaken) {
  const auto key = draft_key();
  const auto digest = suit_digest(take_apart(envelope_).manifest);
  const auto block = cose::sign1(*key, Botan::system_rng(), digest, "");
  const auto message = cose::parse_sign1(block);
  EXPECT_EQ(message.algorithm, cose::Algorithm::esp256);
  EXPECT_TRUE(cose::verify1(message, *key, digest, "").acceptable());
}

TEST_P(DraftExamples, AreNoReleasesOfOurs) {
  EXPECT_THROW((void)parse_manifest(parse_envelope(envelope_).manifest), Error);
}

INSTANTIATE_TEST_SUITE_P(Manifest37, DraftExamples, testing::Range(0, 6));

}  // namespace
}  // namespace lamp::firmware::test
