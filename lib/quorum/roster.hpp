// Who may approve, and how many must: a quorum's roster. An officer's certificate counts only because the roster holds
// it, never because a CA issued it. quorum/<name>.yaml, lamp-quorum(5).
#pragma once

#include <cstdint>
#include <filesystem>
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
  Bytes certificate;       ///< DER; its key signs approvals
  Bytes share_point;       ///< P-256, 65 bytes; the share is sealed to it
  Bytes sealed_share;      ///< crypto::seal box of this officer's part of the token PIN
  Bytes share_commitment;  ///< SHA-256 of the share: a bad share names its officer
};

struct Roster {
  std::string name;
  std::uint64_t epoch = 1;  ///< rises with every new dealing of shares
  std::uint64_t threshold = 0;
  std::vector<Officer> officers;
  std::string token_label, token_serial;
  Bytes release_key;              ///< SubjectPublicKeyInfo DER of the key that the quorum guards
  Bytes custody_key;              ///< SubjectPublicKeyInfo DER; signs each epoch's dealing
  Bytes previous;                 ///< digest of the roster before this one; empty for the first
  std::vector<Bytes> signatures;  ///< COSE_Sign1 over canonical(): custody key, and m officers of the previous roster

  /// Reads and checks form and custody signature. Throws Error{bad_input} with file and line, Error{denied} when the
  /// signature does not hold.
  [[nodiscard]] static Roster load(const std::filesystem::path& file);
  [[nodiscard]] std::string yaml() const;
  /// The deterministic CBOR that is signed: everything but `signatures`.
  [[nodiscard]] Bytes canonical() const;
  /// SHA-256 of canonical(): the anchor of every later check, logged and printed when the first roster is made.
  [[nodiscard]] Bytes digest() const;
  [[nodiscard]] const Officer* find(const std::string& officer) const noexcept;
  [[nodiscard]] std::unique_ptr<Botan::Public_Key> officer_key(const Officer& officer) const;
};

}  // namespace lamp::quorum
