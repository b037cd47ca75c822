// What a key in a token claims of itself, and what its token refuses to do with it, by trying.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hsm/token.hpp"

namespace lamp::hsm {

enum class KeyClaim { sensitive, never_extractable, local, sign_only, agree_only, decrypt_only, pin_each_time };
enum class Forbidden { reading, extraction, wrapping, signing, derivation, decryption, signing_without_pin };

/// "never-extractable", "signing-without-pin".
[[nodiscard]] std::string_view text(KeyClaim claim) noexcept;
[[nodiscard]] std::string_view text(Forbidden forbidden) noexcept;
[[nodiscard]] std::optional<KeyClaim> parse_claim(std::string_view text) noexcept;
[[nodiscard]] std::optional<Forbidden> parse_forbidden(std::string_view text) noexcept;

struct Trial {
  Forbidden forbidden{};
  bool refused = false;
  std::string answer;  ///< the token's return code by name
};

/// "p256" and so on, as the command line and files spell them; an empty optional for any other text.
[[nodiscard]] std::string_view text(KeyKind kind) noexcept;
[[nodiscard]] std::string_view text(KeyUse use) noexcept;
[[nodiscard]] std::optional<KeyKind> parse_key_kind(std::string_view text) noexcept;
[[nodiscard]] std::optional<KeyUse> parse_key_use(std::string_view text) noexcept;

}  // namespace lamp::hsm
