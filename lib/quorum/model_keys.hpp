// The stations' copies of the models' key-encryption keys, each wrapped to a station's transport key in the release
// token and listed in a file that the quorum's custody key signs: quorum/<name>.kek.yaml, lamp-quorum(5). A station
// unwraps only what it finds here, so that nobody can hand it a key of their own.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/quorum/roster.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::quorum {

struct WrappedModelKey {
  std::string model;
  std::string station;
  Bytes wrapped;  ///< as hsm::Token::wrap_aes_key made it and Token::unwrap_with_rsa takes it
};

struct ModelKeys {
  std::string quorum;
  std::uint64_t epoch = 1;  ///< of the roster
  std::vector<WrappedModelKey> keys;
  Bytes signature;  ///< COSE_Sign1 by the custody key over canonical()

  /// Reads the file and checks it against the roster. Throws Error{not_found}, Error{bad_input} with file and line,
  /// Error{denied} when it is of another quorum or epoch or the signature does not hold.
  [[nodiscard]] static ModelKeys load(const std::filesystem::path& file, const Roster& roster);
  [[nodiscard]] std::string yaml() const;
  [[nodiscard]] Bytes canonical() const;
  void sign(const Botan::Private_Key& custody_key, Botan::RandomNumberGenerator& rng);
  /// Throws Error{not_found} saying for which models and stations there are keys.
  [[nodiscard]] const WrappedModelKey& find(const std::string& model, const std::string& station) const;
};

/// quorum/<name>.kek.yaml below a site's folder.
[[nodiscard]] std::filesystem::path model_keys_file(const std::filesystem::path& site, const std::string& quorum);

}  // namespace lamp::quorum
