#include "cli/sim/virtual_device.hpp"

#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/pubkey.h>
#include <botan/system_rng.h>
#include <botan/x509_key.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "lib/base/error.hpp"
#include "tests/sim/provisioning.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {
namespace {

using namespace manufacturing;

class VirtualDevice : public testing::Test {
 protected:
  sim::VirtualDevice make() { return {sim::DeviceFlash::create(folder(), small_profile("smart-lamp"), rng_), rng_}; }
  [[nodiscard]] std::filesystem::path folder() const { return directory_ / "smart-lamp-1"; }
  Identity identify(sim::VirtualDevice& device) { return std::get<Identity>(ask(device, Identify{})); }
  GeneratedKey generate(sim::VirtualDevice& device) {
    return std::get<GeneratedKey>(ask(device, Generate{Bytes(kNonceSize, 1)}));
  }
  Status refused(sim::VirtualDevice& device, RequestBody body) {
    const auto answer = ask(device, std::move(body));
    const auto* refusal = std::get_if<Refusal>(&answer);
    return refusal != nullptr ? refusal->status : Status::ok;
  }
  firmware::CredentialBlock block_for(sim::VirtualDevice& device, const std::string& model = "smart-lamp") {
    return credential_block(model, certificate_for(*sim::device_key(device.flash().contents()), rng_));
  }

  Botan::System_RNG rng_;
  TemporaryDirectory directory_;
};

TEST_F(VirtualDevice, IsBornBlankWithFirmwareAndItsOwnChipId) {
  auto device = make();
  const auto identity = identify(device);
  EXPECT_EQ(identity.state, Lifecycle::blank);
  EXPECT_EQ(identity.firmware_version, "1.0.0");
  EXPECT_EQ(identity.chip_id.size(), kChipIdSize);
  EXPECT_TRUE(identity.block_digest.empty());
}

TEST_F(VirtualDevice, KeepsItsFlashFromOthers) {
  auto device = make();
  for (const char* file : {"identity", "flash"}) {
    struct stat status{};
    ASSERT_EQ(::stat((folder() / file).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U) << file;
  }
}

TEST_F(VirtualDevice, IsNotMadeTwiceInOneFolder) {
  {
    auto device = make();
  }
  EXPECT_THROW(make(), Error);
}

TEST_F(VirtualDevice, SignsItsNewKey) {
  auto device = make();
  const auto made = generate(device);
  const auto key = Botan::X509::load_key(made.spki);
  Botan::PK_Verifier verifier{*key, "SHA-256"};
  EXPECT_TRUE(verifier.verify_message(key_message(Bytes(kNonceSize, 1), made.spki), made.signature));
  EXPECT_EQ(identify(device).state, Lifecycle::keyed);
}

TEST_F(VirtualDevice, GivesTheSameKeyWhenAskedAgain) {
  auto device = make();
  EXPECT_EQ(generate(device).spki, generate(device).spki);
}

TEST_F(VirtualDevice, TakesABlockForItsKeyAndSession) {
  auto device = make();
  (void)generate(device);
  const auto block = block_for(device);
  const auto answer = ask(device, install_request(block, identify(device), rng_));
  EXPECT_EQ(std::get<Installed>(answer).digest, credential_digest(firmware::encode(block)));
  EXPECT_EQ(identify(device).state, Lifecycle::provisioned);
}

TEST_F(VirtualDevice, RefusesABlockWhileBlank) {
  auto device = make();
  EXPECT_EQ(refused(device, Install{Bytes(100)}), Status::wrong_state);
}

TEST_F(VirtualDevice, RefusesABoxForAnEarlierSession) {
  auto device = make();
  (void)generate(device);
  const auto before = identify(device);
  device.power_cycle();
  EXPECT_NE(identify(device).session_point, before.session_point);
  EXPECT_EQ(refused(device, install_request(block_for(device), before, rng_)), Status::wrong_content);
}

TEST_F(VirtualDevice, RefusesABlockForAnotherModel) {
  auto device = make();
  (void)generate(device);
  EXPECT_EQ(refused(device, install_request(block_for(device, "gateway"), identify(device), rng_)),
            Status::wrong_content);
}

TEST_F(VirtualDevice, RefusesACertificateForAnotherKey) {
  auto device = make();
  (void)generate(device);
  const Botan::ECDSA_PrivateKey other{rng_, Botan::EC_Group::from_name("secp256r1")};
  const auto block = credential_block("smart-lamp", certificate_for(other, rng_));
  EXPECT_EQ(refused(device, install_request(block, identify(device), rng_)), Status::wrong_content);
}

TEST_F(VirtualDevice, IsNotLockedBeforeItIsProvisioned) {
  auto device = make();
  (void)generate(device);
  EXPECT_EQ(refused(device, Lock{}), Status::wrong_state);
}

TEST_F(VirtualDevice, RefusesNewKeysAndBlocksOnceLocked) {
  auto device = make();
  provision(device, rng_);
  const auto block = block_for(device);
  EXPECT_EQ(refused(device, Lock{}), Status::ok);
  EXPECT_EQ(refused(device, Lock{}), Status::ok);
  EXPECT_EQ(refused(device, install_request(block, identify(device), rng_)), Status::wrong_state);
  EXPECT_EQ(refused(device, Generate{Bytes(kNonceSize)}), Status::wrong_state);
}

TEST_F(VirtualDevice, ClosesItsDebugPortAtThePowerUpAfterTheLock) {
  auto device = make();
  provision(device, rng_);
  (void)ask(device, Lock{});
  EXPECT_EQ(std::get<Proof>(ask(device, Prove{Bytes(kNonceSize)})).debug_port, DebugPort::open);
  device.power_cycle();
  const auto proof = std::get<Proof>(ask(device, Prove{Bytes(kNonceSize)}));
  EXPECT_EQ(proof.debug_port, DebugPort::locked);
  EXPECT_EQ(proof.state, Lifecycle::locked);
  EXPECT_EQ(proof.serial, "SL-26-000001");
}

TEST_F(VirtualDevice, RemembersEverythingInAnotherProcess) {
  Bytes spki;
  {
    auto device = make();
    provision(device, rng_);
    spki = sim::device_key(device.flash().contents())->subject_public_key();
  }
  sim::VirtualDevice again{sim::DeviceFlash::open(folder()), rng_};
  EXPECT_EQ(identify(again).state, Lifecycle::provisioned);
  EXPECT_EQ(sim::device_key(again.flash().contents())->subject_public_key(), spki);
}

TEST_F(VirtualDevice, RefusesADamagedIdentityFile) {
  {
    auto device = make();
  }
  publish(folder() / "identity", "not CBOR", Mode::secret);
  EXPECT_THROW((void)sim::DeviceFlash::open(folder()), Error);
}

}  // namespace
}  // namespace lamp::test
