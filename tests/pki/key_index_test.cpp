#include "lib/pki/key_index.hpp"

#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/records.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::pki {
namespace {

/// Two processes' views of one register.
class KeyIndexTest : public testing::Test {
 protected:
  KeyIndexTest() { mine_.migrate(schema()); }

  static Record record(int number) {
    Record r;
    r.authority = "issuing";
    r.serial = std::to_string(number);
    r.key = std::to_string(1000 + number) + std::string(60, 'a');
    return r;
  }

  /// False when another holds the key.
  static bool add(store::Transaction& t, FreshKeys& keys, const Record& r) {
    if (keys.is_held(t, r)) return false;
    keys.hold(t, r);
    return true;
  }
  static bool add(store::Database& database, FreshKeys& keys, const Record& r) {
    const bool added = database.write([&](store::Transaction& t) {
      keys.begin(t);
      return add(t, keys, r);
    });
    keys.committed();
    return added;
  }

  std::optional<std::string> holder(const Record& r) {
    return mine_.read([&](store::Transaction& t) { return serial_of_key(t, r.authority, r.key); });
  }
  std::int64_t count(const std::string& table) {
    return mine_.read([&](store::Transaction& t) { return t.query_one("SELECT count(*) FROM " + table)->integer(0); });
  }

  test::TemporaryDirectory folder_;
  store::Database mine_{folder_ / "state.db"}, others_{folder_ / "state.db"};
  FreshKeys my_keys_{4}, their_keys_{4};
};

TEST_F(KeyIndexTest, FindsTheHolderOfAFreshKey) {
  ASSERT_TRUE(add(mine_, my_keys_, record(1)));
  EXPECT_EQ(holder(record(1)), "1");
  EXPECT_EQ(count("certificate_key"), 0);
}

TEST_F(KeyIndexTest, FilesFreshKeysWhenThereAreMany) {
  for (int i = 1; i <= 5; ++i) ASSERT_TRUE(add(mine_, my_keys_, record(i)));
  EXPECT_EQ(count("certificate_key"), 4);
  EXPECT_EQ(count("fresh_key"), 1);
  for (int i = 1; i <= 5; ++i) EXPECT_EQ(holder(record(i)), std::to_string(i));
}

TEST_F(KeyIndexTest, RefusesAKeyThatIsFresh) {
  ASSERT_TRUE(add(mine_, my_keys_, record(1)));
  auto same = record(1);
  same.serial = "2";
  EXPECT_FALSE(add(mine_, my_keys_, same));
  EXPECT_EQ(holder(record(1)), "1");
}

TEST_F(KeyIndexTest, RefusesAKeyTwiceInOneTransaction) {
  const bool again = mine_.write([&](store::Transaction& t) {
    my_keys_.begin(t);
    return add(t, my_keys_, record(1)) && add(t, my_keys_, record(1));
  });
  EXPECT_FALSE(again);
}

TEST_F(KeyIndexTest, GivesAnotherAuthorityTheSameKey) {
  auto same = record(1);
  same.authority = "other";
  ASSERT_TRUE(add(mine_, my_keys_, record(1)));
  EXPECT_TRUE(add(mine_, my_keys_, same));
  EXPECT_EQ(holder(same), "1");
}

TEST_F(KeyIndexTest, KnowsWhatAnotherBatchNoted) {
  ASSERT_TRUE(add(mine_, my_keys_, record(1)));
  ASSERT_TRUE(add(others_, their_keys_, record(2)));
  EXPECT_FALSE(add(mine_, my_keys_, record(2)));
  EXPECT_FALSE(add(others_, their_keys_, record(1)));
}

TEST_F(KeyIndexTest, KnowsThatAnotherBatchFiledAndNotedAnew) {
  ASSERT_TRUE(add(mine_, my_keys_, record(1)));
  for (int i = 2; i <= 5; ++i) ASSERT_TRUE(add(others_, their_keys_, record(i)));
  ASSERT_EQ(count("fresh_key"), 1);
  for (int i = 1; i <= 5; ++i) EXPECT_FALSE(add(mine_, my_keys_, record(i))) << i;
}

TEST_F(KeyIndexTest, ForgetsWhatWasNotCommitted) {
  ASSERT_TRUE(add(mine_, my_keys_, record(1)));
  EXPECT_ANY_THROW(mine_.write([&](store::Transaction& t) {
    my_keys_.begin(t);
    (void)add(t, my_keys_, record(2));
    // Filed, which is undone as well.
    (void)add(t, my_keys_, record(1));
    throw Error{Errc::unavailable, "the disk is full"};
  }));
  ASSERT_TRUE(add(others_, their_keys_, record(3)));
  EXPECT_FALSE(add(mine_, my_keys_, record(1)));
  EXPECT_FALSE(add(mine_, my_keys_, record(3)));
  EXPECT_TRUE(add(mine_, my_keys_, record(2)));
}

TEST_F(KeyIndexTest, FilesWhatABatchLeftBehindBeforeAnythingElse) {
  ASSERT_TRUE(add(others_, their_keys_, record(1)));
  mine_.write([&](store::Transaction& t) { hold_key(t, record(2)); });
  EXPECT_EQ(count("fresh_key"), 0);
  EXPECT_FALSE(add(others_, their_keys_, record(2)));
  EXPECT_FALSE(add(others_, their_keys_, record(1)));
}

TEST_F(KeyIndexTest, LetsGoOfAFreshKey) {
  ASSERT_TRUE(add(mine_, my_keys_, record(1)));
  others_.write([&](store::Transaction& t) { let_go_of_key(t, record(1)); });
  EXPECT_FALSE(holder(record(1)));
  EXPECT_TRUE(add(mine_, my_keys_, record(1)));
}

TEST_F(KeyIndexTest, LetsOnlyTheHolderGo) {
  ASSERT_TRUE(add(mine_, my_keys_, record(1)));
  auto former = record(1);
  former.serial = "0";
  mine_.write([&](store::Transaction& t) { let_go_of_key(t, former); });
  EXPECT_EQ(holder(record(1)), "1");
}

}  // namespace
}  // namespace lamp::pki
