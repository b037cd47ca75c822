#include "lib/firmware/request.hpp"

#include <botan/ecdh.h>
#include <botan/system_rng.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "lib/base/error.hpp"
#include "tests/firmware/request_fixture.hpp"

namespace lamp::firmware {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Measured measured(ByteView bytes) {
  ViewSource source{bytes};
  return measure(source);
}

const test::RequestFiles& files() {
  static const auto made = test::make_request_files(
      Botan::ECDH_PrivateKey{Botan::system_rng(), Botan::EC_Group::from_name("secp256r1")}.public_value(), Bytes(32, 4),
      from_unix_seconds(1'795'000'000), {Bytes(32, 6)});
  return made;
}

TEST(Requests, ComeBackFromTheirFile) {
  const auto encoded = files().request.encode();
  EXPECT_EQ(Request::parse(encoded).encode(), encoded);
  EXPECT_EQ(Request::parse(encoded).digest(), test::bytes_of(sha256(encoded)));
}

TEST(Requests, ThatAreCutShortOrLongerAreRefused) {
  const auto whole = files().request.encode();
  std::size_t accepted = 0;
  for (std::size_t size = 0; size < whole.size(); ++size)
    accepted += std::holds_alternative<Request>(attempt([&] { return Request::parse(ByteView{whole}.first(size)); }));
  auto longer = whole;
  longer.push_back(0);
  EXPECT_EQ(accepted, 0U);
  EXPECT_THROW((void)Request::parse(longer), Error);
}

TEST(Requests, WithASessionKeyOffTheCurveAreRefused) {
  auto request = files().request;
  request.session_point[40] ^= 1;
  EXPECT_THROW((void)Request::parse(request.encode()), Error);
}

TEST(Requests, SayTheirTermsAsTheRulesReadThem) {
  const auto read = Request::parse(files().request.encode());
  EXPECT_EQ(read.terms.model, "smart-lamp");
  EXPECT_EQ(read.terms.image_digest, read.image_digest);
  EXPECT_THAT(read.terms.keys, ElementsAre("release"));
  EXPECT_EQ(read.terms.expires, read.expires);
  EXPECT_EQ(read.terms.hardware.revisions(), "1-3");
}

struct Misshapen {
  const char* name;
  std::function<void(Request&)> bend;
  const char* says;
};
void PrintTo(const Misshapen& m, std::ostream* os) { *os << m.name; }

class MisshapenRequest : public testing::TestWithParam<Misshapen> {};

TEST_P(MisshapenRequest, IsRefused) {
  auto request = files().request;
  GetParam().bend(request);
  const auto read = attempt([&] { return Request::parse(request.encode()); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_THAT(std::get<Error>(read).what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, MisshapenRequest,
    testing::Values(Misshapen{"Nonce", [](Request& r) { r.nonce.pop_back(); }, "nonce"},
                    Misshapen{"Hardware", [](Request& r) { r.terms.hardware.first = 9; }, "no range"},
                    Misshapen{"Witness", [](Request& r) { r.terms.witness.push_back(0); }, "witness digest"},
                    Misshapen{"NoRegion", [](Request& r) { r.signed_regions.clear(); }, "first signature"},
                    Misshapen{"Region", [](Request& r) { r.signed_regions.front().digest.clear(); }, "region's digest"},
                    Misshapen{"Regions", [](Request& r) { r.signed_regions.resize(33, r.signed_regions.front()); },
                              "more than 32"},
                    Misshapen{"Revoked", [](Request& r) { r.terms.revokes.assign(9, Bytes(32)); }, "more than 8"}),
    [](const auto& tested) { return tested.param.name; });

TEST(RequestFiles, AreGoodAsTheyWereMade) {
  EXPECT_THAT(check_request_files(files().request, files().manifest, measured(files().payload)).objections, IsEmpty());
}

struct Lie {
  const char* name;
  std::function<void(Request&)> tell;
  const char* says;
};
void PrintTo(const Lie& lie, std::ostream* os) { *os << lie.name; }

class LyingRequest : public testing::TestWithParam<Lie> {};

TEST_P(LyingRequest, IsFoundOut) {
  auto request = files().request;
  GetParam().tell(request);
  const auto verdict = check_request_files(request, files().manifest, measured(files().payload));
  EXPECT_THAT(verdict.objections, ElementsAre(HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(
    EveryField, LyingRequest,
    testing::Values(Lie{"Model", [](Request& r) { r.name.model = "gateway"; }, "model"},
                    Lie{"Version", [](Request& r) { r.name.version = "1.0.9"; }, "version"},
                    Lie{"Sequence", [](Request& r) { r.sequence = 3; }, "sequence"},
                    Lie{"Epoch", [](Request& r) { r.epoch = 1; }, "epoch"},
                    Lie{"ImageDigest", [](Request& r) { r.image_digest[0] ^= 1; }, "image's digest"},
                    Lie{"ImageSize", [](Request& r) { r.image_size += 1; }, "image's size"},
                    Lie{"PayloadDigest", [](Request& r) { r.payload_digest[0] ^= 1; }, "payload's digest"},
                    Lie{"PayloadSize", [](Request& r) { r.payload_size += 1; }, "payload's size"},
                    Lie{"Region", [](Request& r) { r.signed_regions.front().digest[0] ^= 1; }, "first signature"},
                    Lie{"Key", [](Request& r) { r.signed_regions.front().key = "mcuboot"; }, "first signature"},
                    Lie{"NothingRevoked", [](Request& r) { r.terms.revokes.clear(); }, "list of revoked keys"},
                    Lie{"RevokedKey", [](Request& r) { r.terms.revokes.at(0)[0] ^= 1; }, "list of revoked keys"},
                    Lie{"SuitDigest", [](Request& r) { r.suit_digest.back() ^= 1; }, "manifest.cbor"}),
    [](const auto& tested) { return tested.param.name; });

/// acme's dimmer, asked for as it should be.
test::RequestFiles application_files() {
  auto made = files();
  const Application dimmer{"acme", "dimmer", {"light.read"}};
  const auto permissions = dimmer.encode();
  auto manifest = parse_manifest(made.manifest);
  manifest.revoked = {};
  manifest.permissions = permissions;
  manifest.model_class = class_of(manifest);
  const auto encoded = encode_manifest(manifest);
  made.request.name.application = dimmer.text();
  made.request.terms.application = dimmer;
  made.request.terms.revokes.clear();
  made.request.suit_digest = suit_digest(encoded);
  made.request.signed_regions = suit_regions(made.request.suit_digest, ReleaseSettings{}.for_partner("acme"));
  made.manifest = encoded;
  return made;
}

TEST(Requests, OfAnApplicationSayWhoseAndWhatItMayCall) {
  const auto made = application_files();
  const auto encoded = made.request.encode();
  const auto read = Request::parse(encoded);
  EXPECT_EQ(read.encode(), encoded);
  EXPECT_EQ(read.name.text(), "smart-lamp/acme.dimmer/1.1.0");
  EXPECT_EQ(read.terms.application, made.request.terms.application);
  EXPECT_THAT(read.terms.keys, ElementsAre("application.acme"));
  EXPECT_THAT(check_request_files(read, made.manifest, measured(made.payload)).objections, IsEmpty());
}

TEST(Requests, OfAnApplicationAreCheckedForWhatOnlyTheyHave) {
  const auto objections = [](const std::function<void(Request&)>& tell) {
    auto made = application_files();
    tell(made.request);
    return check_request_files(made.request, made.manifest, measured(made.payload)).objections;
  };
  EXPECT_THAT(objections([](Request& r) { r.terms.application->permissions = {"light.write"}; }),
              ElementsAre(HasSubstr("the application's permissions")));
  EXPECT_THAT(objections([](Request& r) { r.signed_regions = {suit_region(r.suit_digest)}; }),
              ElementsAre(HasSubstr("not by the key for what it releases")));
  EXPECT_THAT(objections([](Request& r) {
                r.signed_regions = suit_regions(r.suit_digest, ReleaseSettings{}.for_partner("globex"));
              }),
              ElementsAre(HasSubstr("not by the key for what it releases")));
  EXPECT_THROW((void)objections([](Request& r) { r.terms.application.reset(); }), Error);
}

TEST(Requests, OfFirmwareAreNotByAPartnersKey) {
  auto request = files().request;
  request.signed_regions = suit_regions(request.suit_digest, ReleaseSettings{}.for_partner("acme"));
  EXPECT_THAT(check_request_files(request, files().manifest, measured(files().payload)).objections,
              ElementsAre(HasSubstr("not by the key for what it releases")));
}

TEST(Requests, OfAnApplicationRevokeNothingAndSmuggleNoName) {
  auto request = application_files().request;
  request.terms.revokes = {Bytes(32, 6)};
  EXPECT_THROW((void)Request::parse(request.encode()), Error);
  auto firmware = files().request;
  firmware.name.model = "smart-lamp/acme.dimmer";
  EXPECT_THROW((void)Request::parse(firmware.encode()), Error);
}

TEST(RequestFiles, MayHaveASecondSignatureByMlDsa) {
  auto request = files().request;
  request.signed_regions = suit_regions(request.suit_digest, {cose::Algorithm::ps512, true});
  EXPECT_THAT(Request::parse(request.encode()).terms.keys, ElementsAre("release", "hybrid"));
  const auto objections = [&] {
    return check_request_files(request, files().manifest, measured(files().payload)).objections;
  };
  EXPECT_THAT(objections(), IsEmpty());
  request.signed_regions[1].digest[0] ^= 1;
  EXPECT_THAT(objections(), ElementsAre(HasSubstr("the second signature")));
  request.signed_regions[1] = request.signed_regions[0];
  EXPECT_THAT(objections(), ElementsAre(HasSubstr("more signatures of the envelope")));
}

TEST(RequestFiles, WithAnAlteredPayloadAreFoundOut) {
  auto payload = files().payload;
  payload[7] ^= 1;
  EXPECT_THAT(check_request_files(files().request, files().manifest, measured(payload)).objections,
              ElementsAre(HasSubstr("payload.bin")));
}

}  // namespace
}  // namespace lamp::firmware
