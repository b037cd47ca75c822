// Keys that travel wrapped between tokens.
#include <botan/auto_rng.h>
#include <botan/pk_keys.h>
#include <botan/rfc3394.h>
#include <botan/rsa.h>
#include <botan/symkey.h>
#include <gmock/gmock.h>

#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using test::SoftHsm;

class WrappingTest : public test::SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    release_ = std::make_unique<Token>(SoftHsm::make_token("release"));
    station_ = std::make_unique<Token>(SoftHsm::make_token("line1"));
    station_->generate_key(KeyKind::rsa3072, KeyUse::decrypt, "transport");
    transport_ = station_->public_key("transport")->subject_public_key();
    release_->generate_aes_key("kek.lamp");
  }
  void TearDown() override {
    release_.reset();
    station_.reset();
  }

  Botan::AutoSeeded_RNG rng_;
  std::unique_ptr<Token> release_, station_;
  Bytes transport_;
};

TEST_F(WrappingTest, BringsAModelKeyToTheStation) {
  const auto wrapped = release_->wrap_aes_key("kek.lamp", transport_);
  EXPECT_EQ(wrapped.front(), 1);  // SoftHSM has OAEP with SHA-1 only
  const auto kek = station_->unwrap_with_rsa("transport", wrapped);
  ASSERT_EQ(kek.size(), 32U);

  const auto content_key = rng_.random_vec(32);
  const auto under_kek = release_->wrap_content_key("kek.lamp", SymmetricKey{content_key});
  EXPECT_EQ(Botan::rfc3394_keyunwrap({under_kek.begin(), under_kek.end()}, Botan::SymmetricKey{kek}), content_key);
}

TEST_F(WrappingTest, DoesNotWrapALockedKeyAnyMore) {
  release_->lock_aes_key("kek.lamp");
  EXPECT_FALSE(release_->keys().front().extractable);
  EXPECT_THAT([&] { static_cast<void>(release_->wrap_aes_key("kek.lamp", transport_)); },
              testing::Throws<Error>(testing::Property(&Error::code, Errc::denied)));
  EXPECT_EQ(release_->wrap_content_key("kek.lamp", SymmetricKey{rng_.random_vec(32)}).size(), 40U);
}

TEST_F(WrappingTest, LocksAKeyAsOftenAsAsked) {
  release_->lock_aes_key("kek.lamp");
  EXPECT_NO_THROW(release_->lock_aes_key("kek.lamp"));
}

TEST_F(WrappingTest, RefusesAShortRsaKey) {
  const Botan::RSA_PrivateKey small{rng_, 2048};
  EXPECT_THAT([&] { static_cast<void>(release_->wrap_aes_key("kek.lamp", small.subject_public_key())); },
              testing::Throws<Error>(testing::Property(&Error::code, Errc::denied)));
}

TEST_F(WrappingTest, RefusesAnAlteredWrappedKey) {
  auto wrapped = release_->wrap_aes_key("kek.lamp", transport_);
  wrapped.back() ^= 1;
  EXPECT_THAT([&] { static_cast<void>(station_->unwrap_with_rsa("transport", wrapped)); },
              testing::Throws<Error>(testing::Property(&Error::code, Errc::denied)));
}

TEST_F(WrappingTest, RefusesAnUnknownHashMark) {
  auto wrapped = release_->wrap_aes_key("kek.lamp", transport_);
  wrapped.front() = 9;
  EXPECT_THAT([&] { static_cast<void>(station_->unwrap_with_rsa("transport", wrapped)); },
              testing::Throws<Error>(testing::Property(&Error::code, Errc::bad_input)));
}

}  // namespace
}  // namespace lamp::hsm
