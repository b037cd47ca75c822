#include "lib/firmware/application.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "lib/crypto/cbor.hpp"
#include "lib/firmware/device/receiver.hpp"
#include "lib/firmware/device/software_crypto.hpp"
#include "tests/firmware/flash_model.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace lamp::firmware::test {
namespace {

using device::Boot;
using device::Updater;
using testing::ElementsAre;
using testing::HasSubstr;

Bytes permission_manifest(std::string_view kind, std::string_view partner, std::string_view application,
                          const std::vector<std::string>& apis) {
  cbor::Writer out;
  out.array(4).text(kind).text(partner).text(application).array(apis.size());
  for (const auto& api : apis) out.text(api);
  return std::move(out).encoded();
}

TEST(Permissions, AreReadAsTheyWereWritten) {
  const auto encoded = dimmer().encode();
  const auto read = PermissionManifest::parse(encoded);
  EXPECT_EQ(read.partner(), "acme");
  EXPECT_EQ(read.application(), "dimmer");
  EXPECT_THAT(read.apis(), ElementsAre("light.read", "light.write"));
  EXPECT_EQ(Application::parse(encoded), dimmer());
}

TEST(Permissions, MayBeNone) {
  EXPECT_TRUE(Application::parse(Application{"acme", "clock", {}}.encode()).permissions.empty());
}

struct Malformed {
  const char* name;
  Bytes bytes;
  const char* says;
};
void PrintTo(const Malformed& m, std::ostream* os) { *os << m.name; }

class PermissionsRefuse : public testing::TestWithParam<Malformed> {};

TEST_P(PermissionsRefuse, AndSayWhy) {
  const auto read = attempt([&] { return PermissionManifest::parse(GetParam().bytes); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_EQ(std::get<Error>(read).code(), Errc::bad_input);
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr(GetParam().says));
}

constexpr const char* kKind = "lamp-permissions-v1";

std::vector<std::string> many_apis() {
  std::vector<std::string> apis;
  for (std::size_t i = 0; i <= kMaxPermissions; ++i) apis.push_back("a" + std::to_string(100 + i));
  return apis;
}

Bytes followed_by(Bytes bytes, std::uint8_t byte) {
  bytes.push_back(byte);
  return bytes;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PermissionsRefuse,
    testing::Values(Malformed{"OtherKind", permission_manifest("lamp-permissions-v2", "acme", "dimmer", {}), "kind"},
                    Malformed{"NoPartner", permission_manifest(kKind, "", "dimmer", {}), "partner"},
                    Malformed{"DottedPartner", permission_manifest(kKind, "acme.eu", "dimmer", {}), "partner"},
                    Malformed{"PathAsPartner", permission_manifest(kKind, "../x", "dimmer", {}), "partner"},
                    Malformed{"LongPartner", permission_manifest(kKind, std::string(32, 'a'), "dimmer", {}), "partner"},
                    Malformed{"NumberAsApplication", permission_manifest(kKind, "acme", "1", {}), "application"},
                    Malformed{"NoApi", permission_manifest(kKind, "acme", "dimmer", {""}), "API"},
                    Malformed{"Wildcard", permission_manifest(kKind, "acme", "dimmer", {"light.*"}), "API"},
                    Malformed{"Twice", permission_manifest(kKind, "acme", "dimmer", {"a", "a"}), "order"},
                    Malformed{"OutOfOrder", permission_manifest(kKind, "acme", "dimmer", {"b", "a"}), "order"},
                    Malformed{"TooMany", permission_manifest(kKind, "acme", "dimmer", many_apis()), "more permissions"},
                    Malformed{"More", followed_by(dimmer().encode(), 0), ""}, Malformed{"Empty", {}, ""}));

TEST(Permissions, AreRefusedWhereTheyAreCut) {
  const auto good = dimmer().encode();
  for (std::size_t i = 0; i < good.size(); ++i)
    EXPECT_THROW((void)PermissionManifest::parse(ByteView{good}.first(i)), Error) << "cut at " << i;
}

TEST(Permissions, AreComparedWithWhatIsGranted) {
  const std::vector<std::string> asked{"light.read", "mesh.publish"};
  EXPECT_THAT(beyond(asked, {"light.read"}), ElementsAre("mesh.publish"));
  EXPECT_THAT(beyond(asked, {"mesh.publish", "light.read"}), testing::IsEmpty());
}

// By content: whoever signed it, neither reader takes the other's manifest.
TEST(Applications, AreNotReadAsFirmwareNorTheReverse) {
  const auto application = make_release(dimmer_release());
  const auto firmware = make_release();
  const auto as_firmware = attempt([&] { return parse_manifest(application.manifest); });
  EXPECT_THAT(std::get<Error>(as_firmware).what(), HasSubstr("application where firmware is expected"));
  const auto as_application = attempt([&] { return parse_manifest(firmware.manifest, Content::application); });
  EXPECT_THAT(std::get<Error>(as_application).what(), HasSubstr("firmware where a partner's application is expected"));
  EXPECT_EQ(parse_any_manifest(application.manifest).content(), Content::application);
  EXPECT_EQ(parse_any_manifest(firmware.manifest).content(), Content::firmware);
  EXPECT_NE(parse_any_manifest(application.manifest).model_class, parse_any_manifest(firmware.manifest).model_class);
}

TEST(Applications, HaveOneManifest) {
  const auto made = make_release(dimmer_release());
  EXPECT_EQ(encode_manifest(parse_manifest(made.manifest, Content::application)), made.manifest);
  for (std::size_t i = 0; i < made.manifest.size(); ++i)
    EXPECT_THROW((void)parse_any_manifest(ByteView{made.manifest}.first(i)), Error) << "cut at " << i;
}

TEST(Applications, RevokeNoKeys) {
  EXPECT_THROW((void)make_release(dimmer_release({.revoked = {id_of(keys().second)}})), Error);
}

TEST(Applications, OfTwoPartnersOrNamesHaveTwoClasses) {
  const auto model = class_id(vendor_id("lamp.example"), "smart-lamp");
  EXPECT_NE(application_class(model, "acme", "dimmer"), application_class(model, "globex", "dimmer"));
  EXPECT_NE(application_class(model, "acme", "dimmer"), application_class(model, "acme", "clock"));
}

struct Case {
  const char* name;
  Reason reason;
  Recipe recipe;
  std::function<void(ReleaseTrust&)> demand = [](ReleaseTrust&) {};
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

class HostJudges : public testing::TestWithParam<Case> {};

TEST_P(HostJudges, AnApplication) {
  auto trust = acme_trust();
  GetParam().demand(trust);
  const auto outcome = check_release(make_release(GetParam().recipe).envelope, trust);
  EXPECT_EQ(outcome.reason, GetParam().reason) << outcome.text;
}

const Recipe kBeyondGrant{.application = Application{"acme", "dimmer", {"light.read", "mesh.publish"}}};
const Recipe kOfGlobex{.application = Application{"globex", "dimmer", {"light.read"}}};

INSTANTIATE_TEST_SUITE_P(
    Table, HostJudges,
    testing::Values(
        Case{"Good", Reason::none, dimmer_release()},
        Case{"BeyondTheGrant", Reason::not_granted, dimmer_release(kBeyondGrant)},
        Case{"ByTheReleaseKey", Reason::no_partner_signature, {.application = dimmer()}},
        Case{"FirmwareByTheReleaseKey", Reason::no_partner_signature, {}},
        Case{"FirmwareByThePartnersKey", Reason::malformed, {.signer = &keys().acme}},
        Case{"ByAnotherPartnersKey", Reason::no_partner_signature, dimmer_release({.signer = &keys().globex})},
        Case{"AnotherPartnersByTheSameKey", Reason::other_application, dimmer_release(kOfGlobex)},
        Case{"AnotherName", Reason::other_application, dimmer_release(),
             [](ReleaseTrust& t) { t.application->name = "clock"; }},
        Case{"OfficersMissing", Reason::too_few_officers, dimmer_release({.officers = {0}})},
        Case{"AnotherModel", Reason::other_model, dimmer_release({.model = "gateway"})},
        Case{"OldSequence", Reason::old_sequence, dimmer_release(), [](ReleaseTrust& t) { t.minimum_sequence = 6; }},
        Case{"OldEpoch", Reason::old_epoch, dimmer_release(), [](ReleaseTrust& t) { t.minimum_epoch = 3; }}));

TEST(Applications, AreRefusedWithTheApisThatAreNotGranted) {
  const auto outcome = check_release(make_release(dimmer_release(kBeyondGrant)).envelope, acme_trust());
  EXPECT_EQ(outcome.text, "it asks for a device API that it is not granted: mesh.publish");
}

TEST(Applications, SignedByAPartnerAreNoFirmwareForAHost) {
  EXPECT_EQ(check_release(make_release(dimmer_release()).envelope, host_trust()).reason, Reason::no_release_signature);
  EXPECT_EQ(check_release(make_release({.signer = &keys().acme}).envelope, host_trust()).reason,
            Reason::no_release_signature);
  EXPECT_EQ(check_release(make_release({.application = dimmer()}).envelope, host_trust()).reason, Reason::malformed);
}

TEST(Applications, WithOtherPermissionsThanWereSignedAreAltered) {
  const auto made = make_release(dimmer_release());
  auto other = made.manifest;
  const std::string_view api = "light.write";
  const auto at = std::search(other.begin(), other.end(), api.begin(), api.end());
  ASSERT_NE(at, other.end());
  *at = 'n';  // still a name, still in order
  const auto outcome = check_release(encode_envelope(other, made.blocks, made.payload), acme_trust());
  EXPECT_EQ(outcome.reason, Reason::bad_signature);
  auto envelope = made.envelope;
  const auto there = std::search(envelope.begin(), envelope.end(), api.begin(), api.end());
  *there = 'n';
  EXPECT_EQ(check_release(envelope, acme_trust()).reason, Reason::manifest_altered);
}

/// The dimmer's own flash part in a lamp: nothing is installed in it yet.
class Part : public testing::Test {
 protected:
  Updater updater() { return Updater{flash_, crypto_, trust_}; }
  std::string install(const Recipe& recipe) {
    auto at_hand = updater();
    const auto outcome = at_hand.offer(make_release(recipe).envelope);
    if (!outcome.accepted()) return outcome.text;
    auto started = updater();
    if (started.boot() != Boot::trial) return "it did not start";
    started.confirm();
    return started.running().version.text();
  }

  FlashModel flash_;
  device::SoftwareCrypto crypto_{kek()};
  device::DeviceTrust trust_ = dimmer_trust();
};

TEST_F(Part, TakesItsApplicationAndThenANewerOne) {
  EXPECT_EQ(updater().boot(), Boot::unbootable);
  EXPECT_EQ(install(dimmer_release()), "1.1.0");
  EXPECT_EQ(updater().boot(), Boot::normal);
  EXPECT_EQ(install(dimmer_release({.version = {1, 2, 0}, .sequence = 6})), "1.2.0");
}

TEST_F(Part, NeverGoesBack) {
  EXPECT_EQ(install(dimmer_release({.epoch = 3})), "1.1.0");
  EXPECT_EQ(install(dimmer_release({.version = {1, 0, 0}, .sequence = 5, .epoch = 3})), describe(Reason::old_sequence));
  EXPECT_EQ(install(dimmer_release({.sequence = 6, .epoch = 2})), describe(Reason::old_epoch));
}

class PartRefuses : public Part, public testing::WithParamInterface<Case> {};

TEST_P(PartRefuses, AndNamesTheReasonAndStaysAsItWas) {
  const auto outcome = updater().offer(make_release(GetParam().recipe).envelope);
  EXPECT_EQ(outcome.reason, GetParam().reason) << outcome.text;
  EXPECT_EQ(updater().running().size, 0U);
  EXPECT_EQ(updater().boot(), Boot::unbootable);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PartRefuses,
    testing::Values(Case{"BeyondTheGrant", Reason::not_granted, dimmer_release(kBeyondGrant)},
                    Case{"ByTheReleaseKey", Reason::no_partner_signature, {.application = dimmer()}},
                    Case{"FirmwareByTheReleaseKey", Reason::no_partner_signature, {}},
                    Case{"FirmwareByThePartnersKey", Reason::malformed, {.signer = &keys().acme}},
                    Case{"ByAnotherPartnersKey", Reason::no_partner_signature,
                         dimmer_release({.signer = &keys().globex})},
                    Case{"AnotherPartnersId", Reason::other_application, dimmer_release(kOfGlobex)},
                    Case{"AnotherOfTheirs", Reason::other_application,
                         dimmer_release({.application = Application{"acme", "clock", {}}})},
                    Case{"AnotherModel", Reason::other_application, dimmer_release({.model = "gateway"})},
                    Case{"AnotherVendor", Reason::other_vendor, dimmer_release({.vendor = "other.example"})},
                    Case{"TooFewOfficers", Reason::too_few_officers, dimmer_release({.officers = {0}})},
                    Case{"TooLarge", Reason::too_large, dimmer_release({.image = Bytes(100'000, 1)})}));

TEST(Lamps, TakeNoApplicationAsFirmware) {
  FlashModel flash;
  device::SoftwareCrypto crypto{kek()};
  const auto trust = lamp_trust();
  device::provision(flash, crypto, Bytes(200, 0x11), {1, 0, 0}, 4, 2);
  Updater updater{flash, crypto, trust};
  EXPECT_EQ(updater.offer(make_release(dimmer_release()).envelope).reason, Reason::no_release_signature);
  EXPECT_EQ(updater.offer(make_release({.application = dimmer()}).envelope).reason, Reason::malformed);
  EXPECT_EQ(updater.offer(make_release({.signer = &keys().acme}).envelope).reason, Reason::no_release_signature);
}

}  // namespace
}  // namespace lamp::firmware::test
