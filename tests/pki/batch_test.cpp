#include "lib/pki/batch.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <set>

#include "lib/pki/certificate.hpp"
#include "lib/pki/records.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_request.hpp"

namespace lamp::pki {
namespace {

using test::kNow;
using testing::HasSubstr;
using Outcome = BatchResult::Outcome;

BatchItem lamp(std::uint64_t row, const Bytes& key) {
  BatchItem item;
  item.row = row;
  item.subject = {{"serial", "SL-" + std::to_string(row)}, {"model", "smart-lamp"}};
  item.public_key_info = key;
  return item;
}

class BatchTest : public testing::Test {
 protected:
  BatchTest() {
    issuing_key_ = test::make_key();
    const auto below =
        issue(ca_.database(), ca_.root(), test::delivered_profile("device-ca"), {{"name", "devices"}, {"site", "test"}},
              *issuing_key_, kNow, test::rng(), [](store::Transaction&, const Issued&) {});
    authority_ = std::make_unique<Authority>(
        "devices", std::vector<Bytes>{below.certificate, ca_.root().chain().front()}, *issuing_key_);
  }

  std::vector<BatchResult> run(const std::vector<BatchItem>& items) {
    std::vector<BatchResult> all;
    std::size_t at = 0;
    issue_batch(place(),
                {[&](std::vector<BatchItem>& to, std::size_t most) {
                   for (; at < items.size() && most > 0; ++at, --most) to.push_back(items[at]);
                 },
                 [&](store::Transaction&, std::span<const BatchResult* const> issued) { noted_ += issued.size(); },
                 [&](std::vector<BatchResult> results) {
                   for (auto& result : results) all.push_back(std::move(result));
                 }});
    return all;
  }

  BatchPlace place() { return {ca_.database(), *authority_, *issuing_key_, idevid_, clock_, test::rng()}; }

