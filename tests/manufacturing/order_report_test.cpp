#include "manufacturing/order_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manufacturing/handover.hpp"
#include "manufacturing/journal.hpp"
#include "manufacturing/label_journal.hpp"
#include "manufacturing/order_report_page.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::manufacturing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const Instant kNow = from_unix_seconds(1'795'000'000);

ReportedUnit unit(unsigned n, const std::string& state = "done") {
  ReportedUnit made;
  made.serial = "SL-26-00000" + std::to_string(n);
  made.model = "smart-lamp";
  made.chip_id = "c" + std::to_string(n);
  made.mac = MacAddress::from_number(0x00005e005300ULL + n);
  made.state = state;
  made.certificate_serial = "0" + std::to_string(n);
  made.certificate = Bytes(40, static_cast<std::uint8_t>(n));
  made.block_digest = Bytes(32, 1);
  made.lock = "locked, debug port locked";
  made.proof =
      LockProof{Bytes(32, static_cast<std::uint8_t>(0x60 + n)), Lifecycle::locked, DebugPort::locked, Bytes(64, 0xab)};
  made.steps = {{"reserve", kNow, "1-1"}, {"done", kNow + std::chrono::seconds{3}, "1-1"}};
  if (state == "scrapped") made.scrap = {"ann", kNow, "<broken> & bent"};
  return made;
}

OrderReport report() {
  OrderReport made;
  made.site = "demo";
  made.station = "line1";
  made.program = "test";
  made.made_at = kNow;
  made.made_by = "ann";
  made.order = to_bytes("order");
  made.approvals = {to_bytes("approval")};
  made.closed = kNow;
  made.counts = {3, 2, 1, 1};
  made.units = {unit(1), unit(2, "scrapped")};
  made.units[0].answer = {"accepted", kNow, ""};
  made.units[0].label_checked = kNow;
  made.log = OrderReport::Log{"demo/log", 7, Bytes(32, 9)};
  made.issuers = {to_bytes("authority")};
  return made;
}

TEST(OrderReports, ComeBackAsTheyWereWritten) {
  const auto encoded = report().encoded();
  const auto read = OrderReport::parse(encoded);
  EXPECT_EQ(read.encoded(), encoded);
  EXPECT_EQ(read.units.at(1).scrap->reason, "<broken> & bent");
  EXPECT_EQ(read.units.at(0).steps.at(1).step, "done");
  EXPECT_EQ(read.log->size, 7U);
  EXPECT_EQ(read.closed, kNow);
  EXPECT_EQ(read.units.at(0).proof, report().units.at(0).proof);
  EXPECT_EQ(read.issuers, report().issuers);
}

TEST(OrderReports, CutShortAnywhereAreRefused) {
  const auto whole = report().encoded();
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_THROW((void)OrderReport::parse(ByteView{whole}.first(size)), Error) << size;
}

TEST(OrderReports, WithAByteChangedAreRefusedOrSaySomethingElse) {
  const auto whole = report().encoded();
  for (std::size_t at = 0; at < whole.size(); ++at) {
    auto changed = whole;
    changed[at] ^= 1U;
    const auto read = attempt([&] { return OrderReport::parse(changed); });
    const auto* other = std::get_if<OrderReport>(&read);
    EXPECT_TRUE(other == nullptr || other->encoded() == changed) << at;
  }
}

TEST(OrderReports, ThatAgreeWithThemselvesHold) { EXPECT_THAT(judge_report(report()).objections, IsEmpty()); }

struct Contradiction {
  const char* name;
  void (*change)(OrderReport&);
  const char* says;
};
void PrintTo(const Contradiction& c, std::ostream* os) { *os << c.name; }

class Contradicting : public testing::TestWithParam<Contradiction> {};

