#include "lib/audit/log.hpp"

#include <botan/auto_rng.h>
#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <gmock/gmock.h>
#include <stdlib.h>

#include "lib/audit/note.hpp"
#include "lib/audit/sequencer.hpp"
#include "lib/audit/stored.hpp"
#include "lib/audit/tiles.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::audit {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

const Instant kNoon = parse_instant("2026-11-22T12:00:00Z");

class LogTest : public testing::Test {
 protected:
  LogTest() {
    std::string pattern = testing::TempDir() + "lamp-audit-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
    database_ = std::make_unique<store::Database>(folder_ / "state.db");
    database_->migrate(schema());
    place_ = {folder_ / "log", "test.example/log"};
  }
  ~LogTest() override { fs::remove_all(folder_); }

  void act(int times, Instant now = kNoon) {
    database_->write([&](store::Transaction& t) {
      for (int i = 0; i < times; ++i)
        record(t, {"officer-1", "ca.issue", "SL-" + std::to_string(++acts_), {{"profile", "idevid"}}}, now, rng_);
    });
  }
  std::uint64_t carry_on(Instant now = kNoon) { return sequence(*database_, place_, key_, now, rng_); }
  [[nodiscard]] std::vector<std::string> objections() { return verify(*database_, place_, key_).objections; }
  [[nodiscard]] std::string checkpoint() const { return read_text_file(place_.directory / "checkpoint"); }
  void change(const std::string& sql) {
    database_->write([&](store::Transaction& t) { t.execute(sql); });
  }

  fs::path folder_;
  Botan::AutoSeeded_RNG rng_;
  Botan::ECDSA_PrivateKey key_{rng_, Botan::EC_Group::from_name("secp256r1")};
  std::unique_ptr<store::Database> database_;
  LogPlace place_;
  int acts_ = 0;
};

TEST_F(LogTest, IsWholeWhenItIsEmpty) {
  EXPECT_EQ(carry_on(), 0U);
  EXPECT_THAT(objections(), testing::IsEmpty());
}

TEST_F(LogTest, HoldsEveryRecordInTheOrderOfTheActs) {
  act(2);
  EXPECT_EQ(carry_on(), 2U);
  act(1, kNoon + seconds{5});
  EXPECT_EQ(carry_on(), 3U);
  const auto all = entries(*database_);
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].event.subject, "SL-3");
  EXPECT_EQ(all[2].at, kNoon + seconds{5});
  EXPECT_EQ(all[2].event.details.at(0).second, "idevid");
  EXPECT_EQ(entries(*database_, 2).size(), 1U);
  EXPECT_THAT(objections(), testing::IsEmpty());
}

TEST_F(LogTest, StaysTheSameWhenThereIsNothingToAdd) {
  act(1);
  carry_on();
  const auto before = checkpoint();
  carry_on();
  EXPECT_EQ(checkpoint(), before);
}

TEST_F(LogTest, GrowsOverTileBorders) {
  for (const int more : {255, 1, 1, 300}) {
    act(more);
    carry_on();
    EXPECT_THAT(objections(), testing::IsEmpty()) << acts_;
  }
  EXPECT_TRUE(fs::exists(place_.directory / "tile/0/001"));
  EXPECT_FALSE(fs::exists(place_.directory / "tile/0/000.p"));
}

TEST_F(LogTest, SaysWhatStillWaits) {
  act(1);
  carry_on();
  act(2);
  EXPECT_THAT(objections(), testing::ElementsAre(testing::StartsWith("2 records wait in the outbox")));
}

TEST_F(LogTest, RefusesAClockBeforeItsCheckpoint) {
  act(1);
  carry_on();
  EXPECT_THROW(act(1, kNoon - seconds{3600}), Error);
  act(1);
  EXPECT_THROW(carry_on(kNoon - seconds{3600}), Error);
  EXPECT_EQ(carry_on(kNoon + seconds{1}), 2U);
}

TEST_F(LogTest, CompletesWhatAFailureLeftAtEveryWrite) {
  act(254);
  carry_on();
  act(300);
  for (int fatal = 0;; ++fatal) {
    int writes = 0;
    const auto outcome = attempt([&] {
      return sequence(*database_, place_, key_, kNoon, rng_, [&](const fs::path& path, ByteView content) {
        if (writes++ == fatal) throw Error{Errc::unavailable, "the disk is full"};
        publish(path, content);
      });
    });
    if (std::holds_alternative<std::uint64_t>(outcome)) {
      EXPECT_GE(fatal, 7);
      break;
    }
    act(1);  // what is recorded meanwhile comes after
  }
  EXPECT_THAT(objections(), testing::IsEmpty());
}

TEST_F(LogTest, RefusesToGrowOverAChangedTile) {
  act(3);
  carry_on();
  auto tile = read_file(place_.directory / "tile/0/000.p/3");
  tile[0] ^= 1;
  publish(place_.directory / "tile/0/000.p/3", tile);
  act(1);
  EXPECT_THROW(carry_on(), Error);
}

