#include "cli/ca/batch_rows.hpp"

#include <gmock/gmock.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::cli {
namespace {

using testing::HasSubstr;

class BatchRowsTest : public testing::Test {
 protected:
  std::vector<pki::BatchItem> read(const std::string& name, const std::string& text) {
    const auto file = directory_ / name;
    publish(file, text);
    BatchRows rows{file};
    std::vector<pki::BatchItem> all;
    while (auto item = rows.next()) all.push_back(std::move(*item));
    EXPECT_EQ(rows.offset(), text.size());
    return all;
  }
  static std::string rule(const pki::BatchItem& item) { return item.refusal ? item.refusal->rule : ""; }
  test::TemporaryDirectory directory_;
};

TEST_F(BatchRowsTest, ReadsQuotedFieldsWithCommasLineEndsAndQuotationMarks) {
  const auto items = read("a.csv",
                          "public_key,serial,order\r\nMAA=,\"a, \"\"b\"\"\",\"7\"\r\n"
                          "\"-----BEGIN PUBLIC KEY-----\nMAA=\n-----END PUBLIC KEY-----\n\",c,\n");
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(items[0].subject.at("serial"), "a, \"b\"");
  EXPECT_EQ(items[0].order, "7");
  EXPECT_EQ(items[1].public_key_info, (Bytes{0x30, 0x00}));
  EXPECT_FALSE(items[1].refusal);
  EXPECT_EQ(items[1].row, 2U);
}

struct Hostile {
  const char* name;
  std::string row;
  std::string rule;
};
void PrintTo(const Hostile& c, std::ostream* out) { *out << c.name; }

class HostileCsvRows : public BatchRowsTest, public testing::WithParamInterface<Hostile> {};

TEST_P(HostileCsvRows, AreRefusedAndTheNextIsRead) {
  const auto items = read("a.csv", "public_key,serial\n" + GetParam().row + "\nMAA=,good\n");
  ASSERT_GE(items.size(), 2U);
  EXPECT_EQ(rule(items.front()), GetParam().rule);
  EXPECT_EQ(rule(items.back()), "");
  EXPECT_EQ(items.back().subject.at("serial"), "good");
}

INSTANTIATE_TEST_SUITE_P(
    Rows, HostileCsvRows,
    testing::Values(Hostile{"OpenQuotationMark", "MAA=,\"open", "batch.row.quotes"},
                    Hostile{"OpenQuotationMarkOfAHugeField", "MAA=,\"" + std::string(70000, 'x'), "batch.row.size"},
                    Hostile{"HugeField", "MAA=," + std::string(70000, 'x'), "batch.row.size"},
                    Hostile{"TextAfterQuotes", "MAA=,\"a\"b", "batch.row.quotes"},
                    Hostile{"QuotesInside", "MAA=,a\"b", "batch.row.quotes"},
                    Hostile{"Nul", std::string{"MAA=,a\0b", 8}, "batch.row.text"},
                    Hostile{"NoUtf8", "MAA=,a\xFF", "batch.row.text"},
                    Hostile{"TooFewFields", "MAA=", "batch.row.fields"},
                    Hostile{"TooManyFields", "MAA=,a,b", "batch.row.fields"}, Hostile{"NoKey", ",a", "batch.row.key"},
                    Hostile{"NoBase64", "???,a", "batch.row.key"}),
    [](const testing::TestParamInfo<Hostile>& each) { return each.param.name; });

TEST_F(BatchRowsTest, RefusesJsonThatIsNoObjectOfTexts) {
  const auto items = read("a.jsonl",
                          "{\"public_key\":\"MAA=\",\"serial\":\"a\"}\n[]\n{\"serial\":7}\nno json\n"
                          "{\"public_key\":\"MAA=\",\"serial\":\"a\",\"serial\":\"b\"}\n\n{\"public_key\":\"MAA=\"}");
  ASSERT_EQ(items.size(), 6U);
  EXPECT_EQ(rule(items[0]), "");
  for (const std::size_t bad : {1U, 2U, 3U, 4U}) EXPECT_EQ(rule(items[bad]), "batch.row.json");
  EXPECT_EQ(items[4].refusal->field, "serial");
  EXPECT_EQ(rule(items[5]), "");
}

TEST_F(BatchRowsTest, RefusesAFileWhoseColumnsCannotBeKnown) {
  for (const auto* header : {"", "serial\n", "csr,serial,serial\n", "csr,,serial\n"})
    EXPECT_TRUE(std::holds_alternative<Error>(attempt([&] { return read("a.csv", header); }))) << header;
  EXPECT_TRUE(std::holds_alternative<Error>(attempt([&] { return read("a.txt", "csr\n"); })));
}

TEST_F(BatchRowsTest, GoesOnWhereItStopped) {
  const auto file = directory_ / "a.csv";
  publish(file, std::string_view{"public_key,serial\nMAA=,a\nMAA=,b\nMAA=,c\n"});
  BatchRows first{file};
  (void)first.next();
  BatchRows second{file};
  second.resume(first.count(), first.offset());
  const auto item = second.next();
  ASSERT_TRUE(item);
  EXPECT_EQ(item->row, 2U);
  EXPECT_EQ(item->subject.at("serial"), "b");
}

}  // namespace
}  // namespace lamp::cli
