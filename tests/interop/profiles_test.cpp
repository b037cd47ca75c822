// OpenSSL, GnuTLS and NSS judge a certificate of every delivered profile, and the certificates that link two roots.
#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include <set>

#include "lib/pki/link.hpp"
#include "tests/interop/issued_profiles.hpp"
#include "tests/interop/shell.hpp"

namespace lamp::pki {
namespace {

using test::installed;
using test::IssuedFiles;
using test::IssuedProfile;
using test::run;
using testing::HasSubstr;

class EveryProfile : public testing::TestWithParam<IssuedProfile> {};

TEST_P(EveryProfile, IsAcceptedByOpenSsl) {
  if (!installed("openssl")) GTEST_SKIP() << "openssl is not installed";
  const IssuedFiles files{GetParam()};
  const auto said =
      run(files.in_folder(std::string{"openssl verify -x509_strict -purpose "} + GetParam().openssl_purpose +
                          " -CAfile root.pem -untrusted issuing.pem leaf.pem"));
  EXPECT_EQ(said.status, 0) << said.text;
  EXPECT_EQ(said.text, "leaf.pem: OK\n");
}

TEST_P(EveryProfile, IsAcceptedByGnuTls) {
  if (!installed("certtool")) GTEST_SKIP() << "certtool (gnutls-bin) is not installed";
  const IssuedFiles files{GetParam()};
  const auto said = run(files.in_folder("certtool --verify --load-ca-certificate root.pem --infile chain.pem"));
  EXPECT_EQ(said.status, 0) << said.text;
  EXPECT_THAT(said.text, HasSubstr("The certificate is trusted"));
}

TEST_P(EveryProfile, IsAcceptedByNss) {
  if (!installed("vfychain")) GTEST_SKIP() << "vfychain (libnss3-tools) is not installed";
  const IssuedFiles files{GetParam()};
  const auto made =
      run(files.in_folder("mkdir nss && certutil -N -d sql:nss --empty-password && certutil -A -d sql:nss -n root -t "
                          "CT,C,C -a -i root.pem"));
  ASSERT_EQ(made.status, 0) << made.text;
  const auto said = run(files.in_folder(std::string{"vfychain -d sql:nss -pp -u "} + GetParam().nss_usage +
                                        " -a leaf.pem -a issuing.pem"));
  EXPECT_EQ(said.status, 0) << said.text;
  EXPECT_THAT(said.text, HasSubstr("Chain is good!"));
}

std::string name_of_case(const testing::TestParamInfo<IssuedProfile>& info) {
  std::string name = info.param.profile;
  std::erase(name, '-');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Delivered, EveryProfile, testing::ValuesIn(test::kIssuedProfiles), name_of_case);

TEST(EveryProfileInTheTemplates, IsInTheTable) {
  std::set<std::string> shown;
  for (const auto& one : test::kIssuedProfiles) shown.insert({one.profile, one.issuing});
  shown.insert("root-ca");
  for (const auto& file :
       std::filesystem::directory_iterator{std::filesystem::path{LAMP_SOURCE_DIR} / "templates/profiles"})
    EXPECT_TRUE(shown.contains(file.path().stem().string())) << file.path();
}

/// Two generations of roots, an issuing authority and a device below each, and the two links.
class RootRollOver : public testing::Test {
 protected:
  void SetUp() override {
    if (!installed("openssl")) GTEST_SKIP() << "openssl is not installed";
    const auto profile = test::delivered_profile("root-ca");
    const auto self = Authority::self_signed("next", *next_key_);
    const auto made =
        issue(ca_.database(), self, profile, values("next"), *next_key_, test::kNow, test::rng(), kNothing);
    const Authority next{"next", {made.certificate}, *next_key_};
    const auto below = issue(ca_.database(), next, test::delivered_profile("device-ca"), values("device-2"),
                             *issuing_key_, test::kNow, test::rng(), kNothing);
    const Authority issuing{"device-2", {below.certificate, made.certificate}, *issuing_key_};
    const auto key = test::make_key(), other = test::make_key();
    const auto idevid = test::delivered_profile("idevid");
    const auto young = issue(ca_.database(), issuing, idevid, kLamp, *key, test::kNow, test::rng(), kNothing);
    write("old-root", ca_.root().chain().front());
    write("new-root", made.certificate);
    write("old-issuing", ca_.issuing().chain().front());
    write("new-issuing", below.certificate);
    write("old-leaf", ca_.issue(idevid, kLamp, *other).certificate);
    write("new-leaf", young.certificate);
    write("old-with-new", link(next, ca_.root(), profile));
    write("new-with-old", link(ca_.root(), next, profile));
  }
  Bytes link(const Authority& signer, const Authority& subject, const Profile& profile) {
    return issue_link(ca_.database(), signer, subject, profile, values(subject.name()), test::kNow, test::rng(),
                      kNothing)
        .certificate;
  }
  void write(const std::string& name, const Bytes& der) { publish(ca_.directory() / (name + ".pem"), to_pem({der})); }
  [[nodiscard]] test::Said verify(const std::string& anchor, const std::string& others, const std::string& leaf) {
    std::string command = "cd '" + ca_.directory().path().string() + "' && openssl verify -x509_strict -attime " +
                          std::to_string(unix_seconds(test::kNow)) + " -CAfile " + anchor + ".pem";
    for (const auto& other : {others, leaf.substr(0, 3) + "-issuing"})
      if (!other.empty()) command += " -untrusted " + other + ".pem";
    return run(command + " " + leaf + ".pem");
  }
  static Subject values(const std::string& name) { return {{"name", name}, {"site", "test"}}; }

  static constexpr auto kNothing = [](store::Transaction&, const Issued&) {};
  const Subject kLamp{{"serial", "SL-26-000001"}, {"model", "smart-lamp"}};
  test::SmallCa ca_;
  std::unique_ptr<Botan::Private_Key> next_key_ = test::make_key("secp384r1"), issuing_key_ = test::make_key();
};

TEST_F(RootRollOver, LetsOldTrustMeetTheNewGeneration) {
  EXPECT_NE(verify("old-root", "", "new-leaf").status, 0);
  const auto said = verify("old-root", "new-with-old", "new-leaf");
  EXPECT_EQ(said.status, 0) << said.text;
}

TEST_F(RootRollOver, LetsNewTrustMeetTheOldGeneration) {
  EXPECT_NE(verify("new-root", "", "old-leaf").status, 0);
  const auto said = verify("new-root", "old-with-new", "old-leaf");
  EXPECT_EQ(said.status, 0) << said.text;
}

}  // namespace
}  // namespace lamp::pki
