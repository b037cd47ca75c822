#include "lib/firmware/device_profile.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/config/site.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::firmware {
namespace {

using testing::Contains;
using testing::HasSubstr;

const std::filesystem::path kTemplates = std::filesystem::path{LAMP_SOURCE_DIR} / "templates" / "devices";

TEST(DeviceProfiles, DeliveredOnesLoad) {
  const auto lamp = DeviceProfile::load(kTemplates / "smart-lamp.yaml");
  EXPECT_EQ(lamp.label, LabelKind::lamp);
  EXPECT_EQ(lamp.approvals, DeviceApprovals::officers);
  EXPECT_TRUE(lamp.has(Credential::zigbee_install_code));
  const auto gateway = DeviceProfile::load(kTemplates / "gateway.yaml");
  EXPECT_EQ(gateway.label, LabelKind::gateway);
  EXPECT_TRUE(gateway.has(Credential::claim_code));
  EXPECT_NE(lamp.digest, gateway.digest);
}

TEST(DeviceProfiles, EveryDeliveredOneLoads) {
  config::Site nowhere;
  nowhere.root = kTemplates / "nowhere";
  for (const auto& model : device_models(nowhere)) EXPECT_EQ(device_profile(nowhere, model).model, model);
  EXPECT_EQ(device_profile(nowhere, "zigbee-luminaire").dfuse->block_page, 0x0803e000U);
  EXPECT_EQ(device_profile(nowhere, "thread-lamp").esp->block_address, 0x3f0000U);
}

TEST(DeviceProfiles, OfASiteStandBeforeTheDeliveredOnes) {
  const test::TemporaryDirectory folder;
  config::Site site;
  site.root = folder.path();
  auto text = read_text_file(kTemplates / "gateway.yaml");
  text.replace(text.find("16777216"), 8, "8388608");
  publish(folder / "devices/gateway.yaml", text);
  EXPECT_EQ(device_profile(site, "gateway").slot_size, 8388608U);
  EXPECT_THAT(device_models(site), Contains("smart-lamp"));
}

DeviceProfile profile_with(const std::string& more) {
  const test::TemporaryDirectory folder;
  publish(folder / "p.yaml", std::string_view{read_text_file(kTemplates / "smart-lamp.yaml") + more});
  return DeviceProfile::load(folder / "p.yaml");
}

TEST(DeviceProfiles, SayHowAReleaseIsSigned) {
  const auto plain = profile_with("");
  EXPECT_EQ(plain.release.signature, cose::Algorithm::ps256);
  EXPECT_FALSE(plain.release.hybrid);
  const auto hybrid = profile_with("release: {signatures: [ps512, ml-dsa-87]}\n");
  EXPECT_EQ(hybrid.release.signature, cose::Algorithm::ps512);
  EXPECT_TRUE(hybrid.release.hybrid);
  EXPECT_NE(hybrid.digest, plain.digest);
  EXPECT_EQ(profile_with("release: {signatures: [ps256]}\n").digest, plain.digest);
}

TEST(DeviceProfiles, SayHowAPayloadIsEncryptedAndWhereItIs) {
  const auto plain = profile_with("");
  EXPECT_EQ(plain.release.cipher, PayloadCipher::a256gcm);
  EXPECT_EQ(plain.release.place, PayloadPlace::integrated);
  const auto other = profile_with("release: {encryption: aes-128-ctr, payload: detached}\n");
  EXPECT_EQ(other.release.cipher, PayloadCipher::a128ctr);
  EXPECT_EQ(other.release.place, PayloadPlace::detached);
  EXPECT_NE(other.digest, plain.digest);
}

TEST(DeviceProfiles, AnUnknownModelIsToldWhatThereIs) {
  const test::TemporaryDirectory folder;
  config::Site site;
  site.root = folder.path();
  const auto found = attempt([&] { return device_profile(site, "toaster"); });
  EXPECT_THAT(std::get<Error>(found).what(), HasSubstr("gateway, sensor, smart-lamp, zigbee-luminaire"));
}

TEST(DeviceProfiles, SayWhatPartnersMayCall) {
  const auto none = profile_with("");
  ASSERT_TRUE(none.applications);
  EXPECT_FALSE(none.applications->granted("acme"));
  const test::TemporaryDirectory folder;
  auto text = read_text_file(kTemplates / "smart-lamp.yaml");
  text.replace(text.find("slot-size: 131072"), 17, "slot-size: 131072\n  partners: {acme: [light.write, clock.read]}");
  publish(folder / "p.yaml", text);
  const auto profile = DeviceProfile::load(folder / "p.yaml");
  EXPECT_THAT(*profile.applications->granted("acme"), testing::ElementsAre("clock.read", "light.write"));
  EXPECT_NE(profile.digest, none.digest);
  const auto theirs = profile.for_partner("acme");
  EXPECT_EQ(theirs.slot_size, 131072U);
  EXPECT_EQ(theirs.release.key, "application.acme");
  EXPECT_EQ(theirs.release.signature, cose::Algorithm::esp256);
}

struct Change {
  const char* name;
  std::string from, to, says;
};
void PrintTo(const Change& c, std::ostream* os) { *os << c.name; }

constexpr const char* kEspPlaces =
    "esp-efuse: {chip: esp32h2, key-block: 0, block-address: 0x3f0000, block-size: 8192}\nlabel: lamp";

/// A lamp on such a chip, with one of its places changed.
Change esp(const char* name, std::string_view from, std::string_view to, const char* says) {
  std::string places = std::string{"adapter: esp-efuse\n"} + kEspPlaces;
  places.replace(places.find(from), from.size(), to);
  return {name, "adapter: lamp-protocol\nlabel: lamp", std::move(places), says};
}

class DeviceProfileErrors : public testing::TestWithParam<Change> {};

TEST_P(DeviceProfileErrors, NameThePlace) {
  const test::TemporaryDirectory folder;
  auto text = read_text_file(kTemplates / "smart-lamp.yaml");
  const auto at = text.find(GetParam().from);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, GetParam().from.size(), GetParam().to);
  publish(folder / "p.yaml", text);
  const auto read = attempt([&] { return DeviceProfile::load(folder / "p.yaml"); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr(GetParam().says));
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr("p.yaml:"));
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, DeviceProfileErrors,
    testing::Values(
        Change{"UnknownKey", "vendor:", "vendorr:", "vendor"},
        Change{"NoDomain", "lighting.example", "lighting", "domain name"},
        Change{"NoOid", "1.3.6.1.4.1.32473.1.1", "1.3.x", "OID"},
        Change{"LowerPrefix", "prefix: SL", "prefix: sl", "capital"},
        Change{"UnknownCredential", "- model-kek", "- model-key", "not a credential"},
        Change{"TwiceCredential", "- model-kek", "- idevid", "twice"},
        Change{"NoIdentity", "- idevid", "- claim-code", "identity"},
        Change{"NoOfficers", "\n  - officers", "", "officers"},
        Change{"UnknownLabel", "label: lamp", "label: toaster", "expected lamp or gateway"},
        Change{"GatewayWithoutCode", "label: lamp", "label: gateway", "claim-code"},
        Change{"MlDsaAlone", "label: lamp", "release: {signatures: [ml-dsa-87]}\nlabel: lamp",
               "perhaps ml-dsa-87 beside it"},
        Change{"UnknownCipher", "label: lamp", "release: {encryption: aes-256-cbc}\nlabel: lamp",
               "expected aes-256-gcm"},
        Change{"UnknownPlace", "label: lamp", "release: {payload: elsewhere}\nlabel: lamp", "integrated or detached"},
        Change{"DetachedInsideZigbee", "label: lamp",
               "release: {payload: detached}\noutputs: [{kind: suit}, {kind: zigbee, "
               "around: suit, manufacturer: 1, image-type: 1}]\nlabel: lamp",
               "must be integrated"},
        Change{"UnknownSignature", "label: lamp", "release: {signatures: [ps256, ed25519]}\nlabel: lamp",
               "expected ps256"},
        Change{"EspWithoutPlaces", "adapter: lamp-protocol", "adapter: esp-efuse", "esp-efuse"},
        Change{"EspPlacesForAnother", "label: lamp", kEspPlaces, "the adapter is lamp-protocol"},
        esp("AnotherChip", "chip: esp32h2", "chip: esp32", "expected a chip that signs"),
        esp("NoSuchKeyBlock", "key-block: 0", "key-block: 6", "0 to 5"),
        esp("DecimalAddress", "0x3f0000", "4128768", "an address like 0x3f0000"),
        esp("HalfASector", "0x3f0000", "0x3f0800", "whole sectors"),
        esp("BeyondFlash", "0x3f0000", "0xfff000", "outside the 16 MiB"),
        esp("NoRoom", "block-size: 8192", "block-size: 0", "4096"),
        Change{"GrantBeyondTheModels", "slot-size: 131072", "slot-size: 131072\n  partners: {acme: [door.open]}",
               "'door.open' is not among the model's grants"},
        Change{"GrantTwice", "clock.read,", "clock.read, clock.read,", "twice"},
        Change{"GrantThatIsNoName", "clock.read,", "clock.*,", "is not a name"},
        Change{"DottedPartner", "slot-size: 131072", "slot-size: 131072\n  partners: {acme.eu: []}",
               "no partner's name"},
        Change{"ApplicationsInClear", "  - model-kek\n", "", "needs model-kek"},
        Change{"PartnersKeyForAnOutput", "label: lamp",
               "outputs: [{kind: suit}, {kind: mcuboot, key: application.acme}]\nlabel: lamp", "has another purpose"},
        Change{"TinySlot", "1048576", "12", "from 4096"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace lamp::firmware
