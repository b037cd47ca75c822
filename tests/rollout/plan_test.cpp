#include "lib/rollout/plan.hpp"

#include <botan/auto_rng.h>
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/x509self.h>
#include <gmock/gmock.h>

#include "lib/base/parse.hpp"

namespace lamp::rollout {
namespace {

using testing::HasSubstr;

const Instant kNoon = parse_instant("2026-11-22T12:00:00Z");

Plan some_plan() {
  Plan plan;
  plan.project = "hq";
  plan.release = {"smart-lamp", "1.1.0", 2, Bytes(32, 0xab), 200'000};
  plan.created = kNoon;
  plan.created_by = "operator-1";
  plan.policy = "canary";
  plan.waves = {{"canary", {100, 0, std::chrono::seconds{3}}, {"SL-26-000001"}},
                {"rest", {95, 2, std::chrono::seconds{0}}, {"SL-26-000002", "SL-26-000003"}}};
  return plan;
}

class Plans : public testing::Test {
 protected:
  Bytes certificate(const Botan::Private_Key& key) {
    const Botan::X509_Cert_Options options{"operator-1"};
    return Botan::X509::create_self_signed_cert(options, key, "SHA-256", rng_).BER_encode();
  }
  PlanApproval approval(const Plan& plan) {
    return approve(key_, "operator-1", certificate(key_), plan, kNoon + std::chrono::hours{1}, rng_);
  }
  Botan::AutoSeeded_RNG rng_;
  Botan::ECDSA_PrivateKey key_{rng_, Botan::EC_Group::from_name("secp256r1")};
};

TEST_F(Plans, AreReadAsTheyWereWritten) {
  auto plan = some_plan();
  plan.approvals.push_back(approval(plan));
  const auto read = Plan::parse(plan.yaml(), "plan.yaml");
  EXPECT_EQ(read.canonical(), plan.canonical());
  EXPECT_EQ(read.id(), plan.id());
  ASSERT_EQ(read.approvals.size(), 1U);
  EXPECT_EQ(read.approvals[0].signature, plan.approvals[0].signature);
  EXPECT_EQ(Plan::from_canonical(plan.canonical()).canonical(), plan.canonical());
}

TEST_F(Plans, CountWithAnApprovalOfExactlyTheirContent) {
  auto plan = some_plan();
  const auto given = approval(plan);
  EXPECT_TRUE(check_approval(given, plan, kNoon).acceptable());
  plan.waves[1].devices.emplace_back("SL-26-000004");
  EXPECT_THAT(check_approval(given, plan, kNoon).objections, testing::ElementsAre(HasSubstr("not of this plan")));
}

TEST_F(Plans, CountNoLongerWhenTheApprovalExpired) {
  const auto plan = some_plan();
  EXPECT_THAT(check_approval(approval(plan), plan, kNoon + std::chrono::hours{2}).objections,
              testing::ElementsAre(HasSubstr("expired at 2026-11-22T13:00:00Z")));
}

TEST_F(Plans, AreNotApprovedByAnotherCertificate) {
  const auto plan = some_plan();
  auto given = approval(plan);
  const Botan::ECDSA_PrivateKey other{rng_, Botan::EC_Group::from_name("secp256r1")};
  given.certificate = certificate(other);
  EXPECT_FALSE(check_approval(given, plan, kNoon).acceptable());
  given.certificate = Bytes(10);
  EXPECT_THAT(check_approval(given, plan, kNoon).objections, testing::ElementsAre(HasSubstr("cannot be read")));
  EXPECT_THROW((void)approve(other, "operator-1", certificate(key_), plan, kNoon, rng_), Error);
}

struct Edit {
  const char* name;
  const char* from;
  const char* to;
  const char* says;  ///< nullptr: it is a plan, but another one
};
void PrintTo(const Edit& c, std::ostream* os) { *os << c.name; }

class EditedPlan : public testing::TestWithParam<Edit> {};

TEST_P(EditedPlan, IsAnotherPlanOrNone) {
  auto text = some_plan().yaml();
  const auto at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos) << text;
  text.replace(at, std::string_view{GetParam().from}.size(), GetParam().to);
  const auto read = attempt([&] { return Plan::parse(text, "plan.yaml"); });
  if (GetParam().says == nullptr) {
    ASSERT_TRUE(std::holds_alternative<Plan>(read)) << std::get<Error>(read).what();
    EXPECT_NE(std::get<Plan>(read).id(), some_plan().id());
  } else {
    ASSERT_TRUE(std::holds_alternative<Error>(read));
    EXPECT_THAT(std::get<Error>(read).what(), testing::AllOf(HasSubstr("plan.yaml:"), HasSubstr(GetParam().says)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Table, EditedPlan,
    testing::Values(Edit{"Soak", "soak: 3", "soak: 0", nullptr}, Edit{"Version", "1.1.0", "1.2.0", nullptr},
                    Edit{"Project", "project: hq", "project: other", nullptr},
                    Edit{"Device", "SL-26-000003", "SL-26-000009", nullptr},
                    Edit{"DeviceTwice", "SL-26-000003", "SL-26-000001", "SL-26-000001 is there twice"},
                    Edit{"NoSerial", "SL-26-000003", "../etc", "not a serial number"},
                    Edit{"WaveTwice", "name: rest", "name: canary", "two waves"},
                    Edit{"ShortDigest", "abab", "ab", "SHA-256"}, Edit{"NoVersion", "1.1.0", "1.1", "version"},
                    Edit{"UnknownKey", "policy: canary", "polic: canary", "polic"},
                    Edit{"NoApprovals", "approvals-needed: 1", "approvals-needed: 0", "plan.yaml"}),
    [](const auto& given) { return given.param.name; });

TEST(EncodedPlans, AreRefusedWhenTornOrExtended) {
  const auto good = some_plan().canonical();
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_THROW((void)Plan::from_canonical(ByteView{good}.first(size)), Error) << size;
  auto longer = good;
  longer.push_back(0);
  EXPECT_THROW((void)Plan::from_canonical(longer), Error);
}

}  // namespace
}  // namespace lamp::rollout
