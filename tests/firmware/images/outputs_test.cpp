// A release's outputs: prepared, checked, signed.
#include "lib/firmware/outputs.hpp"

#include <botan/ecdsa.h>
#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "lib/base/file.hpp"
#include "lib/config/yaml.hpp"
#include "lib/firmware/images/mcuboot.hpp"
#include "lib/firmware/images/swu.hpp"
#include "lib/firmware/images/swu_cipher.hpp"
#include "lib/firmware/output_evidence.hpp"
#include "lib/firmware/suit.hpp"
#include "tests/pki/small_ca.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::firmware::test {
namespace {

using testing::HasSubstr;

class Outputs : public testing::Test {
 protected:
  Outputs() { publish(image_, ByteView{kImage}); }

  static inline const Bytes kImage = Bytes(3000, 0x77);
  std::filesystem::path folder() const { return directory_.path(); }
  OutputSubject subject() const {
    const auto digest = sha256(kImage);
    return {"lamp.example", "smart-lamp", {1, 2, 3}, 7, 2, {digest.begin(), digest.end()}, kImage.size()};
  }
  std::vector<SignedRegion> prepare() const {
    return prepare_outputs(plan_, subject(), image_, folder(), public_keys_);
  }
  Verdict check(const std::vector<SignedRegion>& regions) const {
    return check_outputs(plan_, subject(), folder(), public_keys_, regions);
  }
  auto finish(const std::vector<SignedRegion>& regions) const {
    return finish_outputs(plan_, subject(), folder(), folder() / "signed", regions, private_keys_, Botan::system_rng());
  }

