// What the library does when a token fails: every fault comes from our own shim module (shim/shim.cpp) over SoftHSM.
#include <botan/auto_rng.h>
#include <botan/pk_keys.h>
#include <botan/pubkey.h>
#include <gmock/gmock.h>
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <thread>
#include <vector>

#include "hsm/connection.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using test::pin;
using test::SoftHsm;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const TokenAddress kFaulty{LAMP_SHIM_PATH, "pkcs11:token=line1"};

template <class Step>
Error error_of(Step&& step) {
  try {
    static_cast<void>(step());
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "no error";
  return Error{Errc::internal, ""};
}

class FaultTest : public test::SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    {
      auto token = SoftHsm::make_token("line1");
      token.generate_key(KeyKind::p256, KeyUse::sign, "device");
      token.generate_key(KeyKind::p256, KeyUse::sign_with_pin, "approval");
    }
    ::setenv("LAMP_SHIM_MODULE", SoftHsm::module().c_str(), 1);
    ::setenv("LAMP_SHIM_SCRIPT", script_file().c_str(), 1);
    let({});
    token_ = std::make_unique<Token>(Token::open(kFaulty));
    token_->login(pin(SoftHsm::kPin));
    key_ = token_->signing_key("device");
    sign();
  }
  void TearDown() override {
    key_.reset();
    token_.reset();
    ::unsetenv("LAMP_SHIM_MODULE");
    ::unsetenv("LAMP_SHIM_SCRIPT");
  }

  [[nodiscard]] std::filesystem::path script_file() const { return softhsm_->directory() / "faults"; }

  /// From now on the module behaves like this; calls are counted from here.
  void let(const std::vector<std::string>& faults) const {
    std::string text;
    for (const auto& fault : faults) text += fault + "\n";
    publish(script_file(), text + "# " + std::to_string(++scripts_) + "\n");
    std::filesystem::remove(script_file().string() + ".calls");
  }
  [[nodiscard]] std::ptrdiff_t calls(const std::string& function) const {
    std::ifstream lines{script_file().string() + ".calls"};
    std::ptrdiff_t count = 0;
    for (std::string line; std::getline(lines, line);) count += line == function ? 1 : 0;
    return count;
  }

  static Bytes sign_with(const Botan::Private_Key& key) {
    Botan::AutoSeeded_RNG rng;
    Botan::PK_Signer signer{key, rng, "SHA-256"};
    return signer.sign_message(to_bytes("what is signed"), rng);
  }
  // NOLINTNEXTLINE(modernize-use-nodiscard): often only whether it throws matters
  Bytes sign() const { return sign_with(*key_); }

  mutable int scripts_ = 0;
  std::unique_ptr<Token> token_;
  std::shared_ptr<Botan::Private_Key> key_;
};

TEST_F(FaultTest, NeverLetsAWrongSignatureOut) {
  let({"C_Sign 1+ wrong"});
  const auto error = error_of([&] { return sign(); });
  EXPECT_EQ(error.code(), Errc::unavailable);
  EXPECT_THAT(error.what(), HasSubstr("the token gave a wrong signature with key \"device\""));
}

TEST_F(FaultTest, NeverLetsAShortSignatureOut) {
  let({"C_Sign 1+ truncate"});
  EXPECT_THAT(error_of([&] { return sign(); }).what(), HasSubstr("a signature of a wrong length"));
}

TEST_F(FaultTest, SaysInOneLineThatTheTokenWasRemoved) {
  let({"C_Sign 1+ return 0x32", "C_GetTokenInfo 1+ return 0xe0"});
  const auto error = error_of([&] { return sign(); });
  EXPECT_EQ(error.code(), Errc::unavailable);
  EXPECT_THAT(error.what(),
              AllOf(HasSubstr("token \"line1\" (serial "), HasSubstr("plug the same token in"), Not(HasSubstr("\n"))));
}

TEST_F(FaultTest, UsesATokenThatCameBack) {
  let({"C_Sign 1+ return 0x32", "C_GetTokenInfo 1+ return 0xe0"});
  static_cast<void>(error_of([&] { return sign(); }));
  let({});
  EXPECT_EQ(sign().size(), 64U);
  EXPECT_EQ(calls("C_Login"), 1);
}

TEST_F(FaultTest, SignsOnceMoreWhenTheSessionsAreLost) {
  let({"C_SignInit 1 end-sessions"});
  EXPECT_EQ(sign().size(), 64U);
  EXPECT_EQ(calls("C_SignInit"), 2);
  EXPECT_EQ(calls("C_Login"), 1);
}

TEST_F(FaultTest, LogsInAgainWhenTheTokenForgotTheLogin) {
  let({"C_SignInit 1 log-out"});
  EXPECT_EQ(sign().size(), 64U);
  EXPECT_EQ(calls("C_Login"), 1);
}

TEST_F(FaultTest, SignsWithAPinEachTimeOnceMoreWhenTheSessionsAreLost) {
  const auto approval = token_->signing_key("approval");
  let({"C_SignInit 1 end-sessions"});
  EXPECT_EQ(sign_with(*approval).size(), 64U);
}

TEST_F(FaultTest, TriesOnceMoreOnly) {
  let({"C_SignInit 1+ return 0xb3"});
  const auto error = error_of([&] { return sign(); });
  EXPECT_THAT(error.what(), HasSubstr("CKR_SESSION_HANDLE_INVALID"));
  EXPECT_EQ(calls("C_SignInit"), 2);
}

