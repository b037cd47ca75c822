#include "lib/pki/link.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/pki/certificate.hpp"
#include "lib/pki/lint.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::HasSubstr;

class LinkTest : public testing::Test {
 protected:
  Authority make_root(const Profile& profile, const std::string& name, const Botan::Private_Key& key, Instant now) {
    const auto self = Authority::self_signed(name, key);
    const auto made = issue(ca_.database(), self, profile, values(name), key, now, test::rng(), kNothing);
    return Authority{name, {made.certificate}, key};
  }
  Issued link(const Authority& signer, const Authority& subject, const Profile& profile) {
    return issue_link(ca_.database(), signer, subject, profile, values(subject.name()), test::kNow, test::rng(),
                      kNothing);
  }
  static Subject values(const std::string& name) { return {{"name", name}, {"site", "test"}}; }

  static constexpr auto kNothing = [](store::Transaction&, const Issued&) {};
  test::SmallCa ca_;
  Profile profile_ = test::delivered_profile("root-ca");
  std::unique_ptr<Botan::Private_Key> key_ = test::make_key("secp384r1");
};

TEST_F(LinkTest, CertifiesNameAndKeyOfTheOtherRoot) {
  const auto next = make_root(profile_, "next", *key_, test::kNow);
  const auto linked = link(next, ca_.root(), profile_);
  const auto old_root = Certificate::parse(ca_.root().chain().front()), made = Certificate::parse(linked.certificate);
  EXPECT_TRUE(std::ranges::equal(made.tbs.subject, old_root.tbs.subject));
  EXPECT_TRUE(std::ranges::equal(made.tbs.public_key, old_root.tbs.public_key));
  EXPECT_TRUE(std::ranges::equal(made.tbs.issuer, next.facts()->subject));
  EXPECT_TRUE(lint_certificate(linked.certificate, nullptr, next.facts()).empty());
}

TEST_F(LinkTest, IsTheSameWhenAskedAgain) {
  const auto next = make_root(profile_, "next", *key_, test::kNow);
  const auto before = link(next, ca_.root(), profile_), after = link(next, ca_.root(), profile_);
  EXPECT_EQ(after.certificate, before.certificate);
  EXPECT_EQ(after.outcome, Issued::Outcome::existed);
}

TEST_F(LinkTest, EndsWithTheRootThatItStandsFor) {
  const auto short_lived = test::changed_profile("root-ca", "lifetime: none", "lifetime: 2 years");
  const auto earlier = test::kNow - std::chrono::hours{24 * 365};
  const auto dying = make_root(short_lived, "dying", *key_, earlier);
  const auto linked = link(ca_.root(), dying, short_lived);
  EXPECT_EQ(linked.not_after, dying.facts()->not_after);
  const auto by_the_dying = link(dying, ca_.root(), profile_);
  EXPECT_EQ(by_the_dying.not_after, dying.facts()->not_after);
}

TEST_F(LinkTest, IsRefusedForWhatIsNoRoot) {
  const auto error = test::error_of([&] { return link(ca_.root(), ca_.issuing(), profile_); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("issuing is no root"));
}

TEST_F(LinkTest, IsRefusedWhenTheProfileGivesAnotherName) {
  const auto next = make_root(profile_, "next", *key_, test::kNow);
  const auto renamed = test::changed_profile("root-ca", "O: Example Lighting", "O: Other Lighting");
  EXPECT_THAT(test::error_of([&] { return link(next, ca_.root(), renamed); }).what(), HasSubstr("another subject"));
}

}  // namespace
}  // namespace lamp::pki
