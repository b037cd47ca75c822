// The real swupdate and openssl judge the packages that we make.
#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/base/file.hpp"
#include "lib/firmware/images/swu.hpp"
#include "lib/firmware/images/swu_cipher.hpp"
#include "tests/interop/shell.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::firmware {
namespace {

using test::run;
using testing::AllOf;
using testing::AnyOf;
using testing::HasSubstr;
using testing::Not;

/// swupdate asks the clock of the machine whether a certificate holds.
Instant now() { return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()); }

class Swupdate : public testing::Test {
 protected:
  Swupdate() {
    publish(path("ca.pem"), pki::to_pem({ca_.issuing().chain().front(), ca_.root().chain().front()}));
    publish(path("image.bin"), ByteView{image_});
    const auto digest = Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(image_);
    manifest_ = swu::write_description({"1.2.3", "gateway", {"1.0"}, "image.bin", hex(digest), "", path("installed")});
  }
  std::string path(const std::string& name) { return (ca_.directory() / name).string(); }

  void SetUp() override {
    if (!test::installed("swupdate")) GTEST_SKIP() << "swupdate is not installed";
  }
  Bytes sign(const std::string& kind, const std::string& manifest) {
    const auto key = test::make_key(kind);
    const auto profile =
        test::changed_profile("code-signing", "  kind: p256", kind == "secp256r1" ? "  kind: p256" : "  kind: p384");
    const auto certificate = ca_.issue(profile, {{"name", "swu"}, {"site", "demo"}}, *key, now()).certificate;
    return cms::sign(as_bytes(manifest), *key, certificate, test::rng());
  }
  Bytes package(const std::string& manifest, const Bytes& signature) {
    MemorySink out;
    swu::write(manifest, signature, "image.bin", MemoryInput{image_}, out);
    return out.bytes();
  }
  test::Said check(const Bytes& package) {
    publish(path("release.swu"), ByteView{package});
    return run("cd " + ca_.directory().path().string() +
               " && TMPDIR=$PWD swupdate -v -c -i release.swu -k ca.pem "
               "--cert-purpose codeSigning -H lamp:1.0");
  }
  /// The package with one byte of an entry changed, its cpio sum made to fit.
  Bytes changed(std::size_t entry, std::size_t at) {
    const auto signature = sign("secp256r1", manifest_);
    auto image = image_;
    auto manifest = manifest_;
    auto spoiled = signature;
    if (entry == 0) manifest.replace(manifest.find("1.2.3"), 5, "1.2.4");
    if (entry == 1) spoiled[spoiled.size() - at] ^= 0x01;
    if (entry == 2) image[at] ^= 0x01;
    MemorySink out;
    swu::write(manifest, spoiled, "image.bin", MemoryInput{image}, out);
    return out.bytes();
  }

  test::SmallCa ca_{"code-signing-ca", now()};
  Bytes image_ = Bytes(70001, 0x42);
  std::string manifest_;
};

// What it says of the installation counts, and not its end: in 2022.12 the exit status is sometimes 1 after a success,
// and its last line sometimes speaks of success after a failure.
constexpr const char* kSuccess = "SWUPDATE successful !";
constexpr const char* kFailure = "SWUPDATE failed";

TEST_F(Swupdate, AcceptsOurs) {
  const auto said = check(package(manifest_, sign("secp256r1", manifest_)));
  EXPECT_THAT(said.text, AllOf(HasSubstr(kSuccess), Not(HasSubstr(kFailure))));
}

TEST_F(Swupdate, AcceptsOursByP384) {
  const auto said = check(package(manifest_, sign("secp384r1", manifest_)));
  EXPECT_THAT(said.text, AllOf(HasSubstr(kSuccess), Not(HasSubstr(kFailure))));
}

TEST_F(Swupdate, RefusesAChangedManifest) {
  const auto said = check(changed(0, 0));
  EXPECT_THAT(said.text, AllOf(Not(HasSubstr(kSuccess)), HasSubstr("Signature verification failed")));
}

TEST_F(Swupdate, RefusesAChangedSignature) {
  const auto said = check(changed(1, 5));
  EXPECT_THAT(said.text, AllOf(Not(HasSubstr(kSuccess)), HasSubstr("Signature verification failed")));
}

TEST_F(Swupdate, RefusesAChangedImage) {
  const auto said = check(changed(2, 40000));
  // Its words before and since 2024.
  EXPECT_THAT(said.text, AllOf(Not(HasSubstr(kSuccess)),
                               AnyOf(HasSubstr("HASH mismatch"), HasSubstr("Image invalid or corrupted"))));
}

/// Installed by it, decrypted by it: what comes out is the image.
TEST_F(Swupdate, DecryptsOurs) {
  const SymmetricKey key{SecureBytes(32, 0x31)};
  const swu::Iv iv{9, 8, 7};
  MemorySink encrypted;
  swu::encrypt_image(key, iv, MemoryInput{image_}, encrypted);
  const auto digest = Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(encrypted.bytes());
  const auto manifest =
      swu::write_description({"1.2.3", "gateway", {"1.0"}, "image.bin", hex(digest), "", path("installed"), hex(iv)});
  MemorySink package;
  swu::write(manifest, sign("secp256r1", manifest), "image.bin", MemoryInput{encrypted.bytes()}, package);
  publish(path("release.swu"), ByteView{package.bytes()});
  // Key and an IV that the manifest's stands before.
  publish(path("key"), std::string_view{hex(Bytes(32, 0x31)) + " " + hex(Bytes(16, 0)) + "\n"}, Mode::secret);
  const auto said = run("cd " + ca_.directory().path().string() +
                        " && TMPDIR=$PWD timeout 60 swupdate -v -i release.swu -k ca.pem -K key "
                        "--cert-purpose codeSigning -H lamp:1.0");
  EXPECT_THAT(said.text, HasSubstr(kSuccess));
  EXPECT_EQ(read_file(path("installed")), image_);
}

TEST_F(Swupdate, OpensslAcceptsTheSignatureToo) {
  publish(path("sw-description"), manifest_);
  publish(path("sw-description.sig"), ByteView{sign("secp256r1", manifest_)});
  const auto verify = "openssl cms -verify -binary -inform DER -in " + path("sw-description.sig") + " -content " +
                      path("sw-description") + " -CAfile " + path("ca.pem") + " -purpose any -out /dev/null";
  const auto said = run(verify);
  EXPECT_EQ(said.status, 0) << said.text;
  publish(path("sw-description"), manifest_ + "\n");
  EXPECT_NE(run(verify).status, 0);
}

TEST_F(Swupdate, CpioListsTheFiles) {
  publish(path("release.swu"), ByteView{package(manifest_, sign("secp256r1", manifest_))});
  if (!test::installed("cpio")) GTEST_SKIP() << "cpio is not installed";
  const auto said = run("cpio -t --only-verify-crc -i < " + path("release.swu"));
  EXPECT_EQ(said.status, 0) << said.text;
  EXPECT_THAT(said.text, HasSubstr("sw-description.sig"));
}

}  // namespace
}  // namespace lamp::firmware