TEST_F(FaultTest, TriesNoOtherErrorAgain) {
  let({"C_Sign 1+ return 0x30"});
  static_cast<void>(error_of([&] { return sign(); }));
  EXPECT_EQ(calls("C_Sign"), 1);
}

TEST_F(FaultTest, NeverTriesARefusedPinAgain) {
  let({"C_SignInit 1+ end-sessions", "C_Login 1+ return 0xa0"});
  const auto error = error_of([&] { return sign(); });
  EXPECT_EQ(error.code(), Errc::denied);
  EXPECT_THAT(error.what(), HasSubstr("the PIN is wrong"));
  static_cast<void>(error_of([&] { return sign(); }));
  EXPECT_EQ(calls("C_Login"), 1);
}

TEST_F(FaultTest, SpendsNoLastPinTryUnattended) {
  let({"C_SignInit 1+ end-sessions", "C_GetTokenInfo 1+ flags 0x20000"});
  EXPECT_THAT(error_of([&] { return sign(); }).what(), HasSubstr("one PIN try is left"));
  EXPECT_EQ(calls("C_Login"), 0);
}

TEST_F(FaultTest, ShowsThePinToNoOtherToken) {
  let({"C_SignInit 1+ end-sessions", "C_GetTokenInfo 1+ serial another"});
  EXPECT_THAT(error_of([&] { return sign(); }).what(), HasSubstr("is gone; plug the same token in"));
  EXPECT_EQ(calls("C_Login"), 0);
}

TEST_F(FaultTest, MakesAKeyOnceMoreWhenItWasNotBegun) {
  let({"C_GenerateKeyPair 1 end-sessions"});
  token_->generate_key(KeyKind::p256, KeyUse::sign, "fresh");
  EXPECT_EQ(calls("C_GenerateKeyPair"), 2);
  EXPECT_EQ(sign_with(*token_->signing_key("fresh")).size(), 64U);
}

TEST_F(FaultTest, MakesNoSecondKeyWhenTheFirstMayExist) {
  let({"C_GenerateKeyPair 1 lose 0x32"});
  const auto error = error_of([&] { return token_->generate_key(KeyKind::p256, KeyUse::sign, "fresh"), 0; });
  EXPECT_THAT(error.what(), HasSubstr("whether it was done is not known"));
  EXPECT_EQ(calls("C_GenerateKeyPair"), 1);
}

TEST_F(FaultTest, ClosesTheSessionOfAFailedOperation) {
  let({"C_Sign 1 return 0x5"});
  static_cast<void>(error_of([&] { return sign(); }));
  EXPECT_EQ(calls("C_CloseSession"), 1);
}

TEST_F(FaultTest, LetsASlowOperationHoldUpNoOther) {
  std::atomic<bool> slow_done = false;
  let({"C_Sign 1 slow 3000"});
  std::thread slow{[&] {
    sign();
    slow_done = true;
  }};
  while (calls("C_Sign") == 0) std::this_thread::yield();
  sign();
  EXPECT_FALSE(slow_done);
  slow.join();
}

// Every thread's signature, in as many threads at once; a failure counts as none.
std::size_t signed_by_threads(std::size_t threads, const std::function<Bytes()>& sign) {
  std::atomic<std::size_t> done = 0;
  std::vector<std::thread> running;
  for (std::size_t i = 0; i < threads; ++i) {
    running.emplace_back([&] { done += std::holds_alternative<Bytes>(attempt(sign)) ? 1U : 0U; });
  }
  for (auto& thread : running) thread.join();
  return done;
}

TEST_F(FaultTest, HoldsNoMoreSessionsThanItsBound) {
  let({"C_Sign 1+ slow 20"});
  EXPECT_EQ(signed_by_threads(3 * Connection::kMaxSessions, [&] { return sign(); }), 3 * Connection::kMaxSessions);
  EXPECT_LE(calls("C_OpenSession"), static_cast<std::ptrdiff_t>(Connection::kMaxSessions));
}

TEST_F(FaultTest, WaitsForASessionWhenTheTokenHasNoMore) {
  let({"C_Sign 1+ slow 20", "C_OpenSession 2+ return 0xb1"});
  EXPECT_EQ(signed_by_threads(8, [&] { return sign(); }), 8U);
}

TEST_F(FaultTest, RecoversOnceForManyThreads) {
  let({"C_SignInit 1 end-sessions"});
  EXPECT_EQ(signed_by_threads(8, [&] { return sign(); }), 8U);
  EXPECT_EQ(calls("C_Login"), 1);
}

// The codes of PKCS#11 2.40 that a user can meet.
std::vector<CK_RV> codes_without_advice() {
  std::vector<CK_RV> bare;
  for (CK_RV rv = 1; rv < 0x220; ++rv) {
    const auto name = return_code_name(rv);
    if (name.starts_with("CKR_") &&
        !std::string{error_of([&] { return check(rv, "C_Sign"), 0; }).what()}.starts_with("C_Sign: " + name + ": ")) {
      bare.push_back(rv);
    }
  }
  return bare;
}

TEST(ReturnCodes, EachSayWhatToDo) { EXPECT_THAT(codes_without_advice(), testing::IsEmpty()); }

}  // namespace
}  // namespace lamp::hsm
