// What a ceremony's file asks for: typed steps, read strictly. lamp-ceremony(5).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "hsm/key_trial.hpp"
#include "hsm/token.hpp"

namespace lamp::ceremony {

/// Named values in the order in which they are shown; what records of a transcript hold.
using Details = std::vector<std::pair<std::string, std::string>>;

/// A certificate of an authority, or a public key in a token.
struct Thing {
  std::string certificate;  ///< authority; empty for a key
  std::string token, key;
  [[nodiscard]] std::string text() const;  ///< "certificate of root", "key root in token root"
};

struct Note {
  std::string text;
};
struct UseToken {
  std::string token, label, manufacturer, model;  ///< empty where anything is right
  bool initialise = false;
  std::string so_pin_file;
};
struct GenerateKey {
  std::string token, key;
  hsm::KeyKind kind = hsm::KeyKind::p256;
  hsm::KeyUse use = hsm::KeyUse::sign;
  std::string role = "other";  ///< what policy/tokens.yaml decides by
};
struct CheckKey {
  std::string token, key;
  std::vector<hsm::KeyClaim> expect;
  std::vector<hsm::Forbidden> refuses;
};
struct CreateAuthority {
  std::string authority, profile, issuer;  ///< no issuer: signs itself
};
struct PublishCrl {
  std::string authority;
};
struct Export {
  Thing what;
  std::string file;  ///< below the site's folder
};
struct Confirm {
  Thing what;
};

struct Step {
  using Action = std::variant<Note, UseToken, GenerateKey, CheckKey, CreateAuthority, PublishCrl, Export, Confirm>;
  Action action;
  std::string by;
  std::string place;  ///< file:line:column

  [[nodiscard]] std::string kind() const;  ///< as in the file: "generate-key"
  [[nodiscard]] std::string what() const;  ///< one line for people
  /// Every field by its name in the file: what a transcript must repeat.
  [[nodiscard]] Details fields() const;
};

struct Plan {
  std::string name, purpose, conductor;
  std::vector<std::string> witnesses;
  std::vector<Step> steps;
  std::string text;  ///< the file as it is
  Bytes digest;      ///< SHA-256 of the file

  /// Throws Error{bad_input} with file, line and column, also for steps that contradict each other.
  [[nodiscard]] static Plan load(const std::filesystem::path& file);
  [[nodiscard]] static Plan parse(std::string text, const std::string& name);
  /// The conductor, then the witnesses.
  [[nodiscard]] std::vector<std::string> people() const;
};

[[nodiscard]] Bytes sha256(ByteView bytes);

}  // namespace lamp::ceremony
