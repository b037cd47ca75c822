#include "lib/pki/issue.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/pki/records.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using test::kNow;

class IssueTest : public testing::Test {
 protected:
  Issued issue_at(Instant now) { return ca_.issue(profile_, subject_, *key_, now); }
  test::SmallCa ca_{"client-ca"};
  Profile profile_ = test::delivered_profile("operator");
  Subject subject_{{"name", "operator-1"}};
  std::unique_ptr<Botan::Private_Key> key_ = test::make_key();
};

TEST_F(IssueTest, GivesTheSameRequestTheSameBytes) {
  const auto first = issue_at(kNow);
  const auto second = issue_at(kNow + std::chrono::days{200});
  EXPECT_EQ(first.outcome, Issued::Outcome::fresh);
  EXPECT_EQ(second.outcome, Issued::Outcome::existed);
  EXPECT_EQ(second.certificate, first.certificate);
}

TEST_F(IssueTest, IssuesAgainForTheSameKeyOnceTheCertificateExpired) {
  const auto first = issue_at(kNow);
  const auto second = issue_at(first.not_after + std::chrono::seconds{1});
  EXPECT_EQ(second.outcome, Issued::Outcome::fresh);
  EXPECT_NE(second.serial, first.serial);
}

TEST_F(IssueTest, RunsTheCallersPartInTheSameTransaction) {
  const auto failing = [&] {
    return issue(
        ca_.database(), ca_.issuing(), profile_, subject_, *key_, kNow, test::rng(),
        [](store::Transaction&, const Issued&) { throw Error{Errc::unavailable, "no audit, no certificate"}; });
  };
  EXPECT_EQ(test::error_of(failing).code(), Errc::unavailable);
  const auto records = ca_.database().read([&](store::Transaction& t) { return list(t, {.authority = "issuing"}); });
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].state, State::reserved);
  EXPECT_EQ(issue_at(kNow).serial, records[0].serial);
}

TEST_F(IssueTest, SkipsTheCallersPartForWhatExisted) {
  (void)issue_at(kNow);
  int calls = 0;
  (void)issue(ca_.database(), ca_.issuing(), profile_, subject_, *key_, kNow, test::rng(),
              [&](store::Transaction&, const Issued&) { ++calls; });
  EXPECT_EQ(calls, 0);
}

TEST_F(IssueTest, RefusesValuesWithControlCharacters) {
  subject_["name"] = "operator\n1";
  EXPECT_EQ(test::error_of([&] { return issue_at(kNow); }).code(), Errc::bad_input);
}

TEST_F(IssueTest, RefusesANameLongerThanItsField) {
  subject_["name"] = std::string(65, 'x');
  const auto error = test::error_of([&] { return issue_at(kNow); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), testing::HasSubstr("[rfc5280.name.length]"));
}

}  // namespace
}  // namespace lamp::pki
