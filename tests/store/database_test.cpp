#include "lib/store/database.hpp"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "lib/base/error.hpp"

namespace lamp::store {
namespace {

namespace fs = std::filesystem;

const Schema kLamps{"lamps", {"CREATE TABLE lamp (serial TEXT PRIMARY KEY, state BIGINT NOT NULL)"}};

class DatabaseTest : public testing::Test {
 protected:
  DatabaseTest() {
    std::string pattern = testing::TempDir() + "lamp-store-XXXXXX";
    folder_ = ::mkdtemp(pattern.data());
  }
  ~DatabaseTest() override { fs::remove_all(folder_); }
  [[nodiscard]] fs::path file() const { return folder_ / "state.db"; }
  [[nodiscard]] Database with_lamps() const {
    Database database{file()};
    database.migrate(kLamps);
    return database;
  }
  static std::int64_t count(Database& database) {
    return database.read([](Transaction& t) { return t.query_one("SELECT count(*) FROM lamp")->integer(0); });
  }

  fs::path folder_;
};

Errc code_of(const std::function<void()>& act) {
  const auto result = attempt([&] {
    act();
    return true;
  });
  EXPECT_TRUE(std::holds_alternative<Error>(result)) << "nothing was thrown";
  return std::holds_alternative<Error>(result) ? std::get<Error>(result).code() : Errc::internal;
}

std::string message_of(const std::function<void()>& act) {
  const auto result = attempt([&] {
    act();
    return true;
  });
  return std::holds_alternative<Error>(result) ? std::get<Error>(result).what() : "";
}

TEST_F(DatabaseTest, KeepsEveryKindOfValue) {
  Database database{file()};
  database.write([](Transaction& t) {
    t.execute("CREATE TABLE kind (n BIGINT, t TEXT, b BLOB, e BLOB, z TEXT)");
    t.execute("INSERT INTO kind VALUES (?, ?, ?, ?, ?)",
              {std::int64_t{-7}, std::string{"a\0b", 3}, Bytes{0, 255}, Bytes{}, std::monostate{}});
  });
  const auto row = database.read([](Transaction& t) { return *t.query_one("SELECT * FROM kind"); });
  EXPECT_EQ(row.integer(0), -7);
  EXPECT_EQ(row.text(1), std::string("a\0b", 3));
  EXPECT_EQ(row.blob(2), (Bytes{0, 255}));
  EXPECT_EQ(row.blob(3), Bytes{});
  EXPECT_TRUE(row.is_null(4));
  EXPECT_EQ(code_of([&] { (void)row.text(0); }), Errc::internal);
}

TEST_F(DatabaseTest, IsReadableByItsOwnerOnly) {
  const auto database = with_lamps();
  for (const auto& entry : fs::directory_iterator{folder_}) {
    struct stat info{};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 077U, 0U) << entry.path();
  }
}

TEST_F(DatabaseTest, UndoesWhatThrew) {
  auto database = with_lamps();
  EXPECT_EQ(code_of([&] {
              database.write([](Transaction& t) {
                t.execute("INSERT INTO lamp VALUES (?, ?)", {std::string{"SL-1"}, std::int64_t{1}});
                throw Error{Errc::denied, "no"};
              });
            }),
            Errc::denied);
  EXPECT_EQ(count(database), 0);
}

TEST_F(DatabaseTest, ReadingChangesNothing) {
  auto database = with_lamps();
  EXPECT_EQ(
      code_of([&] { database.read([](Transaction& t) { return t.execute("INSERT INTO lamp VALUES ('SL-1', 1)"); }); }),
      Errc::denied);
  EXPECT_EQ(count(database), 0);
}

TEST_F(DatabaseTest, TellsARepeatedKeyFromABug) {
  auto database = with_lamps();
  database.write([](Transaction& t) { t.execute("INSERT INTO lamp VALUES ('SL-1', 1)"); });
  EXPECT_EQ(code_of([&] { database.write([](Transaction& t) { t.execute("INSERT INTO lamp VALUES ('SL-1', 2)"); }); }),
            Errc::exists);
  EXPECT_EQ(
      code_of([&] { database.write([](Transaction& t) { t.execute("INSERT INTO lamp VALUES ('SL-2', NULL)"); }); }),
      Errc::internal);
}

TEST_F(DatabaseTest, CountsTheRowsThatAStatementChanged) {
  auto database = with_lamps();
  database.write([](Transaction& t) {
    EXPECT_EQ(t.execute("INSERT INTO lamp VALUES ('SL-1', 1), ('SL-2', 1)"), 2);
    EXPECT_EQ(t.execute("UPDATE lamp SET state = 2 WHERE serial = ?", {std::string{"SL-1"}}), 1);
    EXPECT_EQ(t.execute("UPDATE lamp SET state = 2 WHERE serial = ?", {std::string{"SL-9"}}), 0);
    EXPECT_EQ(t.execute("INSERT INTO lamp VALUES ('SL-1', 1) ON CONFLICT DO NOTHING"), 0);
  });
}

TEST_F(DatabaseTest, RunsWritersOfSeveralConnectionsOneAfterTheOther) {
  with_lamps().write([](Transaction& t) { t.execute("INSERT INTO lamp VALUES ('SL-1', 0)"); });
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 4; ++writer)
    writers.emplace_back([this] {
      Database database{file()};
      for (int i = 0; i < 25; ++i)
        database.write([](Transaction& t) {
          const auto state = t.query_one("SELECT state FROM lamp")->integer(0);
          t.execute("UPDATE lamp SET state = ?", {state + 1});
        });
    });
  for (auto& writer : writers) writer.join();
  Database database{file()};
  EXPECT_EQ(database.read([](Transaction& t) { return t.query_one("SELECT state FROM lamp")->integer(0); }), 100);
}

