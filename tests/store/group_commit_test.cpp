// Acts of several threads that share a commit. fdatasync() is this program's own: it counts, and fails when told to.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <latch>
#include <stdexcept>
#include <thread>

#include "lib/base/error.hpp"
#include "lib/store/database.hpp"

namespace {
std::atomic<int> syncs{0}, syncs_to_fail{0};
}  // namespace

extern "C" int fdatasync(int file) {
  static const auto next = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "fdatasync"));
  ++syncs;
  if (syncs_to_fail > 0) {
    --syncs_to_fail;
    errno = EIO;
    return -1;
  }
  return next(file);
}

namespace lamp::store {
namespace {

namespace fs = std::filesystem;

constexpr int kThreads = 8;

class GroupCommit : public testing::Test {
 protected:
  GroupCommit() {
    std::string pattern = testing::TempDir() + "lamp-group-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    database_ = std::make_unique<Database>(folder_ / "state.db");
    database_->migrate({"lamps", {"CREATE TABLE lamp (serial TEXT PRIMARY KEY, state BIGINT NOT NULL)"}});
  }
  ~GroupCommit() override {
    database_.reset();
    fs::remove_all(folder_);
  }

  [[nodiscard]] std::int64_t count() {
    return database_->read([](Transaction& t) { return t.query_one("SELECT count(*) FROM lamp")->integer(0); });
  }

  /// What each of the threads' acts threw; empty for one that did not. All but the first find the lane taken: the first
  /// one's act lasts until they have come.
  std::vector<std::string> at_once(const std::function<void(Transaction&, int)>& act) {
    std::vector<std::string> said(kThreads);
    std::latch inside{1}, coming{kThreads - 1};
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&, thread] {
        if (thread != 0) {
          inside.wait();
          coming.count_down();
        }
        bool waited = thread != 0;
        const auto result = attempt([&] {
          return guarded(Errc::internal, [&] {
            database_->write([&](Transaction& t) {
              if (!std::exchange(waited, true)) {
                inside.count_down();
                coming.wait();
                std::this_thread::sleep_for(std::chrono::milliseconds{20});
              }
              act(t, thread);
            });
            return true;
          });
        });
        if (const auto* error = std::get_if<Error>(&result)) said[static_cast<std::size_t>(thread)] = error->what();
      });
    for (auto& thread : threads) thread.join();
    return said;
  }

  fs::path folder_;
  std::unique_ptr<Database> database_;
};

std::string lamp(int round, int thread) { return "SL-" + std::to_string(round) + "-" + std::to_string(thread); }

void insert(Transaction& t, const std::string& serial) { t.execute("INSERT INTO lamp VALUES (?, 1)", {serial}); }

TEST_F(GroupCommit, ActsThatWaitForEachOtherAreSyncedTogether) {
  // A thread may be kept from coming in time, but not in every round.
  int fewest = kThreads, rounds = 0;
  for (; rounds < 50 && fewest > 2; ++rounds) {
    const int before = syncs;
    for (const auto& said : at_once([&](Transaction& t, int thread) { insert(t, lamp(rounds, thread)); }))
      EXPECT_EQ(said, "");
    fewest = std::min(fewest, syncs - before);
  }
  EXPECT_LE(fewest, 2) << "syncs for " << kThreads << " acts";
  EXPECT_EQ(count(), rounds * kThreads);
}

TEST_F(GroupCommit, WhatThrowsIsUndoneAloneAndToldToItsOwnThread) {
  const auto said = at_once([](Transaction& t, int thread) {
    insert(t, lamp(0, thread));
    if (thread % 3 == 0) throw Error{Errc::denied, "no " + std::to_string(thread)};
    if (thread % 3 == 1) throw std::runtime_error{"not of ours " + std::to_string(thread)};
  });
  EXPECT_THAT(said,
              testing::ElementsAre("no 0", "not of ours 1", "", "no 3", "not of ours 4", "", "no 6", "not of ours 7"));
  EXPECT_EQ(count(), 2);
}

