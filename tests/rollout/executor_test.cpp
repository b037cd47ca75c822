#include "lib/rollout/executor.hpp"

#include <botan/auto_rng.h>
#include <gmock/gmock.h>

#include "lib/audit/log.hpp"
#include "lib/base/parse.hpp"
#include "lib/rollout/rollouts.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::rollout {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

class Rollouts : public testing::Test {
 protected:
  Rollouts() {
    database_.migrate(audit::schema());
    database_.migrate(schema());
    plan_.project = "hq";
    plan_.release = {"smart-lamp", "1.1.0", 2, Bytes(32, 0xab), 1000};
    plan_.created_by = "operator-1";
    plan_.policy = "canary";
    plan_.waves = {{"canary", {100, 0, seconds{10}}, {"SL-1"}}, {"rest", {100, 0, seconds{0}}, {"SL-2", "SL-3"}}};
  }

  template <class Act>
  auto act(Act&& what) {
    return database_.write(std::forward<Act>(what));
  }
  void begin() {
    act([&](store::Transaction& t) { start(t, plan_, "operator-1", {"operator-1"}, now_, rng_); });
  }
  std::optional<Deployment> offered(const std::string& device) {
    return act([&](store::Transaction& t) { return deployment_for(t, device, now_); });
  }
  void feed_back(const std::string& device, std::int64_t action, Feedback feedback) {
    act([&](store::Transaction& t) { report_feedback(t, device, action, feedback, "detail", now_, rng_); });
  }
  void runs(const std::string& device, const std::string& version) {
    act([&](store::Transaction& t) { report_version(t, device, version, now_, rng_); });
  }
  /// All that a well-behaved device does.
  void update(const std::string& device) {
    const auto deployment = offered(device);
    ASSERT_TRUE(deployment) << device;
    feed_back(device, deployment->action, Feedback::proceeding);
    feed_back(device, deployment->action, Feedback::installed);
    runs(device, "1.1.0");
  }
  void fail(const std::string& device) {
    const auto deployment = offered(device);
    ASSERT_TRUE(deployment) << device;
    feed_back(device, deployment->action, Feedback::failed);
  }
  Status now_is() {
    return *act([&](store::Transaction& t) { return status(t, plan_.id()); });
  }
  [[nodiscard]] std::vector<std::string> audited() {
    act([](store::Transaction& t) { return t.execute("UPDATE audit_record SET entry = noted"); });
    std::vector<std::string> actions;
    for (const auto& entry : audit::entries(database_)) actions.push_back(entry.event.action);
    return actions;
  }

  test::TemporaryDirectory folder_;
  store::Database database_{folder_ / "registry.db"};
  Botan::AutoSeeded_RNG rng_;
  Instant now_ = parse_instant("2026-11-22T12:00:00Z");
  Plan plan_;
};

TEST_F(Rollouts, GoWaveByWaveToTheEnd) {
  begin();
  EXPECT_FALSE(offered("SL-2"));
  update("SL-1");
  EXPECT_FALSE(offered("SL-2")) << "the soak is not over";
  now_ += seconds{10};
  update("SL-2");
  EXPECT_EQ(now_is().state, State::running);
  update("SL-3");
  EXPECT_EQ(now_is().state, State::finished);
  EXPECT_THAT(audited(), testing::ElementsAre("ota.start", "ota.device.proven", "ota.wave", "ota.device.proven",
                                              "ota.device.proven", "ota.finish"));
}

TEST_F(Rollouts, OfferWhatThePlanSays) {
  begin();
  const auto deployment = offered("SL-1");
  ASSERT_TRUE(deployment);
  EXPECT_EQ(deployment->artifact, hex(Bytes(32, 0xab)));
  EXPECT_EQ(deployment->model, "smart-lamp");
  EXPECT_EQ(deployment->version, "1.1.0");
  EXPECT_GT(deployment->action, 0);
  EXPECT_LT(deployment->action, std::int64_t{1} << 31);
  EXPECT_EQ(offered("SL-1")->action, deployment->action);
}

TEST_F(Rollouts, AreTheSameWhenStartedTwice) {
  begin();
  const auto action = offered("SL-1")->action;
  begin();
  EXPECT_EQ(offered("SL-1")->action, action);
  EXPECT_THAT(audited(), testing::ElementsAre("ota.start"));
}

TEST_F(Rollouts, DoNotShareADevice) {
  begin();
  auto other = plan_;
  other.release.version = "1.2.0";
  other.waves = {{"rest", {}, {"SL-9", "SL-3"}}};
  EXPECT_THROW(act([&](store::Transaction& t) { start(t, other, "operator-1", {}, now_, rng_); }), Error);
  EXPECT_FALSE(act([&](store::Transaction& t) { return status(t, other.id()).has_value(); }));
  EXPECT_FALSE(offered("SL-9"));
}

TEST_F(Rollouts, TakeInstalledForNoProof) {
  begin();
  const auto action = offered("SL-1")->action;
  feed_back("SL-1", action, Feedback::installed);
  EXPECT_FALSE(offered("SL-1")) << "or it would install it again";
  EXPECT_EQ(now_is().waves[0].counts.installed, 1U);
  EXPECT_FALSE(now_is().waves[1].begins);
  runs("SL-1", "1.1.0");
  EXPECT_TRUE(now_is().waves[1].begins);
}

