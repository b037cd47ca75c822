// For each rule of the linter about revocation lists one that breaks it.
#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <set>

#include "lib/pki/crl.hpp"
#include "lib/pki/lint.hpp"
#include "lib/pki/tbs.hpp"
#include "tests/pki/small_ca.hpp"
#include "tests/pki/tbs_parts.hpp"

namespace lamp::pki {
namespace {

using test::item;
using test::ListParts;
using testing::Contains;
using testing::IsEmpty;

constexpr const char* kNumber = "551d14";
constexpr const char* kReason = "551d15";
constexpr const char* kIssuerKeyId = "551d23";

std::vector<std::string> rules(const std::vector<Finding>& findings) {
  std::vector<std::string> names;
  for (const auto& finding : findings) names.push_back(finding.rule);
  return names;
}

struct SpoiledList {
  const char* name;
  const char* rule;
  void (*spoil)(ListParts&);
};
void PrintTo(const SpoiledList& c, std::ostream* os) { *os << c.name; }

/// One entry: serial number, time, entry extensions.
Bytes entry(const std::string& serial, const std::string& extensions = {}) {
  return item(0x30, hex(item(0x02, serial)) + hex(item(0x17, as_bytes("261122130000Z"))) +
                        (extensions.empty() ? "" : hex(item(0x30, extensions))));
}

std::string reason(const std::string& code) { return hex(test::extension(kReason, false, "0a01" + code)); }

void replace(std::vector<Bytes>& extensions, const std::string& oid, const std::string& content) {
  for (auto& one : extensions)
    if (hex(one).find("0603" + oid) != std::string::npos) one = test::extension(oid, false, content);
}

const std::vector<SpoiledList>& spoiled_lists() {
  static const std::vector<SpoiledList> all{
      {"VersionOne", "rfc5280.crl.version", [](ListParts& l) { l.version.clear(); }},
      {"OuterAlgorithm", "rfc5280.signature.same",
       [](ListParts& l) { l.outer_algorithm = encode_algorithm("1.2.840.10045.4.3.3"); }},
      {"Algorithm", "rfc5280.signature.algorithm",
       [](ListParts& l) { l.algorithm = encode_algorithm("1.2.840.10045.4.3.4"); }},
      {"Issuer", "rfc5280.issuer.name", [](ListParts& l) { l.issuer = from_hex("3000"); }},
      {"NoEnd", "rfc5280.crl.next-update", [](ListParts& l) { l.next_update.clear(); }},
      {"EndsFirst", "rfc5280.crl.order", [](ListParts& l) { l.next_update = item(0x17, as_bytes("251122130000Z")); }},
      {"OddTime", "rfc5280.time.form", [](ListParts& l) { l.this_update = item(0x17, as_bytes("2611221300Z")); }},
      {"NoNumber", "rfc5280.crl.number",
       [](ListParts& l) {
         std::erase_if(l.extensions, [](const Bytes& e) { return hex(e).find("0603551d14") != std::string::npos; });
       }},
      {"NegativeNumber", "rfc5280.crl.number", [](ListParts& l) { replace(l.extensions, kNumber, "0201ff"); }},
      {"NumberOf21", "rfc5280.crl.number",
       [](ListParts& l) { replace(l.extensions, kNumber, hex(item(0x02, "40" + std::string(40, '0')))); }},
      {"NoKeyId", "rfc5280.aki.key-id", [](ListParts& l) { replace(l.extensions, kIssuerKeyId, "3000"); }},
      {"EmptySequence", "rfc5280.crl.empty", [](ListParts& l) { l.entries.clear(), l.keep_empty_entries = true; }},
      {"SerialTwice", "rfc5280.crl.once", [](ListParts& l) { l.entries = {entry("11"), entry("11")}; }},
      {"SerialOf21", "rfc5280.serial.length", [](ListParts& l) { l.entries = {entry("40" + std::string(40, '0'))}; }},
      {"ReasonZero", "rfc5280.crl.reason", [](ListParts& l) { l.entries = {entry("11", reason("00"))}; }},
      {"ReasonSeven", "rfc5280.crl.reason", [](ListParts& l) { l.entries = {entry("11", reason("07"))}; }},
      {"ReasonEleven", "rfc5280.crl.reason", [](ListParts& l) { l.entries = {entry("11", reason("0b"))}; }},
      {"RemovedInFullList", "rfc5280.crl.reason", [](ListParts& l) { l.entries = {entry("11", reason("08"))}; }},
      {"ReasonTwice", "rfc5280.extension.once",
       [](ListParts& l) { l.entries = {entry("11", reason("01") + reason("01"))}; }},
      {"UnknownCritical", "rfc5280.extension.unknown",
       [](ListParts& l) { l.extensions.push_back(test::extension("2a0304", true, "0500")); }},
      {"PointNotCritical", "rfc5280.extension.critical",
       [](ListParts& l) { l.extensions.push_back(test::extension("551d1c", false, "3000")); }},
      {"NotShortest", "rfc5280.der", [](ListParts& l) { l.version = from_hex("02020001"); }},
  };
  return all;
}

class LintListTest : public testing::Test {
 protected:
  test::SmallCa ca_;
};

class LintListBySpoiling : public LintListTest, public testing::WithParamInterface<SpoiledList> {};

TEST_P(LintListBySpoiling, IsFound) {
  const auto list = make_list(ca_.database(), ca_.issuing(), 7, test::kNow, test::rng(),
                              [](store::Transaction&, const RevocationList&) {})
                        .der;
  ASSERT_TRUE(is_revocation_list(list));
  ASSERT_THAT(rules(lint_list(list, ca_.issuing().facts())), IsEmpty());
  auto parts = ListParts::of(list);
  parts.entries = {entry("10", reason("01"))};
  ASSERT_THAT(rules(lint_list(parts.der(), ca_.issuing().facts())), IsEmpty());
  GetParam().spoil(parts);
  EXPECT_THAT(rules(lint_list(parts.der(), ca_.issuing().facts())), Contains(GetParam().rule));
}

INSTANTIATE_TEST_SUITE_P(Table, LintListBySpoiling, testing::ValuesIn(spoiled_lists()),
                         [](const auto& test_case) { return std::string{test_case.param.name}; });

TEST(LintListRules, HaveABadListEach) {
  std::set<std::string_view> shown{"rfc5280.crl.issuer"};  // below
  for (const auto& one : spoiled_lists()) shown.insert(one.rule);
  for (const auto& rule : lint_rules()) {
    EXPECT_TRUE(!rule.name.starts_with("rfc5280.crl.") || shown.contains(rule.name)) << rule.name;
  }
  for (const auto& rule : shown) EXPECT_NE(clause_of(rule), "the profile") << rule;
}

TEST_F(LintListTest, TellsWhenTheIssuerSignsNoLists) {
  auto issuer = *ca_.issuing().facts();
  issuer.signs_lists = false;
  const auto list = make_list(ca_.database(), ca_.issuing(), 7, test::kNow, test::rng(),
                              [](store::Transaction&, const RevocationList&) {});
  EXPECT_THAT(rules(lint_list(list.der, &issuer)), Contains("rfc5280.crl.issuer"));
}

}  // namespace
}  // namespace lamp::pki
