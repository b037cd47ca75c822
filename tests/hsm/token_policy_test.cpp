// Which tokens may hold which keys.
#include "hsm/token_policy.hpp"

#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::hsm {
namespace {

using testing::HasSubstr;
using testing::Not;

TokenInfo token_of(const std::string& manufacturer, const std::string& serial) {
  TokenInfo info;
  info.label = "root";
  info.manufacturer = manufacturer;
  info.model = "HSM 9000";
  info.serial = serial;
  info.firmware = "3.2";
  return info;
}

constexpr std::string_view kPolicy = R"(tokens:
  - {name: ours, manufacturer: Example, serial: "77", firmware: "3.2", fips-140: "4321", attested-by: officer-1, roles: [root, release]}
  - {name: demo, manufacturer: SoftHSM project, demo-only: true, roles: [root]}
)";

class TokenPolicyTest : public testing::Test {
 protected:
  TokenPolicy load(std::string_view text) {
    publish(folder_ / "tokens.yaml", text);
    return TokenPolicy::load(folder_ / "tokens.yaml");
  }
  template <class Step>
  std::string refusal(Step&& step) {
    const auto done = attempt([&] { return step(), true; });
    return std::holds_alternative<bool>(done) ? "" : std::get<Error>(done).what();
  }
  test::TemporaryDirectory folder_;
};

TEST_F(TokenPolicyTest, LetsAnAttestedTokenHoldAKeyAndSaysWhy) {
  const auto policy = load(kPolicy);
  const auto info = token_of("Example", "77");
  const auto& rule = policy.require(info, "root", SiteKind::real);
  EXPECT_THAT(rule.attestation(info), testing::IsSupersetOf({std::pair<std::string, std::string>{"fips-140", "4321"},
                                                             {"attested-by", "officer-1"},
                                                             {"firmware", "3.2"}}));
}

TEST_F(TokenPolicyTest, RefusesAnotherTokenInOneLine) {
  const auto policy = load(kPolicy);
  const auto why =
      refusal([&] { static_cast<void>(policy.require(token_of("Example", "78"), "root", SiteKind::real)); });
  EXPECT_THAT(why, HasSubstr("serial 78, firmware 3.2) may not hold a key for 'root'"));
  EXPECT_THAT(why, Not(HasSubstr("\n")));
}

TEST_F(TokenPolicyTest, RefusesAnotherRole) {
  const auto policy = load(kPolicy);
  EXPECT_THAT(refusal([&] { static_cast<void>(policy.require(token_of("Example", "77"), "log", SiteKind::real)); }),
              HasSubstr("may not hold a key for 'log'"));
}

TEST_F(TokenPolicyTest, KeepsDemoTokensToDemos) {
  const auto policy = load(kPolicy);
  const auto softhsm = token_of("SoftHSM project", "1");
  EXPECT_EQ(policy.require(softhsm, "root", SiteKind::demo).name, "demo");
  EXPECT_THAT(refusal([&] { static_cast<void>(policy.require(softhsm, "root", SiteKind::real)); }),
              HasSubstr("outside a demo site"));
}

TEST_F(TokenPolicyTest, RefusesAPolicyThatSaysLessThanItSeems) {
  const auto read = [&](const std::string& rule) { return refusal([&] { load("tokens:\n  - {" + rule + "}\n"); }); };
  EXPECT_THAT(read("name: a, roles: [root]"), HasSubstr("names the manufacturer"));
  EXPECT_THAT(read("name: a, manufacturer: b, roles: [king]"), HasSubstr("is no role"));
  EXPECT_THAT(read("name: a, manufacturer: b, roles: [root], fips-140: '1'"), HasSubstr("attested-by"));
  EXPECT_THAT(read("name: a, manufacturer: b, roles: [root], seriell: '1'"), HasSubstr("seriell"));
}

TEST(TokenPolicyTemplate, AllowsSoftHsmInDemosOnly) {
  const auto policy = TokenPolicy::load(LAMP_SOURCE_DIR "/templates/policy/tokens.yaml");
  auto softhsm = token_of("SoftHSM project", "1");
  softhsm.model = "SoftHSM v2";
  EXPECT_EQ(policy.require(softhsm, "release", SiteKind::demo).name, "softhsm-for-demos");
  EXPECT_THROW(static_cast<void>(policy.require(softhsm, "release", SiteKind::real)), Error);
}

}  // namespace
}  // namespace lamp::hsm
