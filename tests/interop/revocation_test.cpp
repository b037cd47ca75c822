// OpenSSL and GnuTLS ask for the status of our certificates, and read the lists of an authority with shards.
#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/base/file.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/crl.hpp"
#include "lib/pki/ocsp.hpp"
#include "lib/pki/revocation.hpp"
#include "tests/interop/shell.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

class Peers : public testing::Test {
 protected:
  void SetUp() override {
    for (const auto* tool : {"openssl version", "ocsptool --version", "certtool --version"})
      if (test::run(tool).status != 0) GTEST_SKIP() << tool << ": not installed";
    publish(path("root.pem"), to_pem(ca_.root().chain()));
    publish(path("issuing.pem"), to_pem({ca_.issuing().chain().front()}));
    good_ = issue("good", "SL-26-000001");
    lost_ = issue("lost", "SL-26-000002");
    ca_.database().write(
        [&](store::Transaction& t) { ASSERT_TRUE(revoke(t, *find(t, "issuing", lost_), "keyCompromise", now_)); });
  }
  std::filesystem::path path(const std::string& name) { return ca_.directory() / name; }
  std::string issue(const std::string& file, const std::string& serial) {
    const auto profile = test::changed_profile(
        "idevid", "crl-url: none", "crl-url:\n  template: http://crl.example.org/device-{shard}.crl\n  shards: 2");
    const auto issued = ca_.issue(profile, {{"serial", serial}, {"model", "smart-lamp"}}, *test::make_key(), now_);
    publish(path(file + ".pem"), to_pem({issued.certificate}));
    return issued.serial;
  }
  /// In the test's folder.
  test::Said run(const std::string& command) {
    return test::run("cd " + ca_.directory().path().string() + " && " + command);
  }
  /// request.der -> response.der
  void answer(const OcspAuthority& authority) {
    const auto request = read_file(path("request.der"));
    publish(path("response.der"), ByteView{answer_ocsp(ca_.database(), {&authority, 1}, request, now_, test::rng())});
  }
  /// What OpenSSL says of certificates, asked with these options; first whether the answer fits the request's nonce.
  std::string openssl(const std::string& asked, const OcspAuthority& authority, const std::string& options = "") {
    EXPECT_EQ(run("openssl ocsp " + options + " -issuer issuing.pem " + asked + " -reqout request.der").status, 0);
    answer(authority);
    const std::string judge = " -respin response.der -CAfile root.pem -verify_other issuing.pem";
    return run("openssl ocsp -reqin request.der" + judge).text +
           run("openssl ocsp -no_nonce -issuer issuing.pem " + asked + judge).text;
  }
  std::string gnutls(const std::string& file, const OcspAuthority& authority, const std::string& signer) {
    EXPECT_EQ(run("ocsptool --generate-request --load-issuer issuing.pem --load-cert " + file +
                  " --outder --outfile request.der")
                  .status,
              0);
    answer(authority);
    return run("ocsptool --response-info --load-response response.der").text +
           run("ocsptool --verify-response --load-response response.der --load-signer " + signer).text;
  }
  [[nodiscard]] Bytes own() const { return ca_.issuing().chain().front(); }

  // The tools know no other time than now; the certificates are as young as the test.
  Instant now_ = SystemClock{}.now();
  test::SmallCa ca_{"device-ca", now_};
  OcspAuthority signing_{"issuing", own(), ca_.issuing()};
  std::string good_, lost_;
};

TEST_F(Peers, OpenSslGetsGoodRevokedAndUnknown) {
  EXPECT_THAT(openssl("-cert good.pem", signing_), AllOf(HasSubstr("Response verify OK"), HasSubstr("good.pem: good")));
  EXPECT_THAT(openssl("-cert lost.pem", signing_),
              AllOf(HasSubstr("Response verify OK"), HasSubstr("lost.pem: revoked"), HasSubstr("keyCompromise")));
  EXPECT_THAT(openssl("-serial 0x4711", signing_),
              AllOf(HasSubstr("Response verify OK"), HasSubstr("0x4711: unknown")));
  EXPECT_THAT(openssl("-cert good.pem -cert lost.pem", signing_),
              AllOf(HasSubstr("good.pem: good"), HasSubstr("lost.pem: revoked")));
}

TEST_F(Peers, OpenSslFindsItsNonceAndMayAskWithSha256) {
  const auto said = openssl("-sha256 -cert good.pem", signing_, "-nonce");
  EXPECT_THAT(said, AllOf(HasSubstr("Response verify OK"), HasSubstr("good.pem: good")));
  EXPECT_THAT(said, Not(AnyOf(HasSubstr("WARNING"), HasSubstr("Nonce Verify error"))));
}

