// Which tokens may hold which keys: policy/tokens.yaml, lamp-hsm(1).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hsm/module.hpp"

namespace lamp::hsm {

enum class SiteKind { real, demo };

/// One kind of token, as an officer attests it. What is not named fits every token.
struct TokenRule {
  std::string name;
  std::optional<std::string> manufacturer, model, serial, firmware;
  std::optional<std::string> fips_140, attested_by;
  std::vector<std::string> roles;
  bool demo_only = false;

  [[nodiscard]] bool fits(const TokenInfo& token) const;
  /// For the audit record of a key: what the token says of itself, and what the officer attests.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> attestation(const TokenInfo& token) const;
};

class TokenPolicy {
 public:
  /// Throws Error{bad_input} with file, line and column.
  [[nodiscard]] static TokenPolicy load(const std::filesystem::path& file);

  /// The first rule that lets this token hold keys of `role`. Error{denied} in one line when there is none.
  [[nodiscard]] const TokenRule& require(const TokenInfo& token, const std::string& role, SiteKind site) const;

 private:
  std::filesystem::path file_;
  std::vector<TokenRule> rules_;
};

/// Error{bad_input} that lists the roles unless it is one: root, issuing, release, officer, station, log, escrow, tls,
/// other.
void require_role(const std::string& role);

}  // namespace lamp::hsm