TEST_F(Rollouts, PauseWhenADeviceComesBackWithTheOldImage) {
  begin();
  feed_back("SL-1", offered("SL-1")->action, Feedback::installed);
  runs("SL-1", "1.0.0");
  EXPECT_EQ(now_is().state, State::paused);
  EXPECT_EQ(now_is().reason, "wave canary: 1 failed, 0 may");
  ASSERT_EQ(now_is().failures.size(), 1U);
  EXPECT_EQ(now_is().failures[0].detail, "came back with 1.0.0");
}

TEST_F(Rollouts, MindNoOldVersionBeforeTheInstallation) {
  begin();
  feed_back("SL-1", offered("SL-1")->action, Feedback::proceeding);
  runs("SL-1", "1.0.0");
  EXPECT_TRUE(offered("SL-1"));
  EXPECT_EQ(now_is().state, State::running);
}

TEST_F(Rollouts, PauseOnAFailureAndOfferNothingMore) {
  begin();
  update("SL-1");
  now_ += seconds{10};
  feed_back("SL-3", offered("SL-3")->action, Feedback::proceeding);
  fail("SL-2");
  EXPECT_EQ(now_is().state, State::paused);
  EXPECT_TRUE(offered("SL-3")) << "it is at it: it may end what it began";
  EXPECT_THAT(audited(), testing::Contains("ota.pause"));
}

TEST_F(Rollouts, GoOnWithoutTheFailedDeviceWhenResumed) {
  begin();
  fail("SL-1");
  EXPECT_EQ(now_is().state, State::paused);
  act([&](store::Transaction& t) { resume(t, plan_.id(), "operator-1", now_, rng_); });
  now_ += seconds{10};
  update("SL-2");
  update("SL-3");
  EXPECT_EQ(now_is().state, State::finished);
}

TEST_F(Rollouts, HoldBackTheNextWaveWhenPausedWithinTheSoak) {
  plan_.waves[0].devices = {"SL-1", "SL-4"};
  plan_.waves[0].gate = {50, 0, seconds{10}};
  begin();
  const auto late = offered("SL-4")->action;
  update("SL-1");
  feed_back("SL-4", late, Feedback::failed);
  now_ += seconds{60};
  EXPECT_FALSE(offered("SL-2"));
  act([&](store::Transaction& t) { resume(t, plan_.id(), "operator-1", now_, rng_); });
  EXPECT_FALSE(offered("SL-2")) << "the soak begins anew";
  now_ += seconds{10};
  EXPECT_TRUE(offered("SL-2"));
}

TEST_F(Rollouts, IgnoreFeedbackOnWhatTheyDoNotKnow) {
  begin();
  const auto action = offered("SL-1")->action;
  feed_back("SL-1", action + 1, Feedback::failed);
  feed_back("SL-9", action, Feedback::failed);
  feed_back("SL-2", action, Feedback::failed);
  EXPECT_EQ(now_is().state, State::running);
  EXPECT_TRUE(offered("SL-1"));
  update("SL-1");
  feed_back("SL-1", action, Feedback::failed);
  EXPECT_EQ(now_is().waves[0].counts.proven, 1U);
  EXPECT_THAT(now_is().failures, testing::IsEmpty());
}

TEST_F(Rollouts, OfferNothingAgainForALateMessage) {
  begin();
  const auto action = offered("SL-1")->action;
  feed_back("SL-1", action, Feedback::installed);
  feed_back("SL-1", action, Feedback::proceeding);
  EXPECT_FALSE(offered("SL-1"));
}

TEST_F(Rollouts, TakeADeviceThatRunsTheVersionAlready) {
  begin();
  runs("SL-3", "1.1.0");
  update("SL-1");
  now_ += seconds{10};
  EXPECT_FALSE(offered("SL-3"));
  update("SL-2");
  EXPECT_EQ(now_is().state, State::finished);
}

TEST_F(Rollouts, ObeyTheirOperator) {
  begin();
  const auto id = plan_.id();
  act([&](store::Transaction& t) { pause(t, id, "operator-2", now_, rng_); });
  EXPECT_FALSE(offered("SL-1"));
  EXPECT_EQ(now_is().reason, "by operator-2");
  act([&](store::Transaction& t) { resume(t, id, "operator-2", now_, rng_); });
  EXPECT_TRUE(offered("SL-1"));
  act([&](store::Transaction& t) { abort(t, id, "operator-2", now_, rng_); });
  EXPECT_FALSE(offered("SL-1"));
  EXPECT_THROW(act([&](store::Transaction& t) { resume(t, id, "operator-2", now_, rng_); }), Error);
  EXPECT_THROW(act([&](store::Transaction& t) { pause(t, "0000", "operator-2", now_, rng_); }), Error);
  auto other = plan_;
  other.release.version = "1.2.0";
  act([&](store::Transaction& t) { start(t, other, "operator-1", {}, now_, rng_); });
  EXPECT_EQ(offered("SL-1")->version, "1.2.0") << "an aborted rollout holds no device";
}

}  // namespace
}  // namespace lamp::rollout
