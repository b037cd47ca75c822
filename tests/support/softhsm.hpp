// A real SoftHSM with a folder of its own, for tests of the `hsm` ring.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "hsm/token.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {

[[nodiscard]] Pin pin(std::string_view text);

/// One per test. Sets SOFTHSM2_CONF, which SoftHSM reads at C_Initialize: made before a module is loaded.
class SoftHsm {
 public:
  static constexpr std::string_view kPin = "one-good-pin";
  static constexpr std::string_view kSoPin = "one-good-so-pin";

  SoftHsm();
  SoftHsm(const SoftHsm&) = delete;
  SoftHsm& operator=(const SoftHsm&) = delete;
  ~SoftHsm();

  [[nodiscard]] static std::filesystem::path module();
  /// The folder of softhsm2.conf and of the tokens.
  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_.path(); }
  [[nodiscard]] static hsm::TokenAddress address(const std::string& label);
  /// Initialised with kSoPin and kPin, and logged in.
  [[nodiscard]] static hsm::Token make_token(const std::string& label);

 private:
  TemporaryDirectory directory_;
};

/// Base of tests that need SoftHSM: skips with a reason where it is not installed, fails with LAMP_REQUIRE_HSM=1.
class SoftHsmTest : public testing::Test {
 protected:
  void SetUp() override;
  std::unique_ptr<SoftHsm> softhsm_;
};

}  // namespace lamp::test