  test::SmallCa ca_;
  FixedClock clock_{kNow};
  Profile idevid_ = test::delivered_profile("idevid");
  std::unique_ptr<Botan::Private_Key> issuing_key_;
  std::unique_ptr<Authority> authority_;
  std::size_t noted_ = 0;
};

TEST_F(BatchTest, IssuesEveryItemOnceAndInOrder) {
  std::vector<BatchItem> items;
  for (std::uint64_t row = 0; row < 700; ++row) items.push_back(lamp(row, test::make_key()->subject_public_key()));
  const auto results = run(items);
  ASSERT_EQ(results.size(), 700U);
  std::set<std::string> serials;
  for (std::uint64_t row = 0; row < 700; ++row) {
    ASSERT_EQ(results[row].row, row);
    ASSERT_EQ(results[row].outcome, Outcome::issued) << results[row].says;
    serials.insert(results[row].serial);
  }
  EXPECT_EQ(serials.size(), 700U);
  EXPECT_GE(noted_, 700U);
}

TEST_F(BatchTest, GivesTheSameBytesAgain) {
  const std::vector<BatchItem> items{lamp(1, test::make_key()->subject_public_key())};
  const auto first = run(items);
  const auto second = run(items);
  EXPECT_EQ(second.at(0).outcome, Outcome::existed);
  EXPECT_EQ(second.at(0).certificate, first.at(0).certificate);
  EXPECT_EQ(second.at(0).serial, first.at(0).serial);
}

TEST_F(BatchTest, FinishesWhatWasReservedBefore) {
  const auto key = test::make_key();
  const auto item = lamp(1, key->subject_public_key());
  const auto reserved = ca_.database().write(
      [&](store::Transaction& t) { return authority_->reserve(t, idevid_, item.subject, *key, kNow, test::rng()); });
  const auto results = run({item});
  EXPECT_EQ(results.at(0).outcome, Outcome::issued);
  EXPECT_EQ(results.at(0).serial, reserved.serial);
}

TEST_F(BatchTest, SettlesTheSameItemTwiceAndAKeyOfTwoDevices) {
  const auto key = test::make_key()->subject_public_key();
  const auto results = run({lamp(1, key), lamp(1, key), lamp(2, key)});
  EXPECT_EQ(results.at(1).outcome, Outcome::existed);
  EXPECT_EQ(results.at(1).certificate, results.at(0).certificate);
  EXPECT_EQ(results.at(2).outcome, Outcome::refused);
  EXPECT_EQ(results.at(2).rule, "register.held");
  EXPECT_EQ(results.at(2).field, "key");
}

TEST_F(BatchTest, GoesOnBehindWhatItRefuses) {
  auto wrong = test::make_request(*test::make_key(), {.public_key_info = test::make_key()->subject_public_key()});
  auto by_another = lamp(1, {});
  by_another.request = wrong;
  auto nameless = lamp(2, test::make_key()->subject_public_key());
  nameless.subject.erase("model");
  auto broken = lamp(3, {});
  broken.refusal = BatchRefusal{"batch.row.quotes", "row", "a quotation mark is never closed"};
  auto long_name = lamp(4, test::make_key()->subject_public_key());
  long_name.subject["serial"] = std::string(65, '7');
  auto large = lamp(5, test::make_key("secp384r1")->subject_public_key());
  const auto good = lamp(6, test::make_key()->subject_public_key());
  const auto results = run({by_another, nameless, broken, long_name, large, good});
  EXPECT_EQ(results.at(0).rule, "csr.signature");
  EXPECT_EQ(results.at(1).rule, "profile.values");
  EXPECT_EQ(results.at(2).rule, "batch.row.quotes");
  EXPECT_EQ(results.at(3).rule, "rfc5280.name.length");
  EXPECT_EQ(results.at(4).rule, "profile.key");
  EXPECT_EQ(results.at(5).outcome, Outcome::issued);
  EXPECT_EQ(noted_, 1U);
}

TEST_F(BatchTest, EndsWhenItsCallerFails) {
  const auto item = lamp(1, test::make_key()->subject_public_key());
  bool given = false;
  const auto error = test::error_of([&] {
    issue_batch(place(), {[&](std::vector<BatchItem>& to, std::size_t) {
                            if (!std::exchange(given, true)) to.push_back(item);
                          },
                          [](store::Transaction&, std::span<const BatchResult* const>) {},
                          [](const std::vector<BatchResult>&) { throw Error{Errc::unavailable, "the disk is full"}; }});
    return 0;
  });
  EXPECT_THAT(error.what(), HasSubstr("disk"));
  EXPECT_EQ(run({item}).at(0).outcome, Outcome::existed);
}

TEST_F(BatchTest, TriesWithoutReserving) {
  const auto item = lamp(1, test::make_key()->subject_public_key());
  EXPECT_EQ(try_item(place(), item).outcome, Outcome::issued);
  EXPECT_TRUE(ca_.database().read([&](store::Transaction& t) { return list(t, {.authority = "devices"}); }).empty());
}

class RenewalTest : public BatchTest {
 protected:
  Issued renew_for(const std::string& serial, const Botan::Public_Key& key, const Profile& profile) {
    const auto old = ca_.database().read([&](store::Transaction& t) { return find(t, "issuing", serial).value(); });
    return renew(ca_.database(), ca_.issuing(), profile, old, key, kNow, test::rng(),
                 [](store::Transaction&, const Issued&) {});
  }
  std::unique_ptr<Botan::Private_Key> key_ = test::make_key(), next_ = test::make_key();
  Issued first_ = ca_.issue(idevid_, {{"serial", "SL-1"}, {"model", "lamp"}}, *key_);
};

TEST_F(RenewalTest, RecordsWhatItReplacesAndAnswersTheSameAgain) {
  const auto second = renew_for(first_.serial, *next_, idevid_);
  EXPECT_EQ(second.outcome, Issued::Outcome::fresh);
  EXPECT_EQ(renew_for(first_.serial, *next_, idevid_).certificate, second.certificate);
  const auto later = ca_.database().read([&](store::Transaction& t) { return list(t, {.replaces = first_.serial}); });
  ASSERT_EQ(later.size(), 1U);
  EXPECT_EQ(later[0].serial, second.serial);
  const auto old = Certificate::parse(first_.certificate).tbs, now = Certificate::parse(second.certificate).tbs;
  EXPECT_TRUE(std::ranges::equal(old.subject, now.subject));
}

TEST_F(RenewalTest, RefusesTheSameKeyUnlessTheProfileAllowsIt) {
  EXPECT_THAT(test::error_of([&] { return renew_for(first_.serial, *key_, idevid_); }).what(),
              HasSubstr("wants a new key"));
  auto lenient = idevid_;
  lenient.key.renewal_keeps_key = true;
  EXPECT_EQ(renew_for(first_.serial, *key_, lenient).outcome, Issued::Outcome::fresh);
}

TEST_F(RenewalTest, RefusesASecondSuccessor) {
  (void)renew_for(first_.serial, *next_, idevid_);
  const auto other = test::make_key();
  EXPECT_THAT(test::error_of([&] { return renew_for(first_.serial, *other, idevid_); }).what(),
              HasSubstr("renew that one"));
}

}  // namespace
}  // namespace lamp::pki
