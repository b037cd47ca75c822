#include "lib/firmware/suit.hpp"

#include <gmock/gmock.h>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/key_wrap.hpp"
#include "lib/firmware/device/software_crypto.hpp"
#include "lib/firmware/encryption.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace lamp::firmware::test {
namespace {

using testing::HasSubstr;

TEST(SuitManifest, ReadsBackWhatWasWritten) {
  const auto made = make_release({.version = {2, 40, 65535}, .sequence = 1U << 31U, .epoch = 7});
  const auto manifest = parse_manifest(made.manifest);
  EXPECT_EQ(manifest.sequence, 1U << 31U);
  EXPECT_EQ(manifest.model, "smart-lamp");
  EXPECT_EQ(manifest.version.text(), "2.40.65535");
  EXPECT_EQ(manifest.security_epoch, 7U);
  EXPECT_EQ(manifest.image_size, 300U);
  EXPECT_EQ(manifest.payload_size, 316U);
  EXPECT_EQ(manifest.image_digest, sha256(Bytes(300, 0xa5)));
  EXPECT_EQ(manifest.model_class, class_id(vendor_id("lamp.example"), "smart-lamp"));
  EXPECT_EQ(lamp::to_text(parse_encryption_info(manifest.encryption_info).kek_name), "kek.smart-lamp");
}

TEST(SuitManifest, WritesEqualBytesForEqualValues) {
  const auto made = make_release();
  EXPECT_EQ(encode_manifest(parse_manifest(made.manifest)), made.manifest);
}

struct Unwritable {
  const char* name;
  void (*change)(Manifest&);
};
void PrintTo(const Unwritable& c, std::ostream* os) { *os << c.name; }

class UnwritableManifests : public testing::TestWithParam<Unwritable> {};

TEST_P(UnwritableManifests, AreRefusedBeforeAnyoneSignsThem) {
  const auto made = make_release();
  auto manifest = parse_manifest(made.manifest);
  GetParam().change(manifest);
  EXPECT_THROW((void)encode_manifest(manifest), Error);
}

INSTANTIATE_TEST_SUITE_P(
    Table, UnwritableManifests,
    testing::Values(Unwritable{"SequenceZero", [](Manifest& m) { m.sequence = 0; }},
                    Unwritable{"ModelThatIsNoName", [](Manifest& m) { m.model = "Smart Lamp"; }},
                    Unwritable{"ClassOfAnotherModel", [](Manifest& m) { m.model = "gateway"; }},
                    Unwritable{"EmptyImage", [](Manifest& m) { m.image_size = 0; }},
                    Unwritable{"PayloadSizeThatDoesNotFit", [](Manifest& m) { m.payload_size += 1; }},
                    Unwritable{"SizesThatWrapAround", [](Manifest& m) { m.image_size = ~0ULL, m.payload_size = 15; }},
                    Unwritable{"NoEncryption", [](Manifest& m) { m.encryption_info = {}; }}));

/// Every byte of a manifest matters: another value reads as another manifest or not at all.
TEST(SuitManifest, NeverReadsTwoEncodingsAsTheSameManifest) {
  const auto good = make_release().manifest;
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x01;
    const auto read = attempt([&] { return encode_manifest(parse_manifest(bad)); });
    EXPECT_EQ(std::holds_alternative<Bytes>(read) ? std::get<Bytes>(read) : bad, bad) << "byte " << i;
  }
}

TEST(SuitManifest, RefusesEveryTruncation) {
  const auto good = make_release().manifest;
  for (std::size_t i = 0; i < good.size(); ++i)
    EXPECT_THROW((void)parse_manifest(ByteView{good}.first(i)), Error) << "cut at " << i;
}

/// Envelopes that are built by hand around a good release.
struct Malformed {
  const char* name;
  const char* says;
  Bytes (*build)(const Made&);
};
void PrintTo(const Malformed& c, std::ostream* os) { *os << c.name; }

cbor::Writer wrapper(const Made& made) { return cbor::Writer{}.array(1).bytes(suit_digest(made.manifest)); }
cbor::Writer start(const Made& made, std::uint64_t members) {
  return cbor::Writer{}.tag(107).map(members).integer(2).bytes(wrapper(made).encoded()).integer(3).bytes(made.manifest);
}

class MalformedEnvelopes : public testing::TestWithParam<Malformed> {};

