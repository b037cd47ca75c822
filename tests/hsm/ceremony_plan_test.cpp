// A ceremony's file: what is read, and what is refused at its place.
#include <gmock/gmock.h>

#include "hsm/ceremony_plan.hpp"
#include "lib/base/error.hpp"

namespace lamp::ceremony {
namespace {

using testing::HasSubstr;

/// A file with these lines as its steps; the first of them is line 6.
std::string file_with(const std::string& steps) {
  return "ceremony: root\npurpose: A root\nconductor: anna\nwitnesses: [ben, carl]\nsteps:\n" + steps;
}

std::string complaint(const std::string& text) {
  try {
    (void)Plan::parse(text, "steps.yaml");
  } catch (const Error& e) {
    return e.code() == Errc::bad_input ? e.what() : "another kind of error";
  }
  return "no complaint";
}

TEST(CeremonyPlan, ReadsStepsWithTheirPeople) {
  const auto plan = Plan::parse(file_with("  - {do: note, text: Hello}\n"
                                          "  - {do: confirm, by: carl, token: root, key: root}\n"),
                                "steps.yaml");
  EXPECT_EQ(plan.steps.at(0).by, "anna");
  EXPECT_EQ(plan.steps.at(1).by, "carl");
  EXPECT_EQ(plan.steps.at(1).what(), "read the digest of public key root in token root aloud and confirm it");
  EXPECT_EQ(plan.people(), (std::vector<std::string>{"anna", "ben", "carl"}));
}

TEST(CeremonyPlan, DigestIsOfTheFileAsItIs) {
  const auto text = file_with("  - {do: note, text: Hello}\n");
  EXPECT_NE(Plan::parse(text, "a").digest, Plan::parse(text + "# a comment\n", "a").digest);
}

TEST(CeremonyPlan, FieldsTellEverythingThatTheFileSays) {
  const auto plan = Plan::parse(
      file_with("  - {do: check, token: t, key: k, expect: [local, sign-only], refuses: [wrapping]}\n"), "steps.yaml");
  const Details expected{
      {"do", "check"},        {"by", "anna"}, {"token", "t"}, {"key", "k"}, {"expect", "local, sign-only"},
      {"refuses", "wrapping"}};
  EXPECT_EQ(plan.steps.at(0).fields(), expected);
}

struct Bad {
  const char* name;
  std::string text;
  const char* says;
};
void PrintTo(const Bad& b, std::ostream* os) { *os << b.name; }

class BadPlan : public testing::TestWithParam<Bad> {};

TEST_P(BadPlan, IsRefusedAtItsPlace) { EXPECT_THAT(complaint(GetParam().text), HasSubstr(GetParam().says)); }

INSTANTIATE_TEST_SUITE_P(
    Steps, BadPlan,
    testing::Values(
        Bad{"UnknownKind", file_with("  - {do: dance}\n"), "steps.yaml:6:10: no step 'dance'; there are: check,"},
        Bad{"UnknownField", file_with("  - {do: note, text: a, txet: b}\n"), "steps.yaml:6:"},
        Bad{"NoteOfTwoLines", file_with("  - {do: note, text: \"a\\nb\"}\n"), "steps.yaml:6:22: one line"},
        Bad{"EscapeSequence", file_with("  - {do: note, text: \"a\\eb\"}\n"), "one line without control characters"},
        Bad{"Stranger", file_with("  - {do: note, by: dora, text: a}\n"), "steps.yaml:6:20: dora is neither"},
        Bad{"ConfirmByNobody", file_with("  - {do: confirm, certificate: root}\n"), "who confirms"},
        Bad{"TwoThings", file_with("  - {do: confirm, by: ben, certificate: a, token: t, key: k}\n"), "either"},
        Bad{"UnknownKeyKind", file_with("  - {do: generate-key, token: t, key: k, kind: p255, use: sign}\n"),
            "'p255' is no kind of key"},
        Bad{"KeyTwice",
            file_with("  - {do: generate-key, token: t, key: k, kind: p256, use: sign}\n"
                      "  - {do: generate-key, token: t, key: k, kind: p384, use: sign}\n"),
            "steps.yaml:7:5: key k in token t is made in step 1 already"},
        Bad{"KeyBeforeItIsMade",
            file_with("  - {do: check, token: t, key: k, expect: [local]}\n"
                      "  - {do: generate-key, token: t, key: k, kind: p384, use: sign}\n"),
            "steps.yaml:6:5: key k in token t is made only in step 2"},
        Bad{"IssuerBeforeItIsMade",
            file_with("  - {do: create-authority, authority: a, profile: p, issuer: b}\n"
                      "  - {do: create-authority, authority: b, profile: p}\n"),
            "authority b is made only in step 2"},
        Bad{"TokenInitialisedTooLate",
            file_with("  - {do: generate-key, token: t, key: k, kind: p384, use: sign}\n"
                      "  - {do: token, token: t, initialise: true}\n"),
            "token t is made only in step 2"},
        Bad{"OwnIssuer", file_with("  - {do: create-authority, authority: a, profile: p, issuer: a}\n"),
            "no issuer here"},
        Bad{"EmptyCheck", file_with("  - {do: check, token: t, key: k}\n"), "checks nothing"},
        Bad{"ExpectedTwice", file_with("  - {do: check, token: t, key: k, expect: [local, local]}\n"), "twice"},
        Bad{"ExportAbove", file_with("  - {do: export, certificate: a, file: ../a.pem}\n"), "below the site's folder"},
        Bad{"ExportAnywhere", file_with("  - {do: export, certificate: a, file: /etc/a.pem}\n"),
            "below the site's folder"},
        Bad{"SameFileTwice",
            file_with(
                "  - {do: export, certificate: a, file: x.pem}\n  - {do: export, certificate: b, file: ./x.pem}\n"),
            "file x.pem is made in step 1 already"},
        Bad{"NoSteps", file_with("  []\n"), "expected 1 to 500 steps"},
        Bad{"NoWitness", "ceremony: a\npurpose: b\nconductor: anna\nwitnesses: []\nsteps: [{do: note, text: a}]\n",
            "steps.yaml:4:12: expected 1 to 15 witnesses"},
        Bad{"OwnWitness", "ceremony: a\npurpose: b\nconductor: anna\nwitnesses: [anna]\nsteps: [{do: note, text: a}]\n",
            "steps.yaml:4:13: anna stands there twice"}),
    [](const auto& of) { return std::string{of.param.name}; });

}  // namespace
}  // namespace lamp::ceremony
