// Rosters that follow one another: who must have signed, and what is refused.
#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/file.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::quorum {
namespace {

using testing::HasSubstr;

/// The small quorum's roster, and one after it in which a newcomer has taken officer-3's place.
class Succession : public testing::Test {
 protected:
  Succession() {
    next_.roster = first_.roster;
    next_.roster.epoch = 2;
    next_.roster.previous = first_.roster.digest();
    auto& officer = next_.roster.officers[2];
    officer.name = "officer-4";
    officer.certificate = test::certify(newcomer_, "officer-4");
    officer.share_point = test::SmallQuorum{}.roster.officers[0].share_point;
  }

  void sign(std::initializer_list<const Botan::Private_Key*> keys) {
    next_.roster.signatures.clear();
    for (const auto* key : keys) next_.roster.signatures.push_back(next_.signature_by(*key));
  }
  [[nodiscard]] const Botan::Private_Key* custody() const { return &first_.custody; }
  [[nodiscard]] const Botan::Private_Key* officer(std::size_t index) const { return &first_.approval_keys[index]; }

  Roster load() {
    publish(older_roster_file(folder_.path(), "release", 1), std::string_view{first_.roster.yaml()});
    publish(roster_file(folder_.path(), "release"), std::string_view{next_.roster.yaml()});
    return Roster::load(roster_file(folder_.path(), "release"));
  }
  std::string refusal() {
    const auto outcome = attempt([&] { return load(); });
    return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome).what() : "it was accepted";
  }

  test::TemporaryDirectory folder_;
  test::SmallQuorum first_, next_;
  Botan::ECDSA_PrivateKey newcomer_ = test::make_p256();
};

TEST_F(Succession, NeedsTheThresholdOfOfficersOfTheRosterBeforeAndTheNewcomer) {
  sign({custody(), officer(0), officer(1), &newcomer_});
  const auto roster = load();
  EXPECT_EQ(roster.epoch, 2U);
  EXPECT_EQ(roster.ancestors, std::vector<Bytes>{first_.roster.digest()});
  EXPECT_EQ(roster.first_digest(), first_.roster.digest());
}

TEST_F(Succession, IsRefusedWithOneOfficerOfTheRosterBefore) {
  sign({custody(), officer(0), &newcomer_});
  EXPECT_THAT(refusal(), HasSubstr("signed by 1 officers of the roster before it, which demands 2"));
}

TEST_F(Succession, CountsOneOfficerOnce) {
  sign({custody(), officer(0), officer(0), &newcomer_});
  EXPECT_THAT(refusal(), HasSubstr("signed by 1 officers"));
}

TEST_F(Succession, DoesNotCountItsOwnNewOfficers) {
  sign({custody(), officer(0), &newcomer_, &newcomer_});
  EXPECT_THAT(refusal(), HasSubstr("signed by 1 officers"));
}

TEST_F(Succession, IsRefusedWithoutTheNewcomersOwnSignature) {
  sign({custody(), officer(0), officer(1)});
  EXPECT_THAT(refusal(), HasSubstr("officer-4 is new in it and has not signed it"));
}

TEST_F(Succession, IsRefusedWithoutTheCustodyKey) {
  sign({officer(0), officer(1), &newcomer_});
  EXPECT_THAT(refusal(), HasSubstr("custody key"));
}

TEST_F(Succession, IsRefusedAfterAnotherRosterThanItNames) {
  next_.roster.previous = Bytes(32, 1);
  sign({custody(), officer(0), officer(1), &newcomer_});
  EXPECT_THAT(refusal(), HasSubstr("does not name the roster before it"));
}

TEST_F(Succession, CannotLeaveOutAnEpoch) {
  next_.roster.epoch = 3;
  sign({custody(), officer(0), officer(1), &newcomer_});
  publish(older_roster_file(folder_.path(), "release", 2), std::string_view{first_.roster.yaml()});
  EXPECT_THAT(refusal(), HasSubstr("does not name the roster before it"));
}

TEST_F(Succession, NeedsTheFileOfTheRosterBefore) {
  sign({custody(), officer(0), officer(1), &newcomer_});
  publish(roster_file(folder_.path(), "release"), std::string_view{next_.roster.yaml()});
  const auto outcome = attempt([&] { return Roster::load(roster_file(folder_.path(), "release")); });
  ASSERT_TRUE(std::holds_alternative<Error>(outcome));
  EXPECT_EQ(std::get<Error>(outcome).code(), Errc::not_found);
  EXPECT_THAT(std::get<Error>(outcome).what(), HasSubstr("release.1.yaml"));
}

TEST(FirstRosters, NeedTheSignatureOfEveryOfficer) {
  test::SmallQuorum quorum;
  quorum.roster.signatures.pop_back();
  const test::TemporaryDirectory folder;
  publish(folder / "release.yaml", std::string_view{quorum.roster.yaml()});
  const auto outcome = attempt([&] { return Roster::load(folder / "release.yaml"); });
  ASSERT_TRUE(std::holds_alternative<Error>(outcome));
  EXPECT_THAT(std::get<Error>(outcome).what(), HasSubstr("officer-3 is new in it and has not signed it"));
}

}  // namespace
}  // namespace lamp::quorum
