// Lies in the transcript of a release that RSA and ML-DSA have signed.
#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/quorum/hybrid.hpp"
#include "tests/quorum/release_ceremony.hpp"

namespace lamp::firmware::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ATranscript, OfAHybridReleaseIsGoodAsItWasMade) {
  const Ceremony ceremony{Ceremony::Model::hybrid};
  EXPECT_THAT(objections(ceremony, ceremony.evidence()), IsEmpty());
}

class LyingHybridTranscript : public testing::TestWithParam<Lie> {};

TEST_P(LyingHybridTranscript, IsFoundOut) {
  Ceremony ceremony{Ceremony::Model::hybrid};
  GetParam().tell(ceremony);
  EXPECT_THAT(objections(ceremony, ceremony.evidence()), Contains(HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, LyingHybridTranscript,
    testing::Values(
        Lie{"NotSignedByMlDsa", [](Ceremony& c) { c.signatures.pop_back(); }, "not those that the request lists"},
        Lie{"MlDsaSignatureLeftOutOfTheRelease",
            [](Ceremony& c) {
              c.hybrid_signature.clear();
              c.assemble();
            },
            "not signed by a trusted ML-DSA-87 key as well"},
        Lie{"RsaSignatureLeftOutOfTheRelease",
            [](Ceremony& c) {
              c.publish_envelope({c.hybrid_signature, c.approvals[0].approval, c.approvals[1].approval});
            },
            "not signed by a trusted release key"},
        Lie{"ByAnotherMlDsaKey",
            [](Ceremony& c) {
              const auto stranger = quorum::make_hybrid_key(Botan::system_rng());
              c.signatures[1].signature = c.sign_by_ml_dsa(*stranger, c.request.suit_digest);
            },
            "the ML-DSA-87 key: signed by another key"},
        Lie{"MlDsaSignatureOfOtherBytes",
            [](Ceremony& c) {
              c.hybrid_signature = c.sign_by_ml_dsa(*c.quorum.hybrid, c.manifest);
              c.signatures[1].signature = c.hybrid_signature;
              c.assemble();
            },
            "the ML-DSA-87 key: the signature does not match"},
        Lie{"AnotherGoodMlDsaSignature",
            [](Ceremony& c) { c.signatures[1].signature = c.sign_by_ml_dsa(*c.quorum.hybrid, c.request.suit_digest); },
            "does not carry the recorded signature"},
        Lie{"RsaInThePlaceOfMlDsa", [](Ceremony& c) { c.signatures[1].signature = c.suit_signature; },
            "the ML-DSA-87 key: signed by another key"},
        Lie{"SignaturesInAnotherOrder", [](Ceremony& c) { std::swap(c.signatures[0], c.signatures[1]); },
            "not those that the request lists"},
        Lie{"PolicyAskedWithoutTheMlDsaKey", [](Ceremony& c) { c.policy.here.signing_keys.pop_back(); },
            "another quorum or key"},
        Lie{"RequestThatListsNoMlDsaSignature",
            [](Ceremony& c) {
              c.request.signed_regions.pop_back();
              c.signatures.pop_back();
            },
            "given to another request"},
        Lie{"DealingThatLostTheMlDsaKey",
            [](Ceremony& c) {
              c.quorum.dealing.hybrid.reset();
              c.quorum.dealing.sign(c.quorum.custody, Botan::system_rng());
              c.dealing_after = c.quorum.dealing.yaml();
            },
            "do not agree on whether there is an ML-DSA key"}),
    [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace lamp::firmware::test
