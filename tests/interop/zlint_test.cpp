// zlint judges a certificate of every delivered profile. Debian packages it from version 13 on.
#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/interop/issued_profiles.hpp"
#include "tests/interop/shell.hpp"

namespace lamp::pki {
namespace {

using test::IssuedFiles;
using test::IssuedProfile;

class Zlint : public testing::TestWithParam<IssuedProfile> {
 protected:
  void SetUp() override {
    if (!test::installed("zlint")) GTEST_SKIP() << "zlint is not installed";
  }
};

std::vector<std::string> complaints(const std::string& json) {
  std::vector<std::string> names;
  const auto verdicts = nlohmann::json::parse(json);
  for (const auto& [name, verdict] : verdicts.items()) {
    const std::string result = verdict.at("result");
    if (result == "error" || result == "fatal") names.push_back(name);
  }
  return names;
}

TEST_P(Zlint, HasNoErrorToReport) {
  const IssuedFiles files{GetParam()};
  for (const auto* file : {"root.pem", "issuing.pem", "leaf.pem"}) {
    const auto said =
        test::run(files.in_folder(std::string{"zlint -includeSources RFC5280,RFC5480,Community "} + file));
    ASSERT_EQ(said.status, 0) << said.text;
    EXPECT_THAT(complaints(said.text), testing::IsEmpty()) << file;
  }
}

INSTANTIATE_TEST_SUITE_P(Delivered, Zlint, testing::ValuesIn(test::kIssuedProfiles), [](const auto& test_case) {
  std::string name = test_case.param.profile;
  std::erase(name, '-');
  return name;
});

}  // namespace
}  // namespace lamp::pki
