#include "lib/firmware/verify.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include "lib/crypto/cbor.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace lamp::firmware::test {
namespace {

using testing::HasSubstr;

TEST(VerifyRelease, TakesTwoOfThreeOfficersAndTheReleaseKey) {
  const auto verdict = verify_release(make_release().envelope, host_trust());
  EXPECT_TRUE(verdict.acceptable()) << verdict.objections.front();
}

/// What is changed about a good release or about what is believed, and the reason that follows.
struct Case {
  const char* name;
  Reason reason;
  void (*change)(Recipe&, ReleaseTrust&);
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class Refusals : public testing::TestWithParam<Case> {};

TEST_P(Refusals, NameTheirReason) {
  Recipe recipe;
  auto trust = host_trust();
  GetParam().change(recipe, trust);
  const auto outcome = check_release(make_release(recipe).envelope, trust);
  EXPECT_EQ(outcome.reason, GetParam().reason) << outcome.text;
  EXPECT_THAT(outcome.text, HasSubstr(std::string{describe(GetParam().reason)}));
}

INSTANTIATE_TEST_SUITE_P(
    Host, Refusals,
    testing::Values(
        Case{"OnlyOfficers", Reason::no_release_signature,
             [](Recipe& r, ReleaseTrust&) { r.release_signature = false; }},
        Case{"AllOfficersAndNoReleaseKey", Reason::no_release_signature,
             [](Recipe& r, ReleaseTrust&) {
               r.release_signature = false;
               r.officers = {0, 1, 2};
             }},
        Case{"OneOfficer", Reason::too_few_officers, [](Recipe& r, ReleaseTrust&) { r.officers = {2}; }},
        Case{"NoOfficer", Reason::too_few_officers, [](Recipe& r, ReleaseTrust&) { r.officers = {}; }},
        Case{"AnOfficerWhoIsNotInTheRoster", Reason::too_few_officers,
             [](Recipe&, ReleaseTrust& trust) { trust.officers.erase(trust.officers.begin()); }},
        Case{"TheReleaseKeyListedAsAnOfficerToo", Reason::too_few_officers,
             [](Recipe& r, ReleaseTrust& trust) {
               r.officers = {0};
               trust.officers.push_back(trust.release_keys.front());
             }},
        Case{"AnotherReleaseKey", Reason::no_release_signature,
             [](Recipe&, ReleaseTrust& trust) { trust.release_keys = {spki(keys().stranger)}; }},
        Case{"NoReleaseKeyKnown", Reason::no_release_signature,
             [](Recipe&, ReleaseTrust& trust) { trust.release_keys.clear(); }},
        Case{"NoHybridSignature", Reason::no_hybrid_signature,
             [](Recipe&, ReleaseTrust& trust) { trust.hybrid_keys = {spki(keys().hybrid)}; }},
        Case{"OnlyTheHybridSignature", Reason::no_release_signature,
             [](Recipe& r, ReleaseTrust& trust) {
               r.release_signature = false;
               r.hybrid_signature = true;
               trust.hybrid_keys = {spki(keys().hybrid)};
             }},
        Case{"TheHybridKeyIsNoOfficer", Reason::too_few_officers,
             [](Recipe& r, ReleaseTrust& trust) {
               r.hybrid_signature = true;
               r.officers = {0};
               trust.hybrid_keys = {spki(keys().hybrid)};
             }},
        Case{"RevokesItsOwnReleaseKey", Reason::malformed,
             [](Recipe& r, ReleaseTrust&) { r.revoked = {TrustedKey{spki(keys().release)}.id}; }},
        Case{"RevokesAnOfficerWhoSigned", Reason::malformed,
             [](Recipe& r, ReleaseTrust&) { r.revoked = {TrustedKey{spki(keys().officers[1])}.id}; }},
        Case{"DetachedWithoutItsFile", Reason::payload_altered,
             [](Recipe& r, ReleaseTrust&) { r.place = PayloadPlace::detached; }},
        Case{"AnotherModel", Reason::other_model, [](Recipe& r, ReleaseTrust&) { r.model = "gateway"; }},
        Case{"AnotherModelWithoutVendor", Reason::other_model,
             [](Recipe&, ReleaseTrust& trust) {
               trust.vendor.reset();
               trust.model = "gateway";
             }},
        Case{"AnotherVendor", Reason::other_vendor, [](Recipe& r, ReleaseTrust&) { r.vendor = "other.example"; }},
        Case{"LowerSequence", Reason::old_sequence, [](Recipe&, ReleaseTrust& trust) { trust.minimum_sequence = 6; }},
        Case{"OlderEpoch", Reason::old_epoch, [](Recipe&, ReleaseTrust& trust) { trust.minimum_epoch = 3; }}));

/// Each way of signing that is taken, as the device takes it.
TEST(VerifyRelease, TakesPs512AndAHybridRelease) {
  auto trust = host_trust();
  EXPECT_TRUE(verify_release(make_release({.release_algorithm = cose::Algorithm::ps512}).envelope, trust).acceptable());
  const auto hybrid = make_release({.hybrid_signature = true}).envelope;
  EXPECT_TRUE(verify_release(hybrid, trust).acceptable()) << "an older device does not know the second key";
  trust.hybrid_keys = {spki(keys().hybrid)};
  EXPECT_TRUE(verify_release(hybrid, trust).acceptable());
  EXPECT_EQ(check_release(make_release().envelope, trust).reason, Reason::no_hybrid_signature);
}

TEST(VerifyRelease, RefusesAHybridSignatureOfAnotherManifest) {
  auto trust = host_trust();
  trust.hybrid_keys = {spki(keys().hybrid)};
  auto made = make_release();
  made.blocks.push_back(cose::sign1_as(cose::Algorithm::ml_dsa_87, keys().hybrid, Botan::system_rng(),
                                       suit_digest(make_release({.sequence = 9}).manifest), ""));
  EXPECT_EQ(check_release(encode_envelope(made.manifest, made.blocks, made.payload), trust).reason,
            Reason::bad_signature);
}

TEST(VerifyRelease, TakesARevocationOfAnotherKey) {
  const auto made = make_release({.revoked = {KeyId{1}}});
  EXPECT_TRUE(verify_release(made.envelope, host_trust()).acceptable());
}

TEST(VerifyRelease, TakesTheMinimumItself) {
  auto trust = host_trust();
  trust.minimum_sequence = 5;
  trust.minimum_epoch = 2;
  EXPECT_TRUE(verify_release(make_release().envelope, trust).acceptable());
}

TEST(VerifyRelease, NeedsNoOfficersWhereTheTrustAsksForNone) {
  auto trust = host_trust();
  trust.threshold = 0;
  Recipe recipe;
  recipe.officers = {};
  EXPECT_TRUE(verify_release(make_release(recipe).envelope, trust).acceptable());
}

TEST(VerifyRelease, PassesOverAnOfficerWhomItDoesNotKnow) {
  auto made = make_release();
  made.blocks.push_back(sign_digest(keys().stranger, made.manifest));
  EXPECT_TRUE(verify_release(encode_envelope(made.manifest, made.blocks, made.payload), host_trust()).acceptable());
}

TEST(VerifyRelease, RefusesTheSameOfficerTwice) {
  auto made = make_release({.officers = {0}});
  made.blocks.push_back(sign_digest(keys().officers[0], made.manifest));
  const auto outcome = check_release(encode_envelope(made.manifest, made.blocks, made.payload), host_trust());
  EXPECT_EQ(outcome.reason, Reason::malformed);
  EXPECT_THAT(outcome.text, HasSubstr("two signatures by the same key"));
}

TEST(VerifyRelease, RefusesSignaturesOfAnotherManifest) {
  const auto one = make_release();
  const auto other = make_release({.sequence = 6});
  EXPECT_EQ(check_release(encode_envelope(other.manifest, one.blocks, other.payload), host_trust()).reason,
            Reason::bad_signature);
}

TEST(VerifyRelease, RefusesAnotherPayload) {
  const auto one = make_release();
  auto payload = one.payload;
  payload[7] ^= 1;
  EXPECT_EQ(check_release(encode_envelope(one.manifest, one.blocks, payload), host_trust()).reason,
            Reason::payload_altered);
  payload.pop_back();
  EXPECT_THROW((void)encode_envelope(one.manifest, one.blocks, payload), Error);
  auto shorter = encode_envelope_head(one.manifest, one.blocks);
  shorter.resize(shorter.size() - 3);  // the head of the payload's 316 bytes
  append(shorter, cbor::Writer{}.bytes(payload).encoded());
  EXPECT_EQ(check_release(shorter, host_trust()).reason, Reason::payload_altered);
}

TEST(VerifyRelease, RefusesEveryFlippedByte) {
  const auto good = make_release({.image = Bytes(40, 1)}).envelope;
  const auto trust = host_trust();
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x01;
    EXPECT_FALSE(verify_release(bad, trust).acceptable()) << "byte " << i;
  }
}

TEST(VerifyRelease, RefusesEveryTruncationAndExtension) {
  const auto good = make_release({.image = Bytes(40, 1)}).envelope;
  const auto trust = host_trust();
  for (std::size_t i = 0; i < good.size(); ++i)
    EXPECT_EQ(check_release(ByteView{good}.first(i), trust).reason, Reason::malformed) << "cut at " << i;
  auto longer = good;
  longer.push_back(0);
  EXPECT_EQ(check_release(longer, trust).reason, Reason::malformed);
}

TEST(ReleaseTrustKeys, RefusesWhatIsNoKeyAndWhatMayNotSign) {
  EXPECT_THROW(TrustedKey{to_bytes("no key")}, Error);
  EXPECT_THROW(TrustedKey{spki(keys().hybrid)}, Error);
  EXPECT_THROW((TrustedKey{spki(keys().release), cose::Use::hybrid_release}), Error);
}

}  // namespace
}  // namespace lamp::firmware::test
