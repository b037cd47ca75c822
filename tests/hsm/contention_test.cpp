// Many processes that start on one token at the same time: what SoftHSM alone does not survive.
#include <botan/auto_rng.h>
#include <botan/pk_keys.h>
#include <botan/pubkey.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "hsm/token.hpp"
#include "lib/base/error.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::hsm {
namespace {

using test::pin;
using test::SoftHsm;

constexpr int kProcesses = 8;
constexpr int kRounds = 4;

// 0 when every round logged in and signed. Runs in a child that has loaded no module before.
int sign_in_rounds() {
  for (int round = 0; round < kRounds; ++round) {
    const auto done = attempt([] {
      auto token = Token::open(SoftHsm::address("line1"));
      token.login(pin(SoftHsm::kPin));
      Botan::AutoSeeded_RNG rng;
      Botan::PK_Signer signer{*token.signing_key("approval"), rng, "SHA-256"};
      return signer.sign_message(to_bytes("round"), rng);
    });
    if (const auto* error = std::get_if<Error>(&done)) {
      std::cerr << error->what() << '\n';
      return 1;
    }
  }
  return 0;
}

class ContentionTest : public test::SoftHsmTest {};

TEST_F(ContentionTest, LetsManyProcessesLogInAtOnce) {
  {
    auto token = SoftHsm::make_token("line1");
    token.generate_key(KeyKind::p256, KeyUse::sign_with_pin, "approval");
  }
  std::vector<pid_t> children;
  for (int i = 0; i < kProcesses; ++i) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(sign_in_rounds());
    children.push_back(child);
  }
  int failed = 0;
  for (const auto child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    failed += status == 0 ? 0 : 1;
  }
  EXPECT_EQ(failed, 0);
}

}  // namespace
}  // namespace lamp::hsm
