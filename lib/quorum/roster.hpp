// Who may approve, and how many must: a quorum's roster. An officer's certificate counts only because the roster holds
// it, never because a CA issued it. quorum/<name>.yaml, and those before it as quorum/<name>.<epoch>.yaml;
// lamp-quorum(5). Which shares of the token's PIN hold now is another file: lib/quorum/dealing.hpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace Botan {
class Public_Key;
}

namespace lamp::quorum {

/// COSE external_aad of a roster's signatures.
inline constexpr std::string_view kRosterContext = "lamp-roster-v1";

struct Officer {
  std::string name;
  Bytes certificate;  ///< DER; its key signs approvals
  Bytes share_point;  ///< P-256, 65 bytes; shares are sealed to it
};

struct Roster {
  std::string name;
  std::uint64_t epoch = 1;  ///< rises with every change of officers or threshold
  std::uint64_t threshold = 0;
  std::vector<Officer> officers;
  std::string token_label, token_serial;
  Bytes release_key;                        ///< SubjectPublicKeyInfo DER; empty when the quorum guards none
  Bytes hybrid_key;                         ///< the same of ML-DSA-87, for hybrid models; empty when there is none
  Bytes custody_key;                        ///< SubjectPublicKeyInfo DER; signs rosters and dealings
  std::map<std::string, Bytes> other_keys;  ///< further signing keys in the token: label, SubjectPublicKeyInfo DER
  Bytes previous;                           ///< digest of the roster before this one; empty for the first
  /// COSE_Sign1 over canonical() by the custody key; by every officer who is new in this roster; and, of a roster that
  /// follows another, by as many officers of that one as it demands.
  std::vector<Bytes> signatures;

  /// Digests of the rosters before this one, the first one first, as load() verified them. Not part of the file.
  std::vector<Bytes> ancestors;

  /// Reads and checks form, signatures, and every roster before it, from the files beside it, down to the first. Which
  /// first roster is the right one, the caller knows: recognise(), or first_digest(). Throws Error{not_found},
  /// Error{bad_input} with file and line, Error{denied} when a signature that is needed is not there.
  [[nodiscard]] static Roster load(const std::filesystem::path& file);
  /// Form only: what `text` demands is believed by nobody yet.
  [[nodiscard]] static Roster parse(std::string_view text, const std::string& name);
  [[nodiscard]] std::string yaml() const;
  /// The deterministic CBOR that is signed: everything but `signatures`.
  [[nodiscard]] Bytes canonical() const;
  /// SHA-256 of canonical().
  [[nodiscard]] Bytes digest() const;
  /// The anchor of every later check, logged and printed when the first roster is made.
  [[nodiscard]] Bytes first_digest() const { return ancestors.empty() ? digest() : ancestors.front(); }
  [[nodiscard]] const Officer* find(const std::string& officer) const noexcept;
  [[nodiscard]] std::unique_ptr<Botan::Public_Key> officer_key(const Officer& officer) const;
};

/// Why `roster` is no first roster: every officer in it must have signed it, and its custody key.
[[nodiscard]] Verdict check_founding(const Roster& roster);
/// Why `next` does not follow `before`.
[[nodiscard]] Verdict check_succession(const Roster& next, const Roster& before);

/// quorum/<name>.yaml below a site's folder.
[[nodiscard]] std::filesystem::path roster_file(const std::filesystem::path& site, const std::string& quorum);
/// quorum/<name>.<epoch>.yaml: where a roster goes when another follows it.
[[nodiscard]] std::filesystem::path older_roster_file(const std::filesystem::path& site, const std::string& quorum,
                                                      std::uint64_t epoch);

}  // namespace lamp::quorum
