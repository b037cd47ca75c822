// OpenSSL and curl judge the certificates and revocation lists that lib/pki makes.
#include <botan/pk_keys.h>
#include <botan/pkcs8.h>
#include <gmock/gmock.h>

#include "lib/base/file.hpp"
#include "lib/pki/crl.hpp"
#include "lib/pki/revocation.hpp"
#include "tests/interop/shell.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::ContainsRegex;
using testing::EndsWith;
using testing::HasSubstr;

using test::run;
using test::Said;

class OpenSsl : public testing::Test {
 protected:
  void SetUp() override {
    if (run("openssl version").status != 0) GTEST_SKIP() << "openssl is not installed";
  }
  /// A site of one issuing authority, as files.
  struct Files {
    explicit Files(const std::string& issuing, Instant now = test::kNow) : ca{issuing, now} {
      publish(path("root.pem"), to_pem(ca.root().chain()));
      publish(path("issuing.pem"), to_pem({ca.issuing().chain().front()}));
    }
    [[nodiscard]] std::filesystem::path path(const std::string& name) const { return ca.directory() / name; }
    std::string issue(const std::string& profile, const Subject& subject, const std::string& file) {
      const auto key = test::make_key();
      const auto issued = ca.issue(test::delivered_profile(profile), subject, *key);
      publish(path(file), to_pem({issued.certificate}));
      return issued.serial;
    }
    void publish_lists() {
      for (const auto* authority : {&ca.root(), &ca.issuing()}) {
        const auto list = make_list(ca.database(), *authority, 7, test::kNow, test::rng(),
                                    [](store::Transaction&, const RevocationList&) {});
        publish(path(authority->name() + ".der"), ByteView{list.der});
        const auto der = path(authority->name() + ".der").string();
        const auto pem = path(authority->name() + "-crl.pem").string();
        std::string convert = "openssl crl -inform der -in ";
        convert.append(der).append(" -out ").append(pem);
        ASSERT_EQ(run(convert).status, 0);
      }
    }
    Said verify(const std::string& options, const std::string& file) const {
      return run("openssl verify -x509_strict -attime " + std::to_string(unix_seconds(test::kNow)) + " -CAfile " +
                 path("root.pem").string() + " -untrusted " + path("issuing.pem").string() + " " + options + " " +
                 path(file).string());
    }
    Said verify_with_lists(const std::string& file) const {
      return verify(
          "-crl_check_all -CRLfile " + path("root-crl.pem").string() + " -CRLfile " + path("issuing-crl.pem").string(),
          file);
    }
    test::SmallCa ca;
  };
};

const Subject kLamp{{"serial", "SL-26-000001"}, {"model", "smart-lamp"}};

TEST_F(OpenSsl, StrictlyAcceptsADeviceIdentityWithoutEnd) {
  Files files{"device-ca"};
  (void)files.issue("idevid", kLamp, "idevid.pem");
  EXPECT_THAT(files.verify("", "idevid.pem").text, EndsWith("idevid.pem: OK\n"));
  const auto text = run("openssl x509 -noout -text -in " + files.path("idevid.pem").string()).text;
  EXPECT_THAT(text, HasSubstr("Not After : Dec 31 23:59:59 9999 GMT"));
  EXPECT_THAT(text, ContainsRegex("serialNumber ?= ?SL-26-000001"));
  EXPECT_THAT(text, HasSubstr("othername"));
}

TEST_F(OpenSsl, AcceptsADeviceIdentityInAFarFuture) {
  Files files{"device-ca"};
  (void)files.issue("idevid", kLamp, "idevid.pem");
  const auto said = run("openssl verify -x509_strict -attime 16725225600 -CAfile " + files.path("root.pem").string() +
                        " -untrusted " + files.path("issuing.pem").string() + " " + files.path("idevid.pem").string());
  EXPECT_THAT(said.text, EndsWith("idevid.pem: OK\n"));
}

TEST_F(OpenSsl, AcceptsAServerForItsNameOnly) {
  Files files{"server-ca"};
  (void)files.issue("tls-server", {{"name", "localhost"}}, "server.pem");
  EXPECT_EQ(files.verify("-purpose sslserver -verify_hostname localhost", "server.pem").status, 0);
  EXPECT_NE(files.verify("-purpose sslserver -verify_hostname example.org", "server.pem").status, 0);
  EXPECT_NE(files.verify("-purpose sslclient", "server.pem").status, 0);
}

TEST_F(OpenSsl, AcceptsPeopleAsTlsClients) {
  Files files{"client-ca"};
  (void)files.issue("operator", {{"name", "operator-1"}}, "operator.pem");
  EXPECT_EQ(files.verify("-purpose sslclient", "operator.pem").status, 0);
  EXPECT_NE(files.verify("-purpose sslserver", "operator.pem").status, 0);
}

TEST_F(OpenSsl, FindsTheRevokedOneInOurListsAndAcceptsTheOther) {
  Files files{"device-ca"};
  const auto lost = files.issue("idevid", kLamp, "lost.pem");
  (void)files.issue("idevid", {{"serial", "SL-26-000002"}, {"model", "smart-lamp"}}, "kept.pem");
  files.ca.database().write(
      [&](store::Transaction& t) { ASSERT_TRUE(revoke(t, *find(t, "issuing", lost), "keyCompromise", test::kNow)); });
  files.publish_lists();
  EXPECT_THAT(files.verify_with_lists("lost.pem").text, HasSubstr("certificate revoked"));
  EXPECT_THAT(files.verify_with_lists("kept.pem").text, EndsWith("kept.pem: OK\n"));
}

/// Serves one request with the key and certificate in the folder, and prints what curl got.
constexpr const char* kServeAndFetch = R"(
openssl s_server -accept 0 -cert server.pem -cert_chain issuing.pem -key key.pem -www >log 2>&1 </dev/null &
server=$!
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
  port=$(sed -n 's/^ACCEPT.*:\([0-9][0-9]*\)$/\1/p' log 2>/dev/null); [ -n "$port" ] && break; sleep 0.25
done
curl -sS -o /dev/null -w '%{http_code}' --noproxy '*' --cacert root.pem "https://localhost:$port/"; status=$?
kill $server
exit $status)";

TEST_F(OpenSsl, ServesCurlWithTheServersCertificate) {
  if (run("curl --version").status != 0) GTEST_SKIP() << "curl is not installed";
  const auto now = SystemClock{}.now();  // curl knows no other time; the certificates are as young as the test
  Files files{"server-ca", now};
  const auto key = test::make_key();
  const auto issued = files.ca.issue(test::delivered_profile("tls-server"), {{"name", "localhost"}}, *key, now);
  publish(files.path("server.pem"), to_pem({issued.certificate}));
  publish(files.path("key.pem"), std::string_view{Botan::PKCS8::PEM_encode(*key)}, Mode::secret);
  publish(files.path("serve.sh"), std::string_view{kServeAndFetch});
  const auto said = run("cd " + files.path("").string() + " && sh serve.sh");
  EXPECT_EQ(said.status, 0) << said.text;
  EXPECT_EQ(said.text, "200");
}

}  // namespace
}  // namespace lamp::pki
