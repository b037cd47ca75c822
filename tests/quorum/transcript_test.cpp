// A ceremony's transcript, and every way of lying in it that we could think of.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/file.hpp"
#include "tests/quorum/release_ceremony.hpp"

namespace lamp::firmware::test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(ATranscript, IsGoodAsItWasMade) {
  const Ceremony ceremony;
  EXPECT_THAT(objections(ceremony, ceremony.evidence()), IsEmpty());
}

class LyingTranscript : public testing::TestWithParam<Lie> {};

TEST_P(LyingTranscript, IsFoundOut) {
  Ceremony ceremony;
  const auto evidence = ceremony.evidence();
  GetParam().tell(ceremony);
  EXPECT_THAT(objections(ceremony, evidence), Contains(HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(
    Table, LyingTranscript,
    testing::Values(
        Lie{"OneApproval", [](Ceremony& c) { c.approvals.pop_back(); }, "only 1 of 2 approvals count"},
        Lie{"OneOfficerTwice", [](Ceremony& c) { c.approvals[1] = c.approvals[0]; }, "approved more than once"},
        Lie{"AnotherOfficersName", [](Ceremony& c) { c.approvals[1].officer = "officer-3"; },
            "name of another officer"},
        Lie{"ApprovalOfOtherBytes",
            [](Ceremony& c) {
              Ceremony other;
              c.approvals[1] = other.approvals[1];
            },
            "not in roster"},
        Lie{"ExpiredApproval",
            [](Ceremony& c) {
              c.approved_until = kNow;
              c.approvals[1] = c.approval_of(1);
            },
            "expired at"},
        Lie{"ApprovalOfAnotherRequest",
            [](Ceremony& c) {
              const auto before = c.request.nonce;
              c.request.nonce = Bytes(kRequestNonceLength, 9);
              c.approvals[1] = c.approval_of(1);
              c.request.nonce = before;
            },
            "given to another request"},
        Lie{"AlteredRequest", [](Ceremony& c) { c.request.epoch = 1; },
            "the epoch in the request is not the manifest's"},
        Lie{"AnotherRoster", [](Ceremony& c) { c.request.roster_digest = Bytes(32, 1); }, "the request names roster"},
        Lie{"PolicyThatWouldRefuse", [](Ceremony& c) { c.policy.text += "models:\n  smart-lamp: {witness: true}\n"; },
            "rule witness"},
        Lie{"HistoryThatWouldRefuse", [](Ceremony& c) { c.policy.history.released_sequence = 2; }, "rule sequence"},
        Lie{"PolicyAskedLater", [](Ceremony& c) { c.policy.here.now += std::chrono::days{1}; },
            "asked for another time"},
        Lie{"PolicyOfASmallerQuorum", [](Ceremony& c) { c.policy.here.threshold = 1; }, "another quorum or key"},
        Lie{"ExpiredRequest", [](Ceremony& c) { c.request.expires = kNow - std::chrono::hours{1}; },
            "the request expired at"},
        Lie{"AnotherToken", [](Ceremony& c) { c.token.serial = "ff"; }, "serial number ff"},
        Lie{"NoLockedMemory", [](Ceremony& c) { c.token.locked_memory = 0; }, "no memory locked"},
        Lie{"ShareOfALaterDealing", [](Ceremony& c) { c.approvals[0].dealing = 7; }, "is of dealing 7"},
        Lie{"SignatureByAnotherKey",
            [](Ceremony& c) {
              c.signatures[0].signature = cose::sign1(c.quorum.custody, Botan::system_rng(), c.request.suit_digest, "");
            },
            "key"},
        Lie{"AnotherGoodSignature",
            [](Ceremony& c) {
              c.signatures[0].signature = cose::sign1(c.release_key, Botan::system_rng(), c.request.suit_digest, "");
            },
            "does not carry the recorded signature"},
        Lie{"OneSignatureMore", [](Ceremony& c) { c.signatures.push_back(c.signatures[0]); },
            "not those that the request lists"},
        Lie{"NoSignature", [](Ceremony& c) { c.signatures.clear(); }, "not those that the request lists"},
        Lie{"OtherBytesPublished",
            [](Ceremony& c) {
              c.release.back() ^= 1;
              publish(c.published / "release.suit", ByteView{c.release});
            },
            "release.suit is not the file"},
        Lie{"NotRenewed", [](Ceremony& c) { c.renewed = false; }, "the PIN was not renewed"},
        Lie{"OldDealing",
            [](Ceremony& c) {
              c.quorum.deal_again(1);
              c.dealing_after = c.quorum.dealing.yaml();
            },
            "after the release dealing 1 held"},
        Lie{"DealingByAnotherCustodyKey",
            [](Ceremony& c) {
              const auto other = lamp::test::make_p256();
              c.quorum.dealing.sign(other, Botan::system_rng());
              c.dealing_after = c.quorum.dealing.yaml();
            },
            "custody key's signature does not hold"},
        Lie{"NotLogged", [](Ceremony& c) { c.logged = false; }, "receipt is missing"},
        Lie{"ReceiptOfAnotherAct", [](Ceremony& c) { c.logged_action = "sign.request"; }, "receipt is of another act"},
        Lie{"ReceiptOfAnotherLog", [](Ceremony& c) { c.token.log_key = c.quorum.roster.custody_key; },
            "not signed by test/log"},
        Lie{"AnotherCustodyKey", [](Ceremony& c) { c.custody = &c.log_key; }, "the custody key did not sign"},
        Lie{"NothingPublished", [](Ceremony& c) { c.files.clear(); }, "release.suit was signed and is not among"},
        Lie{"AFileNobodyApproved",
            [](Ceremony& c) { c.files.push_back({"zephyr.bin", bytes_of(sha256(c.payload)), c.payload.size()}); },
            "zephyr.bin was published and nobody approved it"},
        Lie{"AFileListedTwice", [](Ceremony& c) { c.files.push_back(c.files.front()); }, "listed twice"},
        Lie{"ApprovalDroppedFromTheRecord",
            [](Ceremony& c) {
              c.publish_envelope(
                  {c.suit_signature, c.approvals[0].approval, c.approvals[1].approval, c.approval_of(2).approval});
              publish(c.published / "release.suit", ByteView{c.release});
            },
            "carries more signatures than are recorded"},
        Lie{"ApprovalDroppedFromTheRelease",
            [](Ceremony& c) {
              c.publish_envelope({c.suit_signature, c.approvals[0].approval});
              publish(c.published / "release.suit", ByteView{c.release});
            },
            "does not carry the recorded approval of officer-2"},
        Lie{"SharesOfAnEarlierDealing", [](Ceremony& c) { c.token.dealing += 1; }, "only 0 of 2 shares are of dealing"},
        Lie{"SealedBeforeItWasRequested",
            [](Ceremony& c) {
              c.request.requested = kNow + std::chrono::hours{1};
              c.approvals = {c.approval_of(0), c.approval_of(1)};
            },
            "yet to come"},
        Lie{"RenewedTwice", [](Ceremony& c) { c.renewed_twice = true; }, "the PIN was not renewed"},
        Lie{"LogNamesAnotherOfficer", [](Ceremony& c) { c.logged_officers[1] = "officer-3"; },
            "the log names other officers"},
        Lie{"LogNamesFewerOfficers", [](Ceremony& c) { c.logged_officers.pop_back(); }, "the log names other officers"},
        Lie{"LogOfAnotherRequest", [](Ceremony& c) { c.logged_request = Bytes(32, 1); }, "names another request"},
        Lie{"LoggedBeforeItWasSigned", [](Ceremony& c) { c.logged_at = kNow - std::chrono::hours{1}; },
            "before the time at which it was signed"}),
    [](const auto& tested) { return tested.param.name; });

TEST(ATranscript, GoesBackToTheGenesisThatWasWrittenDown) {
  const Ceremony ceremony;
  auto evidence = ceremony.evidence();
  evidence.genesis[0] ^= 1;
  EXPECT_THAT(objections(ceremony, evidence), Contains(HasSubstr("not to the genesis digest")));
}

/// The digest of a roster that has replaced another anchors nothing: only the first one's does.
TEST(ATranscript, DoesNotGoBackToARosterThatFollowedAnother) {
  const Ceremony ceremony;
  auto evidence = ceremony.evidence();
  evidence.roster.ancestors = {Bytes(32, 7)};
  EXPECT_THAT(objections(ceremony, evidence), Contains(HasSubstr("not to the genesis digest")));
  evidence.genesis = Bytes(32, 7);
  EXPECT_THAT(objections(ceremony, evidence), IsEmpty());
}

/// The very same people, over another token and custody key: made by a host that had them sign a second founding.
TEST(ATranscript, IsNotOfAnotherQuorumOfTheSameOfficers) {
  Ceremony other;
  const Ceremony ceremony;
  auto evidence = ceremony.evidence();
  other.quorum.roster.officers = ceremony.quorum.roster.officers;
  evidence.roster = other.quorum.roster;
  const auto genesis = objections(ceremony, evidence);
  EXPECT_THAT(genesis, Contains(HasSubstr("not to the genesis digest")));
  EXPECT_THAT(genesis, Contains(HasSubstr("the custody key did not sign")));
  evidence.genesis = evidence.roster.digest();
  EXPECT_THAT(objections(ceremony, evidence), Contains(HasSubstr("the request names roster")));
}

/// Both are good; the files lie in each other's folders.
TEST(ATranscript, IsNotOfAnotherRelease) {
  const Ceremony one, other;
  auto evidence = one.evidence();
  evidence.files = other.evidence().files;
  EXPECT_THAT(objections(one, evidence), Contains(HasSubstr("release.suit is not the file that was published")));
}

TEST(ATranscript, HasNoSignatureThatNobodyChecks) {
  const auto transcript = Ceremony{}.write();
  auto bent = transcript.records().front();
  bent.signature = Bytes(64, 1);
  EXPECT_THROW((void)Transcript::parse(bent.encoded()), Error);
}

TEST(ATranscript, NeedsThePublishedBytes) {
  const Ceremony ceremony;
  auto evidence = ceremony.evidence();
  evidence.files.clear();
  EXPECT_THAT(objections(ceremony, evidence), Contains("release.suit is not here"));
}

TEST(ATranscript, IsOfThePolicyThatShouldHaveBeenAsked) {
  const Ceremony ceremony;
  auto evidence = ceremony.evidence();
  evidence.policy = kPolicy;
  EXPECT_THAT(objections(ceremony, evidence), IsEmpty());
  *evidence.policy += "# stricter\n";
  EXPECT_THAT(objections(ceremony, evidence), Contains(HasSubstr("not the one given here")));
}

/// Told afterwards, by somebody without any key: every single bit.
TEST(ATranscript, HoldsWithNoFlippedBit) {
  const Ceremony ceremony;
  const auto evidence = ceremony.evidence();
  const auto whole = ceremony.write().encoded();
  const auto end = Transcript::parse(whole).find(RecordKind::release)->number;
  std::size_t covered = 0;
  for (std::uint64_t n = 0; n <= end; ++n) covered += Transcript::parse(whole).records()[n].encoded().size();
  std::size_t accepted = 0;
  for (std::size_t at = 0; at < covered; at += 7) {
    auto bent = whole;
    bent[at] ^= 1;
    const auto judged = attempt([&] { return judge_transcript(Transcript::parse(bent), evidence).acceptable(); });
    accepted += std::holds_alternative<bool>(judged) && std::get<bool>(judged) ? 1 : 0;
  }
  EXPECT_EQ(accepted, 0U);
}

TEST(ATranscript, IsNotCutShort) {
  const Ceremony ceremony;
  const auto transcript = ceremony.write();
  Bytes so_far;
  std::size_t accepted = 0;
  for (const auto& record : transcript.records()) {
    if (!so_far.empty()) accepted += judge_transcript(Transcript::parse(so_far), ceremony.evidence()).acceptable();
    append(so_far, record.encoded());
  }
  EXPECT_EQ(accepted, 0U);
}

TEST(ATranscript, IsNotReordered) {
  const Ceremony ceremony;
  const auto transcript = ceremony.write();
  Bytes swapped;
  for (const std::size_t n : {0U, 2U, 1U}) append(swapped, transcript.records()[n].encoded());
  EXPECT_THROW((void)Transcript::parse(swapped), Error);
}

}  // namespace
}  // namespace lamp::firmware::test
