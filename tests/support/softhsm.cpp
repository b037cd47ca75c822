#include "tests/support/softhsm.hpp"

#include <cstdlib>

#include "lib/base/bytes.hpp"
#include "lib/base/file.hpp"

namespace lamp::test {

Pin pin(std::string_view text) {
  const auto bytes = as_bytes(text);
  return Pin{SecureBytes{bytes.begin(), bytes.end()}};
}

std::filesystem::path SoftHsm::module() { return "/usr/lib/softhsm/libsofthsm2.so"; }

SoftHsm::SoftHsm() {
  const auto tokens = directory() / "tokens";
  std::filesystem::create_directory(tokens);
  const auto config = directory() / "softhsm2.conf";
  publish(config, "directories.tokendir = " + tokens.string() + "\nobjectstore.backend = file\nlog.level = ERROR\n");
  ::setenv("SOFTHSM2_CONF", config.c_str(), 1);
}

SoftHsm::~SoftHsm() { ::unsetenv("SOFTHSM2_CONF"); }

hsm::TokenAddress SoftHsm::address(const std::string& label) { return {module(), "pkcs11:token=" + label}; }

hsm::Token SoftHsm::make_token(const std::string& label) {
  auto token = hsm::Token::initialize(module(), label, pin(kSoPin), pin(kPin));
  token.login(pin(kPin));
  return token;
}

void SoftHsmTest::SetUp() {
  if (!std::filesystem::exists(SoftHsm::module())) {
    if (std::getenv("LAMP_REQUIRE_HSM") != nullptr) FAIL() << SoftHsm::module() << " is not installed";
    GTEST_SKIP() << SoftHsm::module() << " is not installed";
  }
  softhsm_ = std::make_unique<SoftHsm>();
}

}  // namespace lamp::test
