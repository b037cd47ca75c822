#include "lib/firmware/credential_block.hpp"

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include <functional>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace lamp::firmware::test {
namespace {

using testing::HasSubstr;

InstallCode some_code() {
  const auto bytes = from_hex("83FED3407A939723A5C639B26916D505C3B5");
  return parse_install_code(SecureBytes{bytes.begin(), bytes.end()});
}

CredentialBlock some_block() {
  CredentialBlock block{"lamp.example",
                        "smart-lamp",
                        "SL-26-000001",
                        MacAddress::parse("00:00:5e:00:53:01"),
                        "https://cloud.lamp.example",
                        {to_bytes("idevid"), to_bytes("issuer")},
                        {to_bytes("root")},
                        {spki(keys().release)},
                        {spki(keys().officers[0]), spki(keys().officers[1])},
                        2,
                        kek(),
                        DeviceSecret{SecureBytes(32, 0x5c)},
                        some_code(),
                        {}};
  block.secrets.emplace_back("wifi-passphrase", DeviceSecret{SecureBytes(12, 'w')});
  block.secrets.emplace_back("apn", DeviceSecret{SecureBytes(3, 'a')});
  return block;
}

Bytes plain(const SecureBytes& bytes) { return {bytes.begin(), bytes.end()}; }

TEST(CredentialBlock, ReadsBackWhatWasWritten) {
  const auto encoded = encode(some_block());
  const auto block = parse_credential_block(encoded);
  EXPECT_EQ(block.serial, "SL-26-000001");
  EXPECT_EQ(block.mac, MacAddress::parse("00:00:5e:00:53:01"));
  EXPECT_EQ(block.chain.size(), 2U);
  EXPECT_EQ(block.threshold, 2U);
  ASSERT_TRUE(block.model_kek && block.commissioning_secret && block.install_code);
  EXPECT_EQ(block.secrets.front().first, "apn");
  EXPECT_EQ(plain(encode(block)), plain(encoded));
}

TEST(CredentialBlock, HoldsTheDevicesOwnKeysAndPins) {
  auto block = some_block();
  block.device_keys.push_back(make_device_key("idevid", KeyCurve::p256, Botan::system_rng()));
  block.device_keys.push_back(make_device_key("curve-key", KeyCurve::x25519, Botan::system_rng()));
  block.pins = {Bytes(32, 1), Bytes(32, 2)};
  const auto encoded = encode(block);
  const auto read = parse_credential_block(encoded);
  EXPECT_EQ(read.key("curve-key")->public_key, block.device_keys[1].public_key);
  EXPECT_EQ(read.key("other"), nullptr);
  EXPECT_EQ(read.pins, block.pins);
  EXPECT_EQ(plain(encode(read)), plain(encoded));
}

CredentialBlock block_with_partners() {
  auto block = some_block();
  block.application_slot = 131072;
  block.partners = {{"acme", spki(keys().acme), {"light.read", "light.write"}}, {"globex", spki(keys().globex), {}}};
  return block;
}

TEST(CredentialBlock, HoldsPartnersWithTheirKeysAndGrants) {
  const auto encoded = encode(block_with_partners());
  const auto block = parse_credential_block(encoded);
  EXPECT_EQ(plain(encode(block)), plain(encoded));
  EXPECT_EQ(block.application_slot, 131072U);
  const auto trust = application_trust(block, "acme", "dimmer");
  ASSERT_TRUE(trust);
  EXPECT_THAT(*trust->grants, testing::ElementsAre("light.read", "light.write"));
  EXPECT_EQ(trust->keys.release.size(), 1U);
  EXPECT_EQ(trust->keys.release.front().id, id_of(keys().acme));
  EXPECT_EQ(trust->model_class, dimmer_trust().model_class);
  EXPECT_FALSE(application_trust(block, "initech", "dimmer"));
  EXPECT_FALSE(device_trust(block).grants);
}

TEST(CredentialBlock, RefusesAKeyOfTwoRolesAndGrantsThatAreNone) {
  const auto refuses = [](const std::function<void(CredentialBlock&)>& change) {
    auto block = block_with_partners();
    change(block);
    EXPECT_THROW((void)encode(block), Error);
  };
  refuses([](auto& b) { b.partners[0].key = spki(keys().release); });
  refuses([](auto& b) { b.partners[0].key = spki(keys().officers[1]); });
  refuses([](auto& b) { b.partners[0].key = b.partners[1].key; });
  refuses([](auto& b) { b.partners[0].name = "globex"; });
  refuses([](auto& b) { b.partners[0].name = "acme.eu"; });
  refuses([](auto& b) { b.partners[0].grants = {"light.write", "light.read"}; });
  refuses([](auto& b) { b.partners[0].grants = {"light.*"}; });
  refuses([](auto& b) { b.application_slot = 0; });
}

TEST(CredentialBlock, RefusesTwoKeysOfOneNameAndPinsOfAnotherSize) {
  auto twice = some_block();
  for (int i = 0; i < 2; ++i)
    twice.device_keys.push_back(make_device_key("idevid", KeyCurve::p256, Botan::system_rng()));
  EXPECT_THROW((void)encode(twice), Error);
  auto short_pin = some_block();
  short_pin.pins = {Bytes(31, 1)};
  EXPECT_THROW((void)encode(short_pin), Error);
}

TEST(CredentialBlock, HoldsTheKeysOfAHybridModel) {
  auto block = some_block();
  block.hybrid_keys = {spki(keys().hybrid)};
  const auto read = parse_credential_block(encode(block));
  EXPECT_EQ(read.hybrid_keys, block.hybrid_keys);
  EXPECT_EQ(device_trust(read).keys.hybrid.size(), 1U);
  block.hybrid_keys = {spki(keys().second)};
  EXPECT_THROW((void)device_trust(block), Error);
}

TEST(CredentialBlock, LeavesOutWhatAModelDoesNotHave) {
  auto block = some_block();
  block.model_kek.reset();
  block.commissioning_secret.reset();
  block.install_code.reset();
  const auto read = parse_credential_block(encode(block));
  EXPECT_FALSE(read.model_kek || read.commissioning_secret || read.install_code);
  EXPECT_EQ(read.secrets.size(), 2U);
}

TEST(CredentialBlock, NoticesEveryDamage) {
  const auto good = plain(encode(some_block()));
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x01;
    EXPECT_THROW((void)parse_credential_block(bad), Error) << "byte " << i;
    EXPECT_THROW((void)parse_credential_block(ByteView{good}.first(i)), Error) << "cut at " << i;
  }
}

struct Case {
  const char* name;
  void (*change)(CredentialBlock&);
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class BadBlocks : public testing::TestWithParam<Case> {};

TEST_P(BadBlocks, AreRefusedBeforeTheyLeaveTheStation) {
  auto block = some_block();
  GetParam().change(block);
  EXPECT_THROW((void)encode(block), Error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, BadBlocks,
    testing::Values(
        Case{"ModelThatIsNoName", [](CredentialBlock& b) { b.model = "Smart Lamp"; }},
        Case{"NoSerial", [](CredentialBlock& b) { b.serial.clear(); }},
        Case{"ThresholdThatNobodyReaches", [](CredentialBlock& b) { b.threshold = 3; }},
        Case{"ShortModelKey", [](CredentialBlock& b) { b.model_kek.emplace(SecureBytes(31)); }},
        Case{"ShortCommissioningSecret", [](CredentialBlock& b) { b.commissioning_secret.emplace(SecureBytes(16)); }},
        Case{"EmptyCertificate", [](CredentialBlock& b) { b.chain.emplace_back(); }},
        Case{"EmptySecret", [](CredentialBlock& b) { b.secrets.emplace_back("x", DeviceSecret{SecureBytes{}}); }},
        Case{"SecretNamedTwice",
             [](CredentialBlock& b) { b.secrets.emplace_back("apn", DeviceSecret{SecureBytes(1)}); }}));

TEST(CredentialBlock, RefusesAnotherFormatVersion) {
  const auto content = to_bytes("content");
  const auto bytes = cbor::Writer{}.array(3).integer(2).bytes(content).bytes(sha256(content)).encoded();
  const auto result = attempt([&] { return parse_credential_block(bytes).serial; });
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_THAT(std::get<Error>(result).what(), HasSubstr("unknown format version"));
}

TEST(CredentialBlock, MakesTheTrustThatTheUpdaterUses) {
  const auto trust = device_trust(some_block());
  EXPECT_EQ(trust.model_class, lamp_trust().model_class);
  EXPECT_EQ(trust.keys.release.size(), 1U);
  EXPECT_EQ(trust.keys.officers.size(), 2U);
  EXPECT_EQ(trust.keys.threshold, 2U);
}

}  // namespace
}  // namespace lamp::firmware::test
