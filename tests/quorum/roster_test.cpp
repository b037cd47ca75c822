#include "lib/quorum/roster.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "lib/base/file.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::quorum {
namespace {

using testing::HasSubstr;

Roster reload(const std::string& yaml) {
  const test::TemporaryDirectory folder;
  publish(folder / "release.yaml", std::string_view{yaml});
  return Roster::load(folder / "release.yaml");
}

Error refusal_of(const std::string& yaml) {
  const auto outcome = attempt([&] { return reload(yaml); });
  return std::holds_alternative<Error>(outcome) ? std::get<Error>(outcome) : Error{Errc::internal, "it was accepted"};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

TEST(Roster, ComesBackFromItsFileUnchanged) {
  const auto& roster = test::small_quorum().roster;
  const auto again = reload(roster.yaml());
  EXPECT_EQ(again.canonical(), roster.canonical());
  EXPECT_EQ(again.yaml(), roster.yaml());
}

TEST(Roster, KeepsItsOtherKeys) {
  test::SmallQuorum quorum;
  quorum.roster.other_keys = {{"cms", to_bytes("a key")}, {"mcuboot", to_bytes("another")}};
  quorum.sign();
  EXPECT_EQ(reload(quorum.roster.yaml()).other_keys, quorum.roster.other_keys);
}

TEST(Roster, OfAQuorumThatSignsNoReleasesHasNoReleaseKey) {
  test::SmallQuorum quorum;
  quorum.roster.release_key.clear();
  quorum.sign();
  EXPECT_TRUE(reload(quorum.roster.yaml()).release_key.empty());
}

TEST(Roster, KeepsItsMlDsaKeyBesideItsReleaseKey) {
  test::SmallQuorum quorum;
  const auto before = quorum.roster.digest();
  quorum.add_hybrid_key();
  EXPECT_EQ(reload(quorum.roster.yaml()).hybrid_key, quorum.roster.hybrid_key);
  EXPECT_NE(quorum.roster.digest(), before);
  auto altered = quorum.roster;
  altered.hybrid_key = quorum::make_hybrid_key(Botan::system_rng())->subject_public_key();
  EXPECT_THAT(refusal_of(altered.yaml()).what(), HasSubstr("altered"));
  altered.hybrid_key = quorum.roster.release_key;
  EXPECT_THAT(refusal_of(altered.yaml()).what(), HasSubstr("not a key of ML-DSA-87"));
}

TEST(Roster, HasNoMlDsaKeyWithoutAReleaseKey) {
  test::SmallQuorum quorum;
  quorum.add_hybrid_key();
  quorum.roster.release_key.clear();
  quorum.sign();
  EXPECT_THAT(refusal_of(quorum.roster.yaml()).what(), HasSubstr("beside a release-key only"));
}

TEST(Roster, FindsOfficersByNameOnly) {
  const auto& roster = test::small_quorum().roster;
  EXPECT_EQ(roster.find("officer-2"), &roster.officers[1]);
  EXPECT_EQ(roster.find("officer-9"), nullptr);
}

struct Tampering {
  const char* name;
  std::function<void(Roster&)> change;
};
void PrintTo(const Tampering& t, std::ostream* os) { *os << t.name; }

class TamperedRoster : public testing::TestWithParam<Tampering> {};

TEST_P(TamperedRoster, IsRefused) {
  Roster roster = test::small_quorum().roster;
  GetParam().change(roster);
  const auto refusal = refusal_of(roster.yaml());
  EXPECT_EQ(refusal.code(), Errc::denied);
  EXPECT_THAT(refusal.what(), HasSubstr("altered"));
}

INSTANTIATE_TEST_SUITE_P(
    EveryField, TamperedRoster,
    testing::Values(
        Tampering{"Name", [](Roster& r) { r.name = "other"; }},
        Tampering{"EpochAndPrevious",
                  [](Roster& r) {
                    r.epoch = 2;
                    r.previous = Bytes(32, 1);
                  }},
        Tampering{"Threshold", [](Roster& r) { r.threshold = 3; }},
        Tampering{"OfficerName", [](Roster& r) { r.officers[0].name = "mallory"; }},
        Tampering{"Certificate",
                  [](Roster& r) { r.officers[0].certificate = test::certify(test::make_p256(), "mallory"); }},
        Tampering{"ShareKey",
                  [](Roster& r) { r.officers[0].share_point = test::SmallQuorum{}.roster.officers[0].share_point; }},
        Tampering{"TokenLabel", [](Roster& r) { r.token_label = "other"; }},
        Tampering{"TokenSerial", [](Roster& r) { r.token_serial = "ffff"; }},
        Tampering{"ReleaseKey", [](Roster& r) { r.release_key = r.custody_key; }},
        Tampering{"CustodyKey", [](Roster& r) { r.custody_key = r.release_key; }},
        Tampering{"OtherKeys", [](Roster& r) { r.other_keys["mcuboot"] = r.custody_key; }},
        Tampering{"OfficerLeftOut", [](Roster& r) { r.officers.pop_back(); }}),
    [](const auto& tested) { return tested.param.name; });

struct Malformed {
  const char* name;
  std::string from, to;
  const char* says;
};
void PrintTo(const Malformed& m, std::ostream* os) { *os << m.name; }

class MalformedRoster : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedRoster, IsRefusedWithItsPlace) {
  const auto yaml = replaced(test::small_quorum().roster.yaml(), GetParam().from, GetParam().to);
  const auto refusal = refusal_of(yaml);
  EXPECT_EQ(refusal.code(), Errc::bad_input);
  EXPECT_THAT(refusal.what(), HasSubstr("release.yaml:"));
  EXPECT_THAT(refusal.what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(Forms, MalformedRoster,
                         testing::Values(Malformed{"ThresholdOfOne", "threshold: 2", "threshold: 1", "2"},
                                         Malformed{"ThresholdAboveOfficers", "threshold: 2", "threshold: 4", "3"},
                                         Malformed{"UnknownKey", "threshold: 2", "threshold: 2\nextra: 1", "extra"},
                                         Malformed{"EpochZero", "epoch: 1", "epoch: 0", "1"},
                                         Malformed{"EpochWithoutPrevious", "epoch: 1", "epoch: 2", "'previous'"},
                                         Malformed{"NotBase64", "custody-key: ", "custody-key: '*' #", "base64"},
                                         Malformed{"NoThreshold", "threshold: 2\n", "", "threshold"}),
                         [](const auto& tested) { return tested.param.name; });

TEST(Roster, RefusesOnePersonUnderTwoNames) {
  test::SmallQuorum quorum;
  quorum.roster.officers[1].certificate = quorum.roster.officers[0].certificate;
  quorum.sign();
  EXPECT_THAT(refusal_of(quorum.roster.yaml()).what(), HasSubstr("officer-2 is listed twice"));
}

TEST(Roster, RefusesOneShareKeyForTwoOfficers) {
  test::SmallQuorum quorum;
  quorum.roster.officers[2].share_point = quorum.roster.officers[0].share_point;
  quorum.sign();
  EXPECT_THAT(refusal_of(quorum.roster.yaml()).what(), HasSubstr("officer-3 is listed twice"));
}

}  // namespace
}  // namespace lamp::quorum