TEST_P(Contradicting, IsRefused) {
  auto changed = report();
  GetParam().change(changed);
  EXPECT_THAT(judge_report(changed).objections, testing::Contains(HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(
    Report, Contradicting,
    testing::Values(
        Contradiction{"Counts", [](OrderReport& r) { r.counts.done = 2; }, "the counts say 2 begun, 2 done"},
        Contradiction{"TooMany", [](OrderReport& r) { r.counts.total = 1; }, "2 units were begun of 1"},
        Contradiction{"SerialTwice", [](OrderReport& r) { r.units[1].serial = r.units[0].serial; }, "serial number"},
        Contradiction{"ChipTwice", [](OrderReport& r) { r.units[1].chip_id = r.units[0].chip_id; }, "chip"},
        Contradiction{"AddressTwice", [](OrderReport& r) { r.units[1].mac = r.units[0].mac; }, "address"},
        Contradiction{"CertificateTwice", [](OrderReport& r) { r.units[1].certificate = r.units[0].certificate; },
                      "certificate"},
        Contradiction{"NonceTwice", [](OrderReport& r) { r.units[1].proof->nonce = r.units[0].proof->nonce; },
                      "its lock's nonce is there twice"},
        Contradiction{"Unsigned", [](OrderReport& r) { r.units[0].proof.reset(); },
                      "without the device's signature that it is locked"},
        Contradiction{"Unlocked", [](OrderReport& r) { r.units[0].lock = "unproven"; }, "that it is locked"},
        Contradiction{"Uncertified", [](OrderReport& r) { r.units[0].certificate.clear(); }, "without a certificate"},
        Contradiction{"Empty", [](OrderReport& r) { r.units[0].block_digest.clear(); }, "without a credential block"},
        Contradiction{"ScrapWithoutNote", [](OrderReport& r) { r.units[1].scrap.reset(); }, "disagree"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

TEST(ReportPages, ShowEveryUnitAndQuoteWhatPeopleWrote) {
  PageSeal seal;
  seal.order_id = "order-1";
  seal.approved_by = {"officer-1"};
  const auto page = report_page(report(), seal);
  EXPECT_THAT(page, HasSubstr("SL-26-000001"));
  EXPECT_THAT(page, HasSubstr("&lt;broken&gt; &amp; bent"));
  EXPECT_THAT(page, HasSubstr("50.0 %"));
  EXPECT_THAT(page, HasSubstr("locked, debug port locked; nonce 6161"));
  EXPECT_THAT(page, HasSubstr("signature abab"));
}

TEST(ReportPages, FetchNothingAndRunNothing) {
  const auto page = report_page(report(), {});
  for (const char* word : {"<script", "http:", "https:", "src=", "href=", "url(", "@import"})
    EXPECT_THAT(page, Not(HasSubstr(word))) << word;
}

class Collected : public testing::Test {
 protected:
  Collected() {
    database_.migrate(journal_schema());
    database_.migrate(label_schema());
    order_ = {"order-1", "demo", "line1", Bytes(32, 9), kNow, kNow + std::chrono::days{30}, {}, {}};
    order_.lines.push_back({"smart-lamp", 2, Bytes(32, 1), "SL-26-", 5, MacAddress::parse("00:00:5e:00:53:05")});
    database_.write([&](store::Transaction& t) {
      (void)import_order(t, order_, kNow);
      for (std::int64_t n = 5; n < 7; ++n)
        t.execute(
            "INSERT INTO unit (chip_id, order_id, model, serial, mac, state, port, spki, certificate_serial, tbs, "
            "certificate, block_digest, escrow, claim_salt, claim_verifier, lock_answer, updated) VALUES "
            "(?, 'order-1', 'smart-lamp', ?, ?, 6, '1-1', ?, '01', ?, ?, ?, ?, ?, ?, 'locked', 0)",
            {"c" + std::to_string(n), "SL-26-00000" + std::to_string(n), 0x5e005300 + n, Bytes{}, Bytes{},
             to_bytes("certificate"), Bytes(32, 1), to_bytes("boxes"), Bytes{}, Bytes{}});
    });
  }
  void answer(const std::string& serial, SyncState state, const std::string& why = {}) {
    database_.write([&](store::Transaction& t) { keep_answer(t, serial, state, why, kNow); });
  }
  Unit unit_of(const std::string& serial) {
    return *database_.read([&](store::Transaction& t) { return find_unit(t, serial); });
  }
  test::TemporaryDirectory folder_;
  store::Database database_{folder_ / "state.db"};
  Order order_;
};

TEST_F(Collected, AreTheOrdersUnitsWithLabelsAndAnswers) {
  answer("SL-26-000005", SyncState::accepted);
  database_.write([](store::Transaction& t) {
    (void)note_print(t, "SL-26-000006", {0, kNow, "ann", "svg", ""});
    note_check(t, "SL-26-000006", Checked::agreed, "ann", "", kNow);
  });
  const auto made = database_.read([&](store::Transaction& t) { return collect_report(t, order_, {}); });
  ASSERT_EQ(made.units.size(), 2U);
  EXPECT_EQ(made.counts, (OrderReport::Counts{2, 2, 2, 0}));
  EXPECT_EQ(made.units[0].answer->by, "accepted");
  EXPECT_EQ(made.units[1].label_prints, 1U);
  EXPECT_EQ(made.units[1].label_checked, kNow);
  EXPECT_EQ(made.order, order_.canonical());
}

TEST_F(Collected, AnAcceptanceGivesTheEscrowCopyUpAndIsForGood) {
  answer("SL-26-000005", SyncState::accepted);
  EXPECT_THAT(unit_of("SL-26-000005").escrow, IsEmpty());
  answer("SL-26-000005", SyncState::parked, "late");
  const auto made = database_.read([&](store::Transaction& t) { return collect_report(t, order_, {}); });
  EXPECT_EQ(made.units[0].answer->by, "accepted");
  ASSERT_EQ(made.units[0].steps.size(), 1U);
  EXPECT_EQ(made.units[0].steps[0].step, "escrow-handed-over");
}

TEST_F(Collected, AParkedRecordKeepsItsEscrowCopy) {
  answer("SL-26-000005", SyncState::parked, "why");
  EXPECT_EQ(unit_of("SL-26-000005").escrow, to_bytes("boxes"));
  EXPECT_EQ(database_.read([](store::Transaction& t) { return count_waiting(t, ""); }), 1U);
}

TEST_F(Collected, AnAnswerForAStrangerIsRefused) { EXPECT_THROW(answer("SL-26-000099", SyncState::accepted), Error); }

}  // namespace
}  // namespace lamp::manufacturing
