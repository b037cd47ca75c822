// ECDSA on P-256 by OpenSSL says what Botan says.
#include "lib/crypto/p256.hpp"

#include <botan/auto_rng.h>
#include <botan/ecdsa.h>
#include <botan/hash.h>
#include <botan/pubkey.h>
#include <botan/rsa.h>
#include <gmock/gmock.h>

#include <array>
#include <thread>

#include "lib/base/error.hpp"

namespace lamp::crypto {
namespace {

Bytes sha256(ByteView message) { return Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(message); }

class P256 : public testing::Test {
 protected:
  Bytes sign(Botan::Signature_Format form) {
    return Botan::PK_Signer{key_, rng_, "SHA-256", form}.sign_message(message_, rng_);
  }
  [[nodiscard]] bool botan_accepts(ByteView der) const {
    return Botan::PK_Verifier{key_, "SHA-256", Botan::Signature_Format::DerSequence}.verify_message(message_, der);
  }
  Botan::AutoSeeded_RNG rng_;
  const Botan::ECDSA_PrivateKey key_{rng_, Botan::EC_Group::from_name("secp256r1")};
  const Bytes point_ = p256_point(key_).value();
  const Bytes message_ = to_bytes("what is signed");
  const Bytes digest_ = sha256(message_);
};

TEST_F(P256, AcceptsBothForms) {
  // Numbers begin with zeros, or with a bit that DER takes for a sign, in some of these.
  for (int i = 0; i < 300; ++i) {
    EXPECT_TRUE(
        is_p256_signature(point_, digest_, sign(Botan::Signature_Format::Standard), SignatureForm::concatenated));
    EXPECT_TRUE(is_p256_signature(point_, digest_, sign(Botan::Signature_Format::DerSequence), SignatureForm::der));
  }
}

TEST_F(P256, RefusesEveryFlippedBit) {
  const auto good = sign(Botan::Signature_Format::Standard);
  for (std::size_t i = 0; i < good.size() * 8; ++i) {
    auto changed = good;
    changed[i / 8] = static_cast<std::uint8_t>(changed[i / 8] ^ (1U << (i % 8)));
    EXPECT_FALSE(is_p256_signature(point_, digest_, changed, SignatureForm::concatenated)) << i;
  }
  for (std::size_t i = 0; i < digest_.size() * 8; ++i) {
    auto changed = digest_;
    changed[i / 8] = static_cast<std::uint8_t>(changed[i / 8] ^ (1U << (i % 8)));
    EXPECT_FALSE(is_p256_signature(point_, changed, good, SignatureForm::concatenated)) << i;
  }
}

TEST_F(P256, RefusesWhatBotanRefusesInDer) {
  const auto good = sign(Botan::Signature_Format::DerSequence);
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto changed = good;
    changed[i] = static_cast<std::uint8_t>(changed[i] ^ 0x01U);
    EXPECT_FALSE(is_p256_signature(point_, digest_, changed, SignatureForm::der)) << i;
    EXPECT_FALSE(is_p256_signature(point_, digest_, ByteView{good}.first(i), SignatureForm::der)) << i;
  }
  auto longer = good;
  longer.push_back(0);
  EXPECT_FALSE(is_p256_signature(point_, digest_, longer, SignatureForm::der));
  EXPECT_TRUE(botan_accepts(good));
  EXPECT_TRUE(is_p256_signature(point_, digest_, good, SignatureForm::der));
}

TEST_F(P256, RefusesNumbersOutOfRange) {
  const auto good = sign(Botan::Signature_Format::Standard);
  const Bytes order = from_hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  for (const auto& number : {Bytes(32, 0), order, Bytes(32, 0xFF)}) {
    auto changed = good;
    std::copy(number.begin(), number.end(), changed.begin());
    EXPECT_FALSE(is_p256_signature(point_, digest_, changed, SignatureForm::concatenated));
    changed = good;
    std::copy(number.begin(), number.end(), changed.begin() + 32);
    EXPECT_FALSE(is_p256_signature(point_, digest_, changed, SignatureForm::concatenated));
  }
}

TEST_F(P256, RefusesPointsAndSizesThatAreNone) {
  const auto good = sign(Botan::Signature_Format::Standard);
  auto off_the_curve = point_;
  off_the_curve.back() = static_cast<std::uint8_t>(off_the_curve.back() ^ 1U);
  for (const auto& point :
       {off_the_curve, Bytes{}, Bytes{0x00}, Bytes(65, 0), Bytes{point_.begin(), point_.begin() + 64}})
    EXPECT_FALSE(is_p256_signature(point, digest_, good, SignatureForm::concatenated));
  EXPECT_FALSE(is_p256_signature(point_, ByteView{digest_}.first(31), good, SignatureForm::concatenated));
  EXPECT_FALSE(is_p256_signature(point_, digest_, ByteView{good}.first(63), SignatureForm::concatenated));
  EXPECT_FALSE(is_p256_signature(point_, digest_, good, SignatureForm::der));
  // After all of these the good one is still good, and another key's is not.
  EXPECT_TRUE(is_p256_signature(point_, digest_, good, SignatureForm::concatenated));
  const Botan::ECDSA_PrivateKey other{rng_, Botan::EC_Group::from_name("secp256r1")};
  EXPECT_FALSE(is_p256_signature(p256_point(other).value(), digest_, good, SignatureForm::concatenated));
}

TEST_F(P256, KeepsAHolderForManySignatures) {
  const P256Verifier verifier{point_};
  for (int i = 0; i < 20; ++i) {
    auto signature = sign(Botan::Signature_Format::Standard);
    EXPECT_TRUE(verifier.accepts(digest_, signature, SignatureForm::concatenated));
    signature[40] = static_cast<std::uint8_t>(signature[40] ^ 1U);
    EXPECT_FALSE(verifier.accepts(digest_, signature, SignatureForm::concatenated));
    EXPECT_TRUE(verifier.accepts(digest_, sign(Botan::Signature_Format::DerSequence), SignatureForm::der));
  }
  EXPECT_FALSE(verifier.accepts(digest_, {}, SignatureForm::der));
  EXPECT_THROW(P256Verifier{Bytes(65, 4)}, Error);
}

TEST_F(P256, WorksInSeveralThreads) {
  const auto good = sign(Botan::Signature_Format::Standard);
  std::array<std::thread, 4> threads;
  for (auto& thread : threads)
    thread = std::thread([&] {
      for (int i = 0; i < 50; ++i) EXPECT_TRUE(is_p256_signature(point_, digest_, good, SignatureForm::concatenated));
    });
  for (auto& thread : threads) thread.join();
}

TEST_F(P256, HasNoPointForOtherKeys) {
  EXPECT_EQ(p256_point(Botan::ECDSA_PrivateKey{rng_, Botan::EC_Group::from_name("secp384r1")}), std::nullopt);
  EXPECT_EQ(p256_point(Botan::RSA_PrivateKey{rng_, 1024}), std::nullopt);
}

}  // namespace
}  // namespace lamp::crypto