  lamp::test::TemporaryDirectory directory_;
  std::filesystem::path image_ = directory_.path() / "image.bin";
  std::shared_ptr<Botan::Private_Key> key_ =
      std::make_shared<Botan::ECDSA_PrivateKey>(Botan::system_rng(), Botan::EC_Group::from_name("secp256r1"));
  PublicKeyFor public_keys_ = [this](const std::string&) { return std::shared_ptr{key_->public_key()}; };
  PrivateKeyFor private_keys_ = [this](const std::string&) { return key_; };
  OutputPlan plan_ = OutputPlan::read(
      config::Node::parse("- kind: suit\n- {kind: mcuboot, key: boot, header-size: 256}\n", "plan"), {});
};

TEST_F(Outputs, ListWhatWillBeSigned) {
  const auto regions = prepare();
  ASSERT_EQ(regions.size(), 1U);
  EXPECT_EQ(regions[0].output, "mcuboot");
  EXPECT_EQ(regions[0].key, "boot");
  EXPECT_EQ(regions[0].algorithm, "ECDSA P-256 SHA-256");
  const auto file = read_file(folder() / "mcuboot.unsigned");
  EXPECT_EQ(regions[0].size, file.size());
  EXPECT_EQ(hex(regions[0].digest), hex(sha256(file)));
  EXPECT_TRUE(check(regions).acceptable());
}

TEST_F(Outputs, RefuseAnotherImage) {
  publish(image_, "another");
  EXPECT_THROW((void)prepare(), Error);
}

TEST_F(Outputs, RefuseAFileThatWasChangedSinceTheRequest) {
  const auto regions = prepare();
  auto file = read_file(folder() / "mcuboot.unsigned");
  file[20] = 9;  // the major version
  publish(folder() / "mcuboot.unsigned", ByteView{file});
  EXPECT_THAT(check(regions).objections.at(0), HasSubstr("not what the device profile and the request give"));
  file[20] = 1;
  file[1000] = 0;
  publish(folder() / "mcuboot.unsigned", ByteView{file});
  EXPECT_THAT(check(regions).objections.at(0), HasSubstr("the image in it is not the one that was requested"));
  EXPECT_THROW((void)finish(regions), Error);
  EXPECT_FALSE(std::filesystem::exists(folder() / "signed/mcuboot.bin"));
}

TEST_F(Outputs, RefuseAListThatLeavesOneOut) {
  (void)prepare();
  EXPECT_THAT(check({}).objections.at(0), HasSubstr("the list of signed regions is not"));
}

TEST_F(Outputs, AreSignedOnceAndVerify) {
  const auto regions = prepare();
  const auto files = finish(regions);
  ASSERT_EQ(files.size(), 1U);
  const auto first = read_file(files[0]);
  const MemoryInput file{first};
  const auto image = *mcuboot::read(file).value;
  EXPECT_TRUE(mcuboot::verify(file, image, {{key_->subject_public_key()}, 2, nullptr}).empty());
  EXPECT_EQ(image.header.version.text(), "1.2.3+0");
  (void)finish(regions);
  EXPECT_EQ(read_file(files[0]), first) << "a second run must not sign again";
}

TEST_F(Outputs, ShowWhichRegionAndKeyTheyAreOf) {
  const auto region = prepare().at(0);
  const auto file = finish({region}).at(0);
  const auto key = key_->public_key()->subject_public_key();
  const auto signature = output_signature(region, file);
  EXPECT_TRUE(judge_output(region, key, signature, file).acceptable());

  auto other = region;
  other.digest[0] ^= 1;
  EXPECT_THAT(judge_output(other, key, signature, file).objections.at(0), HasSubstr("not made of the region"));
  const Botan::ECDSA_PrivateKey stranger{Botan::system_rng(), Botan::EC_Group::from_name("secp256r1")};
  EXPECT_THAT(judge_output(region, stranger.subject_public_key(), signature, file).objections.at(0),
              HasSubstr("a key that is not trusted"));
  EXPECT_THAT(judge_output(region, key, Bytes(70, 1), file).objections.at(0), HasSubstr("the recorded signature"));
}

/// A package for SWUpdate whose image is encrypted.
class EncryptedPackage : public Outputs {
 protected:
  EncryptedPackage() {
    SwuPlan swu;
    swu.key = "package";
    lamp::test::SmallCa ca{"code-signing-ca"};
    swu.certificate =
        ca.issue(lamp::test::delivered_profile("code-signing"), {{"name", "swu"}, {"site", "demo"}}, *key_).certificate;
    swu.path = "/lib/firmware/image.bin";
    swu.encrypted = true;
    plan_ = {};
    plan_.swu = std::move(swu);
  }
  static SymmetricKey package_key(std::uint8_t fill = 9) { return swu::image_key(SymmetricKey{SecureBytes(32, fill)}); }
  std::vector<SignedRegion> prepare_encrypted() const {
    return prepare_outputs(plan_, subject(), image_, folder(), public_keys_, package_key());
  }
};

TEST_F(EncryptedPackage, HoldsTheImageUnderAKeyThatIsMadeOfTheContentKey) {
  const auto regions = prepare_encrypted();
  EXPECT_TRUE(check(regions).acceptable());
  const FileInput file{finish(regions).at(0)};
  const auto package = *swu::read(file).value;
  const auto& artifact = package.description.artifacts.at(0);
  ASSERT_TRUE(artifact.encrypted);
  swu::Iv iv{};
  std::ranges::copy(from_hex(artifact.ivt), iv.begin());
  MemorySink clear;
  swu::decrypt_image(package_key(), iv, Section{file, package.entries[2].data, package.entries[2].size}, clear);
  EXPECT_EQ(clear.bytes(), kImage);
}

TEST_F(EncryptedPackage, IsMadeAnewOnEachMachineFromTheImageInClear) {
  const auto regions = prepare_encrypted();
  publish(folder() / "image.key", std::string_view{hex(Bytes(32, 1))}, Mode::secret);
  EXPECT_FALSE(check(regions).acceptable());
  (void)prepare_encrypted();
  publish(folder() / "image.encrypted", "something else");
  EXPECT_THAT(check(regions).objections.at(0), HasSubstr("not the requested image under its key"));
  EXPECT_THROW((void)finish(regions), Error);
}

TEST_F(EncryptedPackage, LeavesNeitherKeyNorClearImageBehind) {
  (void)prepare_encrypted();
  discard_unsigned(folder());
  EXPECT_FALSE(std::filesystem::exists(folder() / "image.key"));
  EXPECT_FALSE(std::filesystem::exists(folder() / "image.bin"));
}

TEST_F(EncryptedPackage, TakesAContentKeyOf256Bits) {
  EXPECT_THROW((void)swu::image_key(SymmetricKey{SecureBytes(16, 9)}), Error);
  EXPECT_THROW((void)prepare(), Error);
}

struct Refused {
  const char* name;
  const char* yaml;
  const char* says;
};
void PrintTo(const Refused& r, std::ostream* os) { *os << r.name; }
class OutputList : public testing::TestWithParam<Refused> {};

TEST_P(OutputList, SaysWhatIsWrong) {
  const auto read = attempt([&] { return OutputPlan::read(config::Node::parse(GetParam().yaml, "profile.yaml"), {}); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Profiles, OutputList,
    testing::Values(Refused{"NoSuit", "- {kind: mcuboot, key: boot}\n", "every model has the output suit"},
                    Refused{"Twice", "- {kind: suit}\n- {kind: suit}\n", "output suit is named twice"},
                    Refused{"Unknown", "- {kind: uf2}\n", "'uf2' is not an output"},
                    Refused{"ReleaseKey", "- {kind: suit}\n- {kind: mcuboot, key: release}\n", "has another purpose"},
                    Refused{"HeaderSize", "- {kind: suit}\n- {kind: mcuboot, key: boot, header-size: 33}\n",
                            "a multiple of 4"},
                    Refused{"KeySize", "- {kind: suit}\n- {kind: mcuboot, key: boot, key-size: 256}\n",
                            "says nothing without encrypt-for"}));

}  // namespace
}  // namespace lamp::firmware::test
