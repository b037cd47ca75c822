// What the linter finds between a certificate and its issuer.
#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/pki/general_name.hpp"
#include "lib/pki/lint.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::Contains;
using testing::IsEmpty;

std::vector<std::string> rules(const std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const auto& finding : findings) names.push_back(finding.rule);
  return names;
}

// The same leaf under issuers that are permitted more or less.
struct Limited {
  const char* name;
  const char* rule;  ///< null: nothing is found
  NameKind kind;
  const char* permitted;
  const char* excluded;
};
void PrintTo(const Limited& c, std::ostream* os) { *os << c.name; }
class LintIssuersConstraints : public testing::TestWithParam<Limited> {};

std::vector<GeneralName> subtrees(NameKind kind, const char* value) {
  std::vector<GeneralName> all;
  if (value == nullptr) return all;
  for (const auto& content : subtree_contents(kind, value)) {
    GeneralName name;
    name.tag = name_tag(kind);
    name.text = to_text(content);
    all.push_back(std::move(name));
  }
  return all;
}

TEST_P(LintIssuersConstraints, AreCompared) {
  const auto& c = GetParam();
  test::SmallCa ca{"server-ca"};
  const auto key = test::make_key();
  const auto profile = test::changed_profile(
      "tls-server", "  - dns: \"{name}\"",
      "  - dns: \"{name}\"\n  - email: ann@my.example\n  - uri: https://w.my.example/x\n  - ip: 192.0.2.1");
  const auto tbs = ca.reserve(profile, {{"name", "a.My.example"}}, *key).tbs;
  auto issuer = *ca.issuing().facts();
  issuer.name_constraints.push_back({subtrees(c.kind, c.permitted), subtrees(c.kind, c.excluded), false});
  const auto found = rules(lint_tbs(tbs, profile, &issuer));
  if (c.rule == nullptr) {
    EXPECT_THAT(found, IsEmpty());
  } else {
    EXPECT_THAT(found, Contains(c.rule));
  }
}

constexpr const char* kPermitted = "rfc5280.name-constraints.permitted";
constexpr const char* kExcluded = "rfc5280.name-constraints.excluded";
INSTANTIATE_TEST_SUITE_P(Table, LintIssuersConstraints,
                         testing::Values(Limited{"HostBelow", nullptr, NameKind::dns, "my.example", nullptr},
                                         Limited{"HostItself", nullptr, NameKind::dns, "a.my.example", nullptr},
                                         Limited{"HostElsewhere", kPermitted, NameKind::dns, "other.example", nullptr},
                                         Limited{"HostEndsAlike", kPermitted, NameKind::dns, "y.example", nullptr},
                                         Limited{"HostExcluded", kExcluded, NameKind::dns, nullptr, "example"},
                                         Limited{"AnyHostExcluded", kExcluded, NameKind::dns, nullptr, "any"},
                                         Limited{"MailHost", nullptr, NameKind::email, "my.example", nullptr},
                                         Limited{"MailBelowOnly", kPermitted, NameKind::email, ".my.example", nullptr},
                                         Limited{"MailBox", kExcluded, NameKind::email, nullptr, "ann@my.example"},
                                         Limited{"MailOtherBox", nullptr, NameKind::email, nullptr, "Ann@my.example"},
                                         Limited{"UriHost", kPermitted, NameKind::uri, "my.example", nullptr},
                                         Limited{"UriBelow", nullptr, NameKind::uri, ".my.example", nullptr},
                                         Limited{"Address", nullptr, NameKind::ip, "192.0.2.0/24", nullptr},
                                         Limited{"AddressOutside", kPermitted, NameKind::ip, "10.0.0.0/8", nullptr},
                                         Limited{"AddressExcluded", kExcluded, NameKind::ip, nullptr, "any"}),
                         [](const auto& test_case) { return std::string{test_case.param.name}; });

TEST(LintIssuer, IsToldWhenItSignsNoCertificates) {
  test::SmallCa ca;
  const auto key = test::make_key();
  const auto profile = test::delivered_profile("idevid");
  const auto tbs = ca.reserve(profile, {{"serial", "SL-1"}, {"model", "lamp"}}, *key).tbs;
  auto issuer = *ca.issuing().facts();
  issuer.signs_certificates = false;
  EXPECT_THAT(rules(lint_tbs(tbs, profile, &issuer)), Contains("rfc5280.issuer.authority"));
}

}  // namespace
}  // namespace lamp::pki
