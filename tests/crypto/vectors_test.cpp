// Published vectors, from the folder beside the project: cose-wg/Examples and the suites that Botan and NIST ship.
#include <botan/ec_apoint.h>
#include <botan/ecdsa.h>
#include <botan/hash.h>
#include <botan/pubkey.h>
#include <botan/rsa.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "lib/base/file.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/crypto/key_wrap.hpp"
#include "lib/crypto/p256.hpp"

namespace lamp {
namespace {

std::filesystem::path vectors() { return std::filesystem::path{LAMP_SOURCE_DIR}.parent_path() / "shared/vectors"; }

class Vectors : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(vectors())) GTEST_SKIP() << "no published vectors at " << vectors();
  }
};

nlohmann::json load(const std::string& file) { return nlohmann::json::parse(read_text_file(vectors() / file)); }

/// Key "11" of cose-wg/Examples.
Botan::ECDSA_PublicKey examples_key() {
  const auto point = from_hex(
      "04bac5b11cad8f99f9c72b05cf4b9e26d244dc189f745228255a219a86d6a09eff"
      "20138bf82dc1b6d562be0fa54ab7804a3a64b6d72ccfed6b6fb6ed28bbfc117e");
  const auto group = Botan::EC_Group::from_name("secp256r1");
  return Botan::ECDSA_PublicKey{group, Botan::EC_AffinePoint{group, point}};
}

struct Parts {
  ByteView protected_header, payload, signature;
};

/// The examples name keys by short unprotected key ids, which parse_sign1 refuses: here the parts are taken by hand.
Parts take_apart(ByteView message) {
  cbor::Reader reader{message};
  if (reader.peek() == cbor::Type::tag) reader.tag(18);
  reader.array(4);
  Parts parts;
  parts.protected_header = reader.bytes();
  (void)reader.item();
  parts.payload = reader.bytes();
  parts.signature = reader.bytes();
  reader.end();
  return parts;
}

bool verifies(ByteView message, std::string_view external) {
  const auto key = examples_key();
  const auto id = cose::key_id(key);
  const auto parts = take_apart(message);
  const cose::Sign1 parsed{cose::Algorithm::es256, id, parts.protected_header, parts.payload, parts.signature};
  return cose::verify1(parsed, key, parts.payload, external).acceptable();
}

TEST_F(Vectors, CoseSign1ExamplesVerify) {
  const auto second = load("cose/sign1-tests/sign-pass-02.json");
  const auto third = load("cose/sign1-tests/sign-pass-03.json");
  const auto external = to_text(from_hex("11aa22bb33cc44dd55006699"));
  EXPECT_TRUE(verifies(from_hex(second["output"]["cbor"].get<std::string>()), external));
  EXPECT_FALSE(verifies(from_hex(second["output"]["cbor"].get<std::string>()), ""));
  EXPECT_TRUE(verifies(from_hex(third["output"]["cbor"].get<std::string>()), ""));
}

TEST_F(Vectors, CoseSign1ExamplesHaveTheSameSignedBytes) {
  const auto example = load("cose/sign1-tests/sign-pass-02.json");
  const auto message = from_hex(example["output"]["cbor"].get<std::string>());
  const auto parts = take_apart(message);
  EXPECT_EQ(cose::to_be_signed(parts.protected_header, from_hex("11aa22bb33cc44dd55006699"), parts.payload),
            from_hex(example["intermediates"]["ToBeSign_hex"].get<std::string>()));
}

/// COSE_Sign with one signer, by a key that is too short for us: the structure, the bytes that are signed and the
/// parameters of RSASSA-PSS are those of PS256 and PS512 here.
struct PssExample {
  const char* file;
  std::int64_t algorithm;
  const char* padding;
};
class RsaPss : public Vectors, public testing::WithParamInterface<PssExample> {};

TEST_P(RsaPss, ExampleVerifiesButItsKeyIsTooShortForUs) {
  const auto example = load("cose/rsa-pss-examples/" + std::string{GetParam().file});
  const auto& signer = example["input"]["sign"]["signers"][0];
  const auto number = [&](const char* name) { return Botan::BigInt{"0x" + signer["key"][name].get<std::string>()}; };
  const Botan::RSA_PublicKey key{number("n_hex"), number("e_hex")};
  const auto message = from_hex(example["output"]["cbor"].get<std::string>());
  cbor::Reader reader{message};
  reader.tag(98);
  reader.array(4);
  const auto body = reader.bytes();
  EXPECT_EQ(reader.map(), 0U);
  const auto payload = reader.bytes();
  reader.array(1);
  reader.array(3);
  const auto header = reader.bytes();
  (void)reader.item();
  const auto signature = reader.bytes();
  reader.end();
  EXPECT_EQ(cbor::Reader{cbor::find(header, 1).value()}.integer(), GetParam().algorithm);
  const auto to_sign =
      cbor::Writer{}.array(5).text("Signature").bytes(body).bytes(header).bytes({}).bytes(payload).encoded();
  EXPECT_EQ(to_sign, from_hex(example["intermediates"]["signers"][0]["ToBeSign_hex"].get<std::string>()));
  Botan::PK_Verifier verifier{key, GetParam().padding};
  EXPECT_TRUE(verifier.verify_message(to_sign, signature));
  EXPECT_THROW((void)cose::algorithm_for(key), Error);
}