TEST_F(DatabaseTest, CarriesALongLogOverWhileTheWriterGoesOn) {
  constexpr std::size_t kRow = 1U << 20U, kRows = 250;
  {
    auto database = with_lamps();
    std::uintmax_t longest = 0;
    for (std::size_t row = 0; row < kRows; ++row) {
      database.write([&](Transaction& t) {
        t.execute("INSERT INTO lamp VALUES (?, 1)", {std::to_string(row) + std::string(kRow, 'x')});
      });
      longest = std::max(longest, fs::file_size(folder_ / "state.db-wal"));
    }
    // It began anew: all that was written, each row and its key, is more than twice as long.
    EXPECT_LT(longest, kRows * kRow);
    EXPECT_GT(fs::file_size(file()), kRows * kRow / 2);
    EXPECT_EQ(count(database), kRows);
  }
  Database database{file()};
  EXPECT_EQ(count(database), kRows);
}

TEST_F(DatabaseTest, IsMadeOnceWhenManyOpenItAtOnce) {
  std::vector<std::thread> openers;
  for (int opener = 0; opener < 8; ++opener)
    openers.emplace_back([this, opener] {
      auto database = with_lamps();
      database.write(
          [opener](Transaction& t) { t.execute("INSERT INTO lamp VALUES (?, 1)", {"SL-" + std::to_string(opener)}); });
    });
  for (auto& opener : openers) opener.join();
  Database database{file()};
  EXPECT_EQ(count(database), 8);
}

TEST_F(DatabaseTest, RefusesATransactionInsideATransaction) {
  auto database = with_lamps();
  EXPECT_EQ(code_of([&] { database.write([&](Transaction&) { database.write([](Transaction&) {}); }); }),
            Errc::internal);
  EXPECT_EQ(count(database), 0);
}

TEST_F(DatabaseTest, RunsOnlyTheStepsThatAreMissing) {
  (void)with_lamps();
  Schema later = kLamps;
  later.steps.push_back("ALTER TABLE lamp ADD COLUMN mac BIGINT; CREATE UNIQUE INDEX lamp_mac ON lamp (mac)");
  Database database{file()};
  database.migrate(later);
  database.migrate(later);
  database.write([](Transaction& t) { t.execute("INSERT INTO lamp VALUES ('SL-1', 1, 5)"); });
  EXPECT_THAT(message_of([&] { database.migrate(kLamps); }), testing::HasSubstr("newer version"));
  EXPECT_EQ(code_of([&] { database.migrate(kLamps); }), Errc::denied);
}

TEST_F(DatabaseTest, RefusesAFolderThatIsNotThereAndFilesOfOthers) {
  EXPECT_EQ(code_of([&] { Database{folder_ / "absent" / "state.db"}; }), Errc::not_found);
  std::ofstream{file()} << "this is a text file and long enough to have a header that is no header of a database\n";
  EXPECT_EQ(code_of([&] { Database{file()}; }), Errc::bad_input);
}

TEST_F(DatabaseTest, SaysThatTheDiskIsFullAndKeepsWhatWasThere) {
  auto database = with_lamps();
  database.write([](Transaction& t) {
    t.execute("INSERT INTO lamp VALUES ('SL-1', 1)");
    // SQLite treats the limit as it treats a full disk.
    (void)t.query("PRAGMA max_page_count=8");
  });
  const auto fill = [&] {
    database.write([](Transaction& t) { t.execute("INSERT INTO lamp VALUES (?, 1)", {std::string(100'000, 'x')}); });
  };
  EXPECT_EQ(code_of(fill), Errc::unavailable);
  EXPECT_THAT(message_of(fill), testing::HasSubstr("the disk is full"));
  EXPECT_EQ(count(database), 1);
}

}  // namespace
}  // namespace lamp::store
