// Which shares of a guarded token's PIN hold now: a dealing, quorum/<name>.shares.yaml, lamp-quorum(5). Each renewal of
// the PIN makes the next dealing under the same roster, signed by the custody key alone.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/quorum/roster.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::config {
class Node;
class YamlWriter;
}  // namespace lamp::config

namespace lamp::quorum {

/// One officer's part of the PIN.
struct DealtShare {
  std::string officer;
  Bytes box;         ///< crypto::seal to the officer's share key
  Bytes commitment;  ///< SHA-256 of the share: a bad share names its officer
};

/// The shares in a file: of the PIN in a dealing, of the SO PIN in lib/quorum/so_pin.hpp.
[[nodiscard]] std::vector<DealtShare> read_shares(const config::Node& list);
void write_shares(config::YamlWriter& out, const std::vector<DealtShare>& shares);
[[nodiscard]] cbor::Writer encode_shares(const std::vector<DealtShare>& shares);  ///< as part of what is signed
/// Whether they are one for each officer of the roster, in its order.
[[nodiscard]] bool one_for_each_officer(const std::vector<DealtShare>& shares, const Roster& roster);

/// Shares of the 256-bit key under which the quorum's ML-DSA key is sealed: lib/quorum/hybrid.hpp.
struct DealtHybrid {
  std::uint64_t number = 0;  ///< of the dealing in which it was dealt: a renewal without the key carries the shares on
  Bytes box_digest;          ///< SHA-256 of the file with the sealed key
  std::vector<DealtShare> shares;
};

struct Dealing {
  std::string quorum;
  Bytes roster_digest;
  std::uint64_t number = 1;  ///< rises with every renewal and every new roster
  std::vector<DealtShare> shares;
  Bytes occasion;   ///< digest of the request or act after which the PIN was renewed; empty when the quorum was made
  Bytes signature;  ///< COSE_Sign1 by the custody key over canonical()
  std::optional<DealtHybrid> hybrid{};  ///< there when the roster has an ML-DSA key

  /// Reads the file and checks it against the roster: one share for each officer, in the roster's order. Throws
  /// Error{not_found}, Error{bad_input} with file and line, Error{denied} when it is of another roster or the signature
  /// does not hold.
  [[nodiscard]] static Dealing load(const std::filesystem::path& file, const Roster& roster);
  /// The same of a file's text; `name` stands for the file in errors.
  [[nodiscard]] static Dealing parse_signed(std::string_view text, const std::string& name, const Roster& roster);
  /// Form only: nothing in it is believed yet.
  [[nodiscard]] static Dealing parse(std::string_view text, const std::string& name);
  [[nodiscard]] std::string yaml() const;
  /// The deterministic CBOR that is signed.
  [[nodiscard]] Bytes canonical() const;
  void sign(const Botan::Private_Key& custody_key, Botan::RandomNumberGenerator& rng);
  [[nodiscard]] const DealtShare& of(const std::string& officer) const;  ///< Error{not_found}
};

/// A renewal of the PIN that may or may not have reached the token: quorum/<name>.shares.pending.yaml. It is there from
/// before the token is told the new PIN until the dealing in it has become the current one.
struct Renewal {
  Dealing dealing;
  Bytes sealed_pin;    ///< the new PIN, sealed to that occasion's session key: quorum::seal_pin
  bool tried = false;  ///< the new PIN was given to the token after a crash; see hsm::GuardedSession

  /// Throws as Dealing::load.
  [[nodiscard]] static Renewal load(const std::filesystem::path& file, const Roster& roster);
  [[nodiscard]] static Renewal parse(std::string_view text, const std::string& name);
  [[nodiscard]] std::string yaml() const;
};

/// The files of a quorum's dealings, below a site's folder.
struct DealingFiles {
  DealingFiles(const std::filesystem::path& site, const std::string& quorum);
  std::filesystem::path current, pending;
  std::filesystem::path lock;  ///< held by whoever uses the quorum's token

  /// The renewal that was begun and not finished; one that the current dealing has caught up with is none.
  [[nodiscard]] std::optional<Renewal> unfinished(const Roster& roster, const Dealing& now) const;
};

}  // namespace lamp::quorum
