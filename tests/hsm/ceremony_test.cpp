// lamp-hsm ceremony: what is held, shown, rehearsed and verified.
#include <nlohmann/json.hpp>

#include "tests/hsm/ceremony_fixture.hpp"

namespace lamp::cli {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(CeremonyTest, MakesARootAndVerifies) {
  write_steps(kMakeKey + kCheckKey + kMakeRoot + kConfirm + kExport);
  const auto held = hold();
  EXPECT_EQ(held.exit, 0) << held.err;
  EXPECT_THAT(asked_, ElementsAre(HasSubstr("ben, read it aloud")));
  EXPECT_THAT(held.out, HasSubstr("wrapping: refused: CKR_"));
  const auto verified = verify();
  EXPECT_EQ(verified.exit, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("whole, and signed by anna, ben after each step"));
}

TEST_F(CeremonyTest, WithoutAnAnchorSomebodyMustVouch) {
  write_steps(kMakeKey);
  ASSERT_EQ(hold().exit, 0);
  const auto verified = run({"verify", transcript().string()});
  EXPECT_EQ(verified.exit, 1);
  EXPECT_THAT(verified.err, HasSubstr("nobody vouches for the key of anna"));
  EXPECT_EQ(run({"verify", transcript().string(), "--anchor", std::string(64, '0')}).exit, 1);
}

TEST_F(CeremonyTest, HoldsNoSecret) {
  write_steps(kMakeKey + kMakeRoot + "  - {do: token, token: spare, initialise: true, so-pin-file: so-pin}\n");
  const auto held = hold();
  ASSERT_EQ(held.exit, 0) << held.err;
  const auto everything = to_text(read_file(transcript())) + held.out + held.err + read_text_file(site() / "state.db") +
                          run({"show", transcript().string()}).out;
  EXPECT_THAT(everything, Not(HasSubstr(std::string{SoftHsm::kPin})));
  for (const char* file : {"pins/spare", "so-pin"})
    EXPECT_THAT(everything, Not(HasSubstr(read_text_file(site() / file)))) << file;
}

TEST_F(CeremonyTest, ADigestThatNobodyConfirmsStopsIt) {
  write_steps(kMakeKey + kMakeRoot + kConfirm);
  const auto stopped = hold(true);
  EXPECT_EQ(stopped.exit, 1);
  EXPECT_EQ(asked_.size(), 3U);
  EXPECT_THAT(stopped.err, HasSubstr("ben did not confirm"));
  EXPECT_EQ(verify().exit, 1);
}

TEST_F(CeremonyTest, ATokenThatDoesNotRefuseStopsIt) {
  write_steps(kMakeKey + "  - {do: check, token: root, key: root, refuses: [signing]}\n");
  const auto stopped = hold();
  EXPECT_EQ(stopped.exit, 1);
  EXPECT_THAT(stopped.err, HasSubstr("did not refuse signing"));
}

TEST_F(CeremonyTest, AFileThatIsNotTheReviewedOneIsNotRun) {
  write_steps(kMakeKey);
  const auto file = (site() / "steps.yaml").string();
  EXPECT_EQ(run({"run", file, "--confirm-digest", std::string(64, '0')}).exit, 1);
  const auto unasked = run({"run", file});
  EXPECT_EQ(unasked.exit, 3);
  EXPECT_THAT(unasked.err, HasSubstr("--confirm-digest"));
  EXPECT_FALSE(std::filesystem::exists(site() / "ceremonies"));
}

TEST_F(CeremonyTest, ADryRunTouchesNothing) {
  write_steps(kMakeKey + kMakeRoot + kConfirm);
  const auto planned = run({"run", (site() / "steps.yaml").string(), "--dry-run"});
  EXPECT_EQ(planned.exit, 0) << planned.err;
  EXPECT_THAT(planned.out, HasSubstr("   3  ben   read the digest of certificate of root aloud"));
  EXPECT_FALSE(std::filesystem::exists(site() / "ceremonies"));
  EXPECT_FALSE(std::filesystem::exists(site() / "state.db"));
}

TEST_F(CeremonyTest, WhatTheSiteContradictsIsRefusedAtItsPlace) {
  write_steps("  - {do: generate-key, token: root, key: root, kind: p256, use: sign}\n" + kMakeRoot);
  const auto kind = run({"run", (site() / "steps.yaml").string(), "--dry-run"});
  EXPECT_EQ(kind.exit, 3);
  EXPECT_THAT(kind.err, AllOf(HasSubstr("steps.yaml:7:5: profile root-ca wants a key of kind p384")));
  write_steps("  - {do: generate-key, token: rot, key: root, kind: p256, use: sign}\n");
  EXPECT_THAT(run({"run", (site() / "steps.yaml").string(), "--dry-run"}).err,
              HasSubstr("steps.yaml:6:5: no token 'rot'"));
}

TEST_F(CeremonyTest, ARehearsalIsNeverTakenForReal) {
  write_steps(kMakeKey + kCheckKey + kMakeRoot + kConfirm + kExport);
  const auto rehearsed = run({"run", (site() / "steps.yaml").string(), "--rehearse"});
  ASSERT_EQ(rehearsed.exit, 0) << rehearsed.err;
  EXPECT_FALSE(std::filesystem::exists(transcript()));
  EXPECT_FALSE(std::filesystem::exists(site() / "state.db"));
  EXPECT_FALSE(std::filesystem::exists(site() / "ca"));
  const auto kept = (site() / "ceremonies/root/rehearsal.cbor").string();
  const auto steps = (site() / "steps.yaml").string();
  const auto refused = run({"verify", kept, "--steps", steps});
  EXPECT_EQ(refused.exit, 1);
  EXPECT_THAT(refused.err, HasSubstr("REHEARSAL"));
  const auto checked = run({"verify", kept, "--rehearsal", "--steps", steps});
  EXPECT_EQ(checked.exit, 0) << checked.err;
  EXPECT_THAT(run({"show", kept}).out, HasSubstr("# REHEARSAL"));
}

TEST_F(CeremonyTest, IsRehearsedWhereTheTokenPolicyKnowsNoThrowAwayToken) {
  const std::string policy =
      "tokens:\n  - {name: ceremony-hsm, manufacturer: Example Corp, model: HSM 9000, roles: [root]}\n";
  publish(site() / "policy/tokens.yaml", std::string_view{policy});
  write_steps(kMakeKey + kCheckKey + kMakeRoot + kExport);
  const auto steps = (site() / "steps.yaml").string();
  const auto held = hold();
  EXPECT_EQ(held.exit, 1);
  EXPECT_THAT(held.err, AllOf(HasSubstr("may not hold a key for 'other'"), HasSubstr("policy/tokens.yaml")));
  // Last: a rehearsal takes this process's SoftHSM to another store.
  const auto rehearsed = run({"run", steps, "--rehearse"});
  EXPECT_EQ(rehearsed.exit, 0) << rehearsed.err;
  EXPECT_EQ(run({"verify", (site() / "ceremonies/root/rehearsal.cbor").string(), "--rehearsal", "--steps", steps}).exit,
            0);
}

TEST_F(CeremonyTest, TellsAProgramWhatWasDoneAndNothingElse) {
  write_steps(kMakeKey + kMakeRoot + kExport);
  const auto steps = (site() / "steps.yaml").string();
  const auto planned = run({"run", steps, "--dry-run", "--json"});
  EXPECT_EQ(nlohmann::json::parse(planned.out).at("steps").at(1).at("kind"), "create-authority");
  const auto held = run({"run", steps, "--json", "--confirm-digest", hex(ceremony::Plan::load(steps).digest)});
  ASSERT_EQ(held.exit, 0) << held.err;
  EXPECT_EQ(nlohmann::json::parse(held.out).at("anchor"), anchor());
  // Last: a rehearsal takes this process's SoftHSM to another store.
  const auto rehearsed = run({"run", steps, "--rehearse", "--json"});
  ASSERT_EQ(rehearsed.exit, 0) << rehearsed.err;
  const auto told = nlohmann::json::parse(rehearsed.out);
  EXPECT_EQ(told.at("mode"), "REHEARSAL");
  EXPECT_EQ(told.at("over"), true);
  EXPECT_EQ(told.at("steps").size(), 3U);
  EXPECT_EQ(told.at("steps").at(0).at("result").at("outcome"), "made");
  EXPECT_THAT(rehearsed.err, HasSubstr("step 2 of 3"));
}

TEST_F(CeremonyTest, ACertificateThatWasExchangedIsFound) {
  write_steps(kMakeKey + kMakeRoot + kExport);
  ASSERT_EQ(hold().exit, 0);
  publish(site() / "out/root.pem", std::string_view{"another"});
  std::filesystem::remove(site() / "ca/root/chain.pem");
  const auto verified = verify();
  EXPECT_EQ(verified.exit, 1);
  EXPECT_THAT(verified.err, AllOf(HasSubstr("out/root.pem is not what was exported"),
                                  HasSubstr("the site has no certificate of authority root")));
}

}  // namespace
}  // namespace lamp::cli
