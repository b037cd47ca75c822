// NIST's Public Key Interoperability Test Suite over the path validation that this project uses. Where the answer is
// another than the suite's, the table says why that is so; a row that is no longer true fails as well.
#include "lib/pki/path.hpp"

#include <botan/certstor.h>
#include <botan/x509cert.h>
#include <botan/x509path.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::pki {
namespace {

/// 2011-04-13T16:00:00Z, when the suite's certificates hold.
constexpr Instant kThen{std::chrono::seconds{1302739200}};
constexpr std::uint64_t kFileLimit = 1U << 20;

struct Deviation {
  std::string_view number, answer, reason;
};
constexpr std::string_view kDsa = "DSA is not among the algorithms that this project uses";
constexpr std::string_view kListKey =
    "Botan takes revocation lists by the issuer's key only; here the key that signs certificates signs lists too";
constexpr std::string_view kPolicy =
    "certificate policies are not processed: none are issued, and no relying party here asks for one";
constexpr std::string_view kPolicyCritical =
    "critical policy extensions are not processed, so what has them is refused";
constexpr std::string_view kEmptySubject = "Botan holds an empty subject against what directories are permitted";
constexpr std::string_view kDirectory =
    "Botan takes a subject that lacks an attribute of an excluded directory for one within it";
constexpr std::string_view kMailOrUri =
    "Botan knows no constraints on mail addresses and URIs and refuses what has them";
constexpr std::string_view kPoint = "distribution points are known by address only, not by directory name";
constexpr std::string_view kScope =
    "lists of limited scope, and indirect ones, are left out of account; none are issued";
constexpr std::string_view kDelta = "delta lists are left out of account; none are issued";
constexpr std::array kDeviations{
    Deviation{"4.1.4", "refuses", kDsa},
    Deviation{"4.1.5", "refuses", kDsa},
    Deviation{"4.4.19", "refuses", kListKey},
    Deviation{"4.5.1", "refuses", kListKey},
    Deviation{"4.5.4", "refuses", kListKey},
    Deviation{"4.5.6", "refuses", kListKey},
    Deviation{"4.6.15", "refuses", kListKey},
    Deviation{"4.6.17", "refuses", kListKey},
    Deviation{"4.13.19", "refuses", kListKey},
    Deviation{"4.8.1", "accepts", kPolicy},
    Deviation{"4.8.2", "accepts", kPolicy},
    Deviation{"4.8.3", "accepts", kPolicy},
    Deviation{"4.8.4", "accepts", kPolicy},
    Deviation{"4.8.5", "accepts", kPolicy},
    Deviation{"4.8.6", "accepts", kPolicy},
    Deviation{"4.8.7", "accepts", kPolicy},
    Deviation{"4.8.8", "accepts", kPolicy},
    Deviation{"4.8.9", "accepts", kPolicy},
    Deviation{"4.8.12", "accepts", kPolicy},
    Deviation{"4.8.14", "accepts", kPolicy},
    Deviation{"4.9.1", "refuses", kPolicyCritical},
    Deviation{"4.9.2", "refuses", kPolicyCritical},
    Deviation{"4.9.4", "refuses", kPolicyCritical},
    Deviation{"4.9.6", "refuses", kPolicyCritical},
    Deviation{"4.10.1.1", "refuses", kPolicyCritical},
    Deviation{"4.10.3", "refuses", kPolicyCritical},
    Deviation{"4.10.5", "refuses", kPolicyCritical},
    Deviation{"4.10.6", "refuses", kPolicyCritical},
    Deviation{"4.10.9", "refuses", kPolicyCritical},
    Deviation{"4.10.11", "refuses", kPolicyCritical},
    Deviation{"4.10.12", "refuses", kPolicyCritical},
    Deviation{"4.10.13", "refuses", kPolicyCritical},
    Deviation{"4.10.14", "refuses", kPolicyCritical},
    Deviation{"4.11.2", "refuses", kPolicyCritical},
    Deviation{"4.11.4", "refuses", kPolicyCritical},
    Deviation{"4.11.7", "refuses", kPolicyCritical},
    Deviation{"4.12.2", "refuses", kPolicyCritical},
    Deviation{"4.12.3", "refuses", kPolicyCritical},
    Deviation{"4.12.7", "refuses", kPolicyCritical},
    Deviation{"4.12.9", "refuses", kPolicyCritical},
    Deviation{"4.13.14", "refuses", kEmptySubject},
    Deviation{"4.13.18", "refuses", kDirectory},
    Deviation{"4.13.21", "refuses", kMailOrUri},
    Deviation{"4.13.23", "refuses", kMailOrUri},
    Deviation{"4.13.25", "refuses", kMailOrUri},
    Deviation{"4.13.27", "refuses", kMailOrUri},
    Deviation{"4.13.34", "refuses", kMailOrUri},
    Deviation{"4.13.36", "refuses", kMailOrUri},
    Deviation{"4.14.1", "refuses", kPoint},
    Deviation{"4.14.4", "refuses", kPoint},
    Deviation{"4.14.5", "refuses", kPoint},
    Deviation{"4.14.7", "refuses", kPoint},
    Deviation{"4.14.10", "refuses", kPoint},
    Deviation{"4.14.13", "refuses", kScope},
    Deviation{"4.14.18", "refuses", kScope},
    Deviation{"4.14.19", "refuses", kScope},
    Deviation{"4.14.22", "refuses", kScope},
    Deviation{"4.14.24", "refuses", kScope},
    Deviation{"4.14.25", "refuses", kScope},
    Deviation{"4.14.28", "refuses", kScope},
    Deviation{"4.14.29", "refuses", kScope},
    Deviation{"4.14.30", "refuses", kScope},
    Deviation{"4.14.33", "refuses", kScope},
    Deviation{"4.15.2", "refuses", kDelta},
    Deviation{"4.15.5", "refuses", kDelta},
    Deviation{"4.15.7", "refuses", kDelta},
    Deviation{"4.15.8", "refuses", kDelta},
};

class Pkits : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_ / "pkits-expected.json"))
      GTEST_SKIP() << "the published vectors are not in " << folder_;
    const auto archive = (folder_ / "pkits-certs-crls.tar.gz").string();
    ASSERT_EQ(std::system(("tar xzf '" + archive + "' -C '" + unpacked_.path().string() + "'").c_str()), 0);
  }
  Bytes file(const std::string& kind, const std::string& name, const std::string& extension) {
    return read_file(unpacked_ / kind / (name + extension), kFileLimit);
  }
  /// "accepted", or why not.
  std::string answer(const nlohmann::json& test) {
    const auto judged = attempt([&]() -> std::string {
      std::vector<std::string> names = test.at("certs");
      Botan::Certificate_Store_In_Memory anchors;
      anchors.add_certificate(Botan::X509_Certificate{file("certs", names.front(), ".crt")});
      std::vector<Botan::X509_Certificate> chain;
      for (auto name = names.rbegin(); name + 1 != names.rend(); ++name)
        chain.emplace_back(file("certs", *name, ".crt"));
      PathQuery query{.at = kThen, .revocation = PathRevocation::required};
      for (const auto& name : test.at("crls")) query.lists.push_back(file("crls", name, ".crl"));
      const auto result = validate_path(chain, {&anchors}, query);
      return result.successful_validation() ? "accepted" : result.result_string();
    });
    if (const auto* error = std::get_if<Error>(&judged)) return error->what();
    return std::get<std::string>(judged);
  }

  std::filesystem::path folder_ = std::filesystem::path{LAMP_SOURCE_DIR}.parent_path() / "shared" / "vectors" / "pki";
  test::TemporaryDirectory unpacked_;
};

TEST_F(Pkits, IsAnsweredAsTheSuiteSaysButForTheTable) {
  std::ifstream in{folder_ / "pkits-expected.json"};
  const auto tests = nlohmann::json::parse(in);
  std::size_t right = 0;
  std::multiset<std::string> deviating;
  for (const auto& test : tests) {
    const std::string number = test.at("number"), title = test.at("title");
    const bool wanted = test.at("info").at("should_validate") == "true";
    const auto said = answer(test);
    if (wanted == (said == "accepted")) {
      ++right;
      continue;
    }
    deviating.insert(number);
    const auto row = std::ranges::find(kDeviations, number, &Deviation::number);
    if (row == kDeviations.end())
      ADD_FAILURE() << number << " " << title << ": " << said;
    else
      EXPECT_EQ(said == "accepted" ? "accepts" : "refuses", row->answer) << number << " " << title << ": " << said;
  }
  for (const auto& row : kDeviations)
    EXPECT_TRUE(deviating.contains(std::string{row.number})) << row.number << " no longer deviates: " << row.reason;
  EXPECT_EQ(tests.size(), 247U);
  std::printf("%zu of %zu as the suite says\n", right, tests.size());
}

}  // namespace
}  // namespace lamp::pki