TEST_P(MalformedEnvelopes, AreRefused) {
  const auto bytes = GetParam().build(make_release());
  const auto result = attempt([&] { return parse_envelope(bytes).count; });
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_THAT(std::get<Error>(result).what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Table, MalformedEnvelopes,
    testing::Values(
        Malformed{"BareManifest", "another tag",
                  [](const Made& m) { return cbor::Writer{}.tag(1070).raw(m.manifest).encoded(); }},
        Malformed{"PayloadTooShort", "ends within",
                  [](const Made& m) {
                    auto bytes = start(m, 3).text("#firmware").bytes(m.payload).encoded();
                    bytes.pop_back();
                    return bytes;
                  }},
        Malformed{"SomethingBehind", "after the envelope",
                  [](const Made& m) { return start(m, 2).text("#firmware").bytes(m.payload).encoded(); }},
        Malformed{"AnotherPayload", "without the payload",
                  [](const Made& m) { return start(m, 3).text("#other").bytes(m.payload).encoded(); }},
        Malformed{"SecondPayload", "members",
                  [](const Made& m) {
                    return start(m, 4).text("#firmware").bytes(m.payload).text("#firmwarf").bytes({}).encoded();
                  }},
        Malformed{"SeveredMember", "text string",
                  [](const Made& m) { return start(m, 3).integer(20).bytes(m.payload).encoded(); }},
        Malformed{"ManifestFirst", "does not have here",
                  [](const Made& m) {
                    return cbor::Writer{}.tag(107).map(3).integer(3).bytes(m.manifest).integer(2).bytes({}).encoded();
                  }},
        Malformed{
            "NoDigest", "without a digest",
            [](const Made&) { return cbor::Writer{}.tag(107).map(3).integer(2).bytes(from_hex("80")).encoded(); }},
        Malformed{"TooManySignatures", "too many signatures",
                  [](const Made& m) {
                    auto many = cbor::Writer{}.array(34).bytes(suit_digest(m.manifest));
                    for (int i = 0; i < 33; ++i) many.bytes({});
                    return cbor::Writer{}.tag(107).map(3).integer(2).bytes(many.encoded()).encoded();
                  }},
        Malformed{"DigestOfAnotherAlgorithm", "not SHA-256", [](const Made&) {
                    const auto digest = cbor::Writer{}.array(2).integer(-43).bytes(Bytes(48, 1)).encoded();
                    const auto list = cbor::Writer{}.array(1).bytes(digest).encoded();
                    return cbor::Writer{}.tag(107).map(3).integer(2).bytes(list).encoded();
                  }}));

TEST(EnvelopeHead, IsTheEnvelopeWithoutThePayloadsBytes) {
  const auto made = make_release();
  const auto head = encode_envelope_head(made.manifest, made.blocks);
  auto whole = head;
  append(whole, made.payload);
  EXPECT_EQ(whole, made.envelope);
  const auto read = parse_envelope_head(ByteView{whole}.first(head.size() + 5));
  EXPECT_EQ(read.size, head.size());
  EXPECT_EQ(read.payload_size, made.payload.size());
  EXPECT_EQ(read.envelope.count, made.blocks.size());
}

TEST(EnvelopeHead, IsTheWholeEnvelopeOfADetachedPayload) {
  const auto made = make_release({.place = PayloadPlace::detached});
  EXPECT_EQ(made.envelope, encode_envelope_head(made.manifest, made.blocks));
  const auto envelope = parse_envelope(made.envelope);
  EXPECT_EQ(envelope.place, PayloadPlace::detached);
  EXPECT_TRUE(envelope.payload.empty());
  EXPECT_EQ(parse_manifest(envelope.manifest).place, PayloadPlace::detached);
}

TEST(EnvelopeHead, RefusesAPayloadElsewhereThanTheManifestSays) {
  const auto inside = make_release(), beside = make_release({.place = PayloadPlace::detached});
  const auto one = parse_envelope(inside.envelope), other = parse_envelope(beside.envelope);
  EXPECT_THROW(require_same_place(one, parse_manifest(beside.manifest)), Error);
  EXPECT_THROW(require_same_place(other, parse_manifest(inside.manifest)), Error);
  EXPECT_NO_THROW(require_same_place(one, parse_manifest(inside.manifest)));
}

TEST(EnvelopeHead, RefusesToReadBeyondItsLimit) {
  const auto made = make_release();
  std::vector<Bytes> blocks(kMaxAuthenticationBlocks, Bytes(kMaxHeadSize / kMaxAuthenticationBlocks, 1));
  EXPECT_THROW((void)encode_envelope_head(made.manifest, blocks), Error);
}

TEST(RevokedKeys, AreInTheManifestInOneOrder) {
  const KeyId first{1}, second{2};
  const auto one = make_release({.revoked = {second, first, second}});
  const auto manifest = parse_manifest(one.manifest);
  EXPECT_EQ(manifest.revoked.ids().size(), 2U);
  EXPECT_EQ(manifest.revoked.ids()[0], first);
  EXPECT_TRUE(manifest.revoked.contains(second));
  EXPECT_FALSE(manifest.revoked.contains(KeyId{3}));
  EXPECT_EQ(encode_manifest(manifest), one.manifest);
}

TEST(RevokedKeys, RefuseAnyOtherEncoding) {
  const std::string one = "5820" + std::string(64, '1'), two = "5820" + std::string(64, '2');
  EXPECT_EQ(RevokedKeys::parse(from_hex("82" + one + two)).ids().size(), 2U);
  std::string nine = "89";
  for (const char digit : {'1', '2', '3', '4', '5', '6', '7', '8', '9'}) nine += "5820" + std::string(64, digit);
  for (const auto& bad : {std::string{"80"}, "82" + two + one, "82" + one + one, "81581f" + std::string(62, '1'),
                          "81" + one + "00", nine, "a0" + one})
    EXPECT_THROW((void)RevokedKeys::parse(from_hex(bad)), Error) << bad;
}

TEST(RevokedKeys, AreEightAtMost) {
  RevokedKeys keys;
  for (std::uint8_t i = 0; i < kMaxRevokedKeys; ++i) keys.add(KeyId{i});
  EXPECT_NO_THROW(keys.add(KeyId{3}));
  EXPECT_THROW(keys.add(KeyId{99}), Error);
}

struct Cipher {
  const char* name;
  PayloadCipher id;
  std::size_t longer;
};
void PrintTo(const Cipher& c, std::ostream* os) { *os << c.name; }
class Ciphers : public testing::TestWithParam<Cipher> {};

TEST_P(Ciphers, CarryAReleaseThatItsKekOpens) {
  const auto id = GetParam().id;
  const auto made = make_release({.cipher = id});
  const auto manifest = parse_manifest(parse_envelope(made.envelope).manifest);
  EXPECT_EQ(manifest.payload_size, 300 + GetParam().longer);
  const auto info = parse_encryption_info(manifest.encryption_info);
  EXPECT_EQ(info.cipher, id);
  const auto key = crypto::unwrap_key(kek(0x4b, key_size(id)), info.wrapped_key);
  EXPECT_EQ(decrypt_payload(key, info, made.payload), Bytes(300, 0xa5));
}

TEST_P(Ciphers, AreTheSameInPiecesOfAnySizeAndWhole) {
  const auto id = GetParam().id;
  const SymmetricKey key{SecureBytes(key_size(id), 7)};
  const auto info_bytes = encode_encryption_info(id, Bytes(iv_size(id), 3), Bytes(key_size(id) + 8, 1), "kek");
  const auto info = parse_encryption_info(info_bytes);
  const Bytes image(1000, 0x3c);
  for (const std::size_t piece : {16U, 48U, 512U}) {
    PayloadCoder coder{PayloadCoder::Direction::encrypt, key, info};
    Bytes out = image;
    std::size_t at = 0;
    for (; out.size() - at > piece; at += piece) coder.process(std::span{out}.subspan(at, piece));
    SecureBytes rest{out.begin() + static_cast<std::ptrdiff_t>(at), out.end()};
    out.resize(at);
    ASSERT_TRUE(coder.finish(rest));
    append(out, rest);
    EXPECT_EQ(out, encrypt_payload(id, key, info.iv, info.wrapped_key, "kek", image).ciphertext) << piece;
  }
}

TEST_P(Ciphers, AreNamedByOneEncodingOnly) {
  const auto id = GetParam().id;
  const auto good = encode_encryption_info(id, Bytes(iv_size(id), 3), Bytes(key_size(id) + 8, 1), "kek");
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bad = good;
    bad[i] ^= 0x01;
    const auto read = attempt([&] {
      const auto info = parse_encryption_info(bad);
      return encode_encryption_info(info.cipher, info.iv, info.wrapped_key, lamp::to_text(info.kek_name), info.wrap);
    });
    EXPECT_EQ(std::holds_alternative<Bytes>(read) ? std::get<Bytes>(read) : bad, bad) << "byte " << i;
    EXPECT_THROW((void)parse_encryption_info(ByteView{good}.first(i)), Error) << "cut at " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(All, Ciphers,
                         testing::Values(Cipher{"A128GCM", PayloadCipher::a128gcm, 16},
                                         Cipher{"A256GCM", PayloadCipher::a256gcm, 16},
                                         Cipher{"A128CTR", PayloadCipher::a128ctr, 0},
                                         Cipher{"A256CTR", PayloadCipher::a256ctr, 0}));

TEST(Ciphers, GcmTakesNoMoreThanItsLimit) {
  const auto made = make_release();
  auto manifest = parse_manifest(made.manifest);
  manifest.image_size = (1ULL << 36U) - 32;
  manifest.payload_size = manifest.image_size + 16;
  EXPECT_EQ(parse_manifest(encode_manifest(manifest)).image_size, manifest.image_size);
  ++manifest.image_size, ++manifest.payload_size;
  EXPECT_THROW((void)encode_manifest(manifest), Error);
}

TEST(EncryptionInfo, WrapsAShortContentKeyUnderALongKekAsWell) {
  const auto encoded =
      encode_encryption_info(PayloadCipher::a128gcm, Bytes(12, 3), Bytes(24, 1), "kek", KeyWrap::a256kw);
  EXPECT_EQ(parse_encryption_info(encoded).wrap, KeyWrap::a256kw);
  EXPECT_THROW((void)encode_encryption_info(PayloadCipher::a256gcm, Bytes(12), Bytes(40), "kek", KeyWrap::a128kw),
               Error);
}

TEST(EncryptionInfo, NamesTheKekThatADeviceHas) {
  const SymmetricKey content_key{SecureBytes(16, 7)};
  const auto begins = [&](std::size_t kek_size, KeyWrap says) {
    const auto wrapped = crypto::wrap_key(kek(0x4b, kek_size), content_key);
    const auto info = encode_encryption_info(PayloadCipher::a128gcm, Bytes(12, 3), wrapped, "kek", says);
    return device::SoftwareCrypto{kek(0x4b, kek_size)}.start_payload(parse_encryption_info(info));
  };
  EXPECT_TRUE(begins(32, KeyWrap::a256kw));
  EXPECT_TRUE(begins(16, KeyWrap::a128kw));
  EXPECT_FALSE(begins(32, KeyWrap::a128kw));
  EXPECT_FALSE(begins(16, KeyWrap::a256kw));
}

TEST(EncryptionInfo, RefusesAlgorithmsThatDoNotFit) {
  const SymmetricKey key{SecureBytes(32, 1)};
  EXPECT_THROW((void)encrypt_payload(key, Bytes(11), Bytes(40), "kek", to_bytes("x")), Error);
  EXPECT_THROW((void)encrypt_payload(key, Bytes(12), Bytes(24), "kek", to_bytes("x")), Error);
  EXPECT_THROW((void)encrypt_payload(key, Bytes(12), Bytes(40), "", to_bytes("x")), Error);
  const SymmetricKey odd{SecureBytes(24, 1)};
  EXPECT_THROW((void)encrypt_payload(odd, Bytes(12), Bytes(32), "kek", to_bytes("x")), Error);
}

TEST(Encryption, DecryptsItsOwnAndNothingAltered) {
  const SymmetricKey key{SecureBytes(32, 1)};
  const auto image = to_bytes("an image");
  auto made = encrypt_payload(key, Bytes(12), Bytes(40), "kek", image);
  const auto info = parse_encryption_info(made.info);
  EXPECT_EQ(decrypt_payload(key, info, made.ciphertext), image);
  EXPECT_THROW((void)decrypt_payload(SymmetricKey{SecureBytes(32, 2)}, info, made.ciphertext), Error);
  made.ciphertext[0] ^= 1;
  EXPECT_THROW((void)decrypt_payload(key, info, made.ciphertext), Error);
  EXPECT_THROW((void)decrypt_payload(key, info, Bytes(3)), Error);
}

TEST(Uuid, AreNameBased) {
  // The vendor id in the draft's own examples is that of arm.com.
  EXPECT_EQ(to_text(vendor_id("arm.com")), "fa6b4a53-d5ad-5fdf-be9d-e663e4d41ffe");
  EXPECT_EQ(to_text(class_id(vendor_id("arm.com"), "My Product")), "239e5abd-fd9d-5780-850c-0aa5262cffac");
}

}  // namespace
}  // namespace lamp::firmware::test
