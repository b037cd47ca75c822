#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/pki/lint.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

struct Leaf {
  const char* profile;
  const char* issuing;
};
void PrintTo(const Leaf& c, std::ostream* os) { *os << c.profile; }
class DeliveredProfile : public testing::TestWithParam<Leaf> {};

TEST_P(DeliveredProfile, MakesACertificateWithoutAFinding) {
  test::SmallCa ca{GetParam().issuing};
  const auto profile = test::delivered_profile(GetParam().profile);
  const auto key = test::make_key();
  const Subject subject{{"name", "one.example"},         {"serial", "SL-26-000001"},  {"model", "smart-lamp"},
                        {"site", "site.example"},        {"email", "ann@my.example"}, {"project", "tower"},
                        {"names", "a.example,b.example"}};
  const auto issued = ca.issue(profile, subject, *key);
  for (const auto& finding : lint_certificate(issued.certificate, &profile, ca.issuing().facts()))
    ADD_FAILURE() << finding.rule << ": " << finding.field << " " << finding.says;
}

INSTANTIATE_TEST_SUITE_P(Leaves, DeliveredProfile,
                         testing::Values(Leaf{"idevid", "device-ca"}, Leaf{"tls-server", "server-ca"},
                                         Leaf{"operator", "client-ca"}, Leaf{"installer", "client-ca"},
                                         Leaf{"station", "client-ca"}, Leaf{"officer", "client-ca"},
                                         Leaf{"user", "client-ca"}, Leaf{"load-balancer", "server-ca"},
                                         Leaf{"ldevid", "ldevid-ca"}, Leaf{"code-signing", "code-signing-ca"},
                                         Leaf{"ocsp-signer", "device-ca"}),
                         [](const auto& test_case) {
                           std::string name = test_case.param.profile;
                           std::erase(name, '-');
                           return name;
                         });

TEST(DeliveredProfiles, MakeARootThatNeverEndsAndSaysSoInGeneralizedTime) {
  const test::SmallCa ca;
  const auto root = Certificate::parse(ca.root().chain().front());
  EXPECT_EQ(root.tbs.not_after.text, "99991231235959Z");
  EXPECT_TRUE(lint_certificate(ca.root().chain().front(), nullptr, nullptr).empty());
}

}  // namespace
}  // namespace lamp::pki