TEST_F(GroupCommit, AnActSeesWhatThoseBeforeItInTheTransactionDid) {
  const auto said = at_once([](Transaction& t, int) { insert(t, "SL-1"); });
  EXPECT_EQ(std::count(said.begin(), said.end(), ""), 1);
  EXPECT_EQ(count(), 1);
}

TEST_F(GroupCommit, ACommitThatFailsIsDoneAgainForEachAlone) {
  std::atomic<int> runs{0};
  syncs_to_fail = 1;
  const auto said = at_once([&](Transaction& t, int thread) {
    ++runs;
    insert(t, lamp(0, thread));
  });
  // Whoever was committed by itself when the disk failed is told; all others had company, and another try.
  const auto told = std::count_if(said.begin(), said.end(), [](const auto& one) { return !one.empty(); });
  EXPECT_LE(told, 1);
  EXPECT_EQ(count(), kThreads - told);
  EXPECT_GE(runs, kThreads);
}

TEST_F(GroupCommit, ADiskThatKeepsFailingIsToldToEveryThread) {
  syncs_to_fail = 1000;
  const auto said = at_once([](Transaction& t, int thread) { insert(t, lamp(0, thread)); });
  syncs_to_fail = 0;
  for (const auto& one : said) EXPECT_NE(one, "");
  EXPECT_EQ(count(), 0);
  database_->write([](Transaction& t) { insert(t, "SL-1"); });
  EXPECT_EQ(count(), 1);
}

TEST_F(GroupCommit, OneThatFillsTheDiskFailsAlone) {
  database_->write([](Transaction& t) { (void)t.query("PRAGMA max_page_count=24"); });
  // Rounds enough for the one to come as second, third and last in some.
  constexpr int kRounds = 20;
  for (int round = 0; round < kRounds; ++round) {
    const auto said = at_once([&](Transaction& t, int thread) {
      insert(t, lamp(round, thread) + std::string(thread == 5 ? 200'000U : 0U, 'x'));
    });
    for (int thread = 0; thread < kThreads; ++thread)
      EXPECT_THAT(said[static_cast<std::size_t>(thread)],
                  thread == 5 ? testing::HasSubstr("the disk is full") : testing::Matcher<std::string>{""});
  }
  EXPECT_EQ(count(), kRounds * (kThreads - 1));
}

TEST_F(GroupCommit, RefusesATransactionInsideATransaction) {
  const auto said = at_once([&](Transaction& t, int thread) {
    insert(t, lamp(0, thread));
    if (thread == 3) database_->write([](Transaction&) {});
  });
  EXPECT_THAT(said[3], testing::HasSubstr("inside a transaction"));
  EXPECT_EQ(count(), kThreads - 1);
}

TEST_F(GroupCommit, ManyThreadsLoseNothingAndKeepNothingThatFailed) {
  constexpr int kEach = 60;
  std::atomic<int> failed{0};
  std::vector<std::thread> threads;
  for (int thread = 0; thread < kThreads; ++thread)
    threads.emplace_back([&, thread] {
      for (int i = 0; i < kEach; ++i) {
        const auto result = attempt([&] {
          database_->write([&](Transaction& t) {
            insert(t, lamp(i, thread));
            if ((i + thread) % 4 == 0) throw Error{Errc::denied, lamp(i, thread)};
          });
          // Acknowledged is durable: another connection sees it.
          return Database{folder_ / "state.db"}.read([&](Transaction& t) {
            return t.query_one("SELECT state FROM lamp WHERE serial = ?", {lamp(i, thread)})->integer(0);
          });
        });
        const auto* error = std::get_if<Error>(&result);
        EXPECT_EQ(error != nullptr, (i + thread) % 4 == 0);
        EXPECT_EQ(error != nullptr ? error->what() : lamp(i, thread), lamp(i, thread));
        failed += error != nullptr ? 1 : 0;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failed, kThreads * kEach / 4);
  EXPECT_EQ(count(), kThreads * kEach - failed);
}

}  // namespace
}  // namespace lamp::store