TEST_F(Peers, OpenSslAcceptsWhatWasSignedAhead) {
  (void)presign_ocsp(ca_.database(), signing_, std::chrono::days{7}, now_, test::rng(), [](const PresignCount&) {});
  const OcspAuthority keyless{"issuing", own()};
  EXPECT_THAT(openssl("-cert good.pem", keyless, "-no_nonce"), HasSubstr("good.pem: good"));
  EXPECT_THAT(openssl("-sha256 -cert lost.pem", keyless, "-no_nonce"), HasSubstr("lost.pem: revoked"));
  EXPECT_THAT(openssl("-serial 0x4711", keyless), HasSubstr("unauthorized"));
}

TEST_F(Peers, BothAcceptADelegate) {
  const auto key = test::make_key();
  const auto profile = test::changed_profile("operator", "[clientAuth]", "[OCSPSigning]");
  const auto issued = ca_.issue(profile, {{"name", "responder"}}, *key, now_);
  publish(path("responder.pem"), to_pem({issued.certificate}));
  const Authority delegate{"responder", {issued.certificate}, *key};
  const OcspAuthority authority{"issuing", own(), delegate};
  EXPECT_THAT(openssl("-cert good.pem", authority),
              AllOf(HasSubstr("Response verify OK"), HasSubstr("good.pem: good")));
  EXPECT_THAT(gnutls("good.pem", authority, "responder.pem"), AllOf(HasSubstr("good"), HasSubstr("Success")));
}

TEST_F(Peers, GnuTlsGetsGoodRevokedAndUnknown) {
  EXPECT_THAT(gnutls("good.pem", signing_, "issuing.pem"), AllOf(HasSubstr("Status: good"), HasSubstr("Success")));
  EXPECT_THAT(gnutls("lost.pem", signing_, "issuing.pem"), AllOf(HasSubstr("Status: revoked"), HasSubstr("Success")));
  // Issued by this authority, and known to another register only.
  ca_.database().write(
      [&](store::Transaction& t) { t.execute("UPDATE certificate SET state = 'reserved' WHERE serial = ?", {good_}); });
  EXPECT_THAT(gnutls("good.pem", signing_, "issuing.pem"), AllOf(HasSubstr("Status: unknown"), HasSubstr("Success")));
}

class Lists : public Peers {
 protected:
  void SetUp() override {
    Peers::SetUp();
    if (IsSkipped()) return;
    write_list("whole", {});
    for (const auto& shard : ca_.database().read([](store::Transaction& t) { return shards_of(t, "issuing"); }))
      write_list("shard-" + std::to_string(shard.number), shard);
  }
  void write_list(const std::string& name, const Shard& scope) {
    const auto list = make_list(
        ca_.database(), ca_.issuing(), 7, now_, test::rng(), [](store::Transaction&, const RevocationList&) {}, scope);
    publish(path(name + ".der"), ByteView{list.der});
    ASSERT_EQ(run("openssl crl -inform der -in " + name + ".der -out " + name + ".pem").status, 0);
  }
  std::int64_t shard_of(const std::string& serial) {
    return ca_.database().read(
        [&](store::Transaction& t) { return shard_in(t, "issuing", find(t, "issuing", serial)->tbs); });
  }
  /// `openssl verify` with one list.
  std::string verify(const std::string& file, const std::string& list) {
    return run("openssl verify -x509_strict -crl_check -extended_crl -CAfile root.pem -untrusted issuing.pem "
               "-CRLfile " +
               list + ".pem " + file + ".pem")
        .text;
  }
};

TEST_F(Lists, OpenSslFindsTheRevokedOneInItsShardOnly) {
  const auto own_shard = shard_of(lost_);
  EXPECT_THAT(verify("lost", "shard-" + std::to_string(own_shard)), HasSubstr("certificate revoked"));
  EXPECT_THAT(verify("lost", "shard-" + std::to_string(1 - own_shard)), HasSubstr("scope"));
  EXPECT_THAT(verify("lost", "whole"), HasSubstr("certificate revoked"));
  EXPECT_THAT(verify("good", "shard-" + std::to_string(shard_of(good_))), HasSubstr("good.pem: OK"));
  EXPECT_THAT(verify("good", "whole"), HasSubstr("good.pem: OK"));
}

TEST_F(Lists, BothVerifyTheSignatures) {
  for (const std::string list : {"whole", "shard-0", "shard-1"}) {
    EXPECT_THAT(
        run("cat root.pem issuing.pem >all.pem; openssl crl -verify -noout -CAfile all.pem -in " + list + ".pem").text,
        HasSubstr("verify OK"));
    EXPECT_THAT(run("certtool --verify-crl --load-ca-certificate issuing.pem --infile " + list + ".pem").text,
                HasSubstr("Verification output: Verified"));
  }
}

}  // namespace
}  // namespace lamp::pki