INSTANTIATE_TEST_SUITE_P(
    CoseWg, RsaPss,
    testing::Values(
        PssExample{"rsa-pss-01.json", static_cast<std::int64_t>(cose::Algorithm::ps256), "PSS(SHA-256,MGF1,32)"},
        PssExample{"rsa-pss-03.json", static_cast<std::int64_t>(cose::Algorithm::ps512), "PSS(SHA-512,MGF1,64)"}));

class FailingSign1 : public Vectors, public testing::WithParamInterface<const char*> {};

TEST_P(FailingSign1, IsRefused) {
  const auto example = load("cose/sign1-tests/" + std::string{GetParam()} + ".json");
  const auto message = from_hex(example["output"]["cbor"].get<std::string>());
  EXPECT_THROW((void)cose::parse_sign1(message), Error);  // all have unprotected headers, which we never take
  const auto result = attempt([&] { return verifies(message, ""); });
  EXPECT_FALSE(std::holds_alternative<bool>(result) && std::get<bool>(result));
}

INSTANTIATE_TEST_SUITE_P(CoseWg, FailingSign1,
                         testing::Values("sign-fail-01", "sign-fail-02", "sign-fail-03", "sign-fail-04", "sign-fail-06",
                                         "sign-fail-07"));

/// COSE_Encrypt examples with key wrap: our unwrap gives the content key that the file states.
TEST_F(Vectors, CoseKeyWrapExamplesUnwrap) {
  for (const auto* name : {"aes-wrap-128-04", "aes-wrap-192-05", "aes-wrap-256-05"}) {
    const auto example = load("cose/aes-wrap-examples/" + std::string{name} + ".json");
    const auto message = from_hex(example["output"]["cbor"].get<std::string>());
    cbor::Reader reader{message};
    (void)reader.tag();
    const auto items = reader.array();
    for (std::uint64_t i = 0; i + 1 < items; ++i) (void)reader.item();
    reader.array(1);
    reader.array(3);
    (void)reader.item();
    (void)reader.item();
    auto k = example["input"]["enveloped"]["recipients"][0]["key"]["k"].get<std::string>();
    for (auto& c : k) c = c == '-' ? '+' : c == '_' ? '/' : c;
    while (k.size() % 4 != 0) k += '=';
    const auto kek = from_base64(k);
    const auto key = crypto::unwrap_key(SymmetricKey{SecureBytes{kek.begin(), kek.end()}}, reader.bytes());
    const auto expected = from_hex(example["intermediates"]["CEK_hex"].get<std::string>());
    EXPECT_TRUE(equal_constant_time(key.expose_secret(), expected)) << name;
  }
}

/// A Botan ".vec" file as records of "Name = hex" lines.
std::vector<std::map<std::string, Bytes>> records(const std::string& file, const std::string& last) {
  std::vector<std::map<std::string, Bytes>> out(1);
  std::ifstream in{vectors() / file};
  for (std::string line; std::getline(in, line);) {
    const auto at = line.find(" = ");
    if (at == std::string::npos) continue;
    out.back()[line.substr(0, at)] = from_hex(line.substr(at + 3));
    if (line.substr(0, at) == last) out.emplace_back();
  }
  out.pop_back();
  return out;
}

SymmetricKey secret(const Bytes& bytes) { return SymmetricKey{SecureBytes{bytes.begin(), bytes.end()}}; }

TEST_F(Vectors, Rfc3394SuiteWraps) {
  const auto all = records("kas/rfc3394.vec", "Output");
  ASSERT_GE(all.size(), 6U);
  for (const auto& record : all)
    EXPECT_EQ(crypto::wrap_key(secret(record.at("KEK")), secret(record.at("Key"))), record.at("Output"));
}

TEST_F(Vectors, EcdsaOnP256AsWycheproofSays) {
  const auto suite = load("wycheproof/ecdsa_secp256r1_sha256_test.json");
  std::size_t checked = 0;
  for (const auto& group : suite.at("testGroups")) {
    const auto point = from_hex(group.at("publicKey").at("uncompressed").get<std::string>());
    for (const auto& test : group.at("tests")) {
      const auto message = from_hex(test.at("msg").get<std::string>());
      const auto digest = Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(message);
      const auto signature = from_hex(test.at("sig").get<std::string>());
      EXPECT_EQ(crypto::is_p256_signature(point, digest, signature, crypto::SignatureForm::der),
                test.at("result") == "valid")
          << test.dump();
      ++checked;
    }
  }
  EXPECT_EQ(checked, suite.at("numberOfTests"));
}

}  // namespace
}  // namespace lamp