TEST_F(LogTest, RefusesADatabaseThatIsOlderThanTheLog) {
  act(3);
  carry_on();
  change("DELETE FROM audit_record WHERE entry = 2");
  EXPECT_THROW(carry_on(), Error);
}

TEST_F(LogTest, RefusesALogThatWasSetBackAndForked) {
  act(2);
  carry_on();
  const auto early = checkpoint();
  act(1);
  carry_on();
  publish(place_.directory / "checkpoint", early);
  change("UPDATE audit_record SET event = x'00' WHERE entry = 2");
  EXPECT_THROW(carry_on(), Error);
}

struct Tampering {
  const char* name;
  const char* sql;
  const char* file;  ///< of which one byte is changed
  const char* says;
};
void PrintTo(const Tampering& c, std::ostream* os) { *os << c.name; }

class TamperedLog : public LogTest, public testing::WithParamInterface<Tampering> {};

TEST_P(TamperedLog, IsFoundOut) {
  act(258);
  carry_on();
  if (GetParam().sql != nullptr) change(GetParam().sql);
  if (GetParam().file != nullptr) {
    auto content = read_file(place_.directory / GetParam().file);
    content[content.size() - 3] ^= 1;
    publish(place_.directory / GetParam().file, content);
  }
  EXPECT_THAT(objections(), testing::Contains(testing::HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(
    Log, TamperedLog,
    testing::Values(Tampering{"ChangedRecord", "UPDATE audit_record SET event = x'a0' WHERE entry = 7", nullptr,
                              "entry 7: the record was altered"},
                    Tampering{"ChangedSalt", "UPDATE audit_record SET salt = x'00' WHERE entry = 0", nullptr,
                              "entry 0: the record was altered"},
                    Tampering{"RemovedRecord", "DELETE FROM audit_record WHERE entry = 100", nullptr,
                              "entry 100: no record"},
                    Tampering{"UnsequencedRecord", "UPDATE audit_record SET entry = NULL WHERE entry = 257", nullptr,
                              "entry 257: no record"},
                    Tampering{"OtherCheckpointRow", "UPDATE audit_checkpoint SET root = zeroblob(32)", nullptr,
                              "not those of their checkpoint"},
                    Tampering{"ChangedTile", nullptr, "tile/0/000", "tile/0/000: is not what the entries lead to"},
                    Tampering{"ChangedPartialTile", nullptr, "tile/0/001.p/2", "tile/0/001.p/2: is not what"},
                    Tampering{"ChangedUpperTile", nullptr, "tile/1/000.p/1", "tile/1/000.p/1: is not what"},
                    Tampering{"ChangedEntry", nullptr, "tile/entries/000", "the entries do not lead to its root"},
                    Tampering{"ChangedCheckpoint", nullptr, "checkpoint", "checkpoint: "}),
    [](const auto& given) { return given.param.name; });

TEST_F(LogTest, IsNotTheLogOfAnotherKeyOrName) {
  act(1);
  carry_on();
  const Botan::ECDSA_PrivateKey other{rng_, Botan::EC_Group::from_name("secp256r1")};
  EXPECT_FALSE(verify(*database_, place_, other).acceptable());
  EXPECT_FALSE(verify(*database_, {place_.directory, "other.example/log"}, key_).acceptable());
}

TEST_F(LogTest, ProvesARecordToWhoeverHasTheKeyOnly) {
  act(300);
  carry_on();
  const auto proof = prove(*database_, place_, 258);
  const auto blank = proof.find("\n\n");
  const auto note = parse_note(std::string_view{proof}.substr(blank + 2));
  ASSERT_TRUE(verify_note(note, place_.origin, key_).acceptable());
  const auto checkpoint = parse_checkpoint(note.text);
  const auto lines = split(std::string_view{proof}.substr(0, blank), '\n');
  EXPECT_EQ(lines.at(0), "c2sp.org/tlog-proof@v1");
  EXPECT_EQ(lines.at(2), "index 258");
  std::vector<Hash> path;
  for (std::size_t i = 3; i < lines.size(); ++i) path.push_back(to_hash(from_base64(lines[i])));
  const auto opening = from_base64(lines.at(1).substr(6));
  cbor::Reader reader{opening};
  reader.array(2);
  const auto salt = reader.bytes();
  const auto event = reader.bytes();
  EXPECT_EQ(decode_event(event).second.subject, "SL-259");
  EXPECT_TRUE(
      check_inclusion(258, checkpoint.size, leaf_hash(commitment_of(salt, event)), checkpoint.root, path).acceptable());
}

TEST_F(LogTest, HasNoProofForWhatIsNotInIt) {
  EXPECT_THROW((void)prove(*database_, place_, 0), Error);
  act(1);
  EXPECT_THROW((void)prove(*database_, place_, 0), Error);
  carry_on();
  EXPECT_NO_THROW((void)prove(*database_, place_, 0));
  EXPECT_THROW((void)prove(*database_, place_, 1), Error);
}

}  // namespace
}  // namespace lamp::audit
