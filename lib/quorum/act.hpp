// An act: anything but a release for which a quorum's token is opened. The verb that wants it writes it down, officers
// approve exactly that, and the same verb, run again, does it. acts/<name>/act.cbor, lamp-quorum(5).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/quorum/approval.hpp"
#include "lib/quorum/contribution.hpp"
#include "lib/quorum/roster.hpp"
#include "lib/store/database.hpp"

namespace lamp::quorum {

/// COSE external_aad of approvals of an act; those of a new roster are the roster's own signatures: kRosterContext.
inline constexpr std::string_view kActContext = "lamp-act-v1";
/// A new PIN, dealt to the same officers.
inline constexpr std::string_view kRotateKind = "rotate";
/// The kind whose content is a roster, unsigned but for its newcomers.
inline constexpr std::string_view kReplaceKind = "replace";
/// Officers hand in their shares of the SO PIN for this kind, and for the one above when the SO PIN was dealt.
inline constexpr std::string_view kRecoverKind = "recover";

struct Act {
  std::string kind;     ///< "rotate", "replace", "recover", "create", "crl"
  std::string quorum;   ///< whose token is opened
  std::string what;     ///< what it is done to: a quorum, an authority
  std::string content;  ///< all that will be done, as text: lines for people, or the new roster's YAML
  Bytes session_point;  ///< P-256; officers' shares are sealed to it, for this act only
  Bytes roster_digest;
  Bytes nonce;  ///< 16 bytes: the same act asked for twice is two acts
  Instant requested, expires;
  std::string requester;

  [[nodiscard]] Bytes encode() const;
  /// Strict. Throws Error{bad_input}.
  [[nodiscard]] static Act parse(ByteView encoded);
  /// SHA-256 of encode(). Approvals and shares are bound to it.
  [[nodiscard]] Bytes digest() const;
};

/// What an officer is shown, made on the officer's machine from the act's content and the roster that holds now. Throws
/// Error{denied} when a new roster does not follow that one.
[[nodiscard]] std::vector<std::string> describe(const Act& act, const Roster& roster);

/// An officer's approval of exactly this act, until it expires.
[[nodiscard]] Bytes approve(const Botan::Private_Key& key, const Roster& roster, const Act& act,
                            Botan::RandomNumberGenerator& rng);
[[nodiscard]] Tally tally(const std::vector<Contribution>& contributions, const Roster& roster, const Act& act,
                          Instant now);

/// Whether officers hand in their shares of the ML-DSA key for it as well, so that it is sealed and dealt anew.
[[nodiscard]] bool renews_hybrid_key(const Act& act, const Roster& roster);

/// The files of an act: acts/<quorum>.<kind>.<what>/ below a site's folder; acts/done/ when it was done.
struct ActFiles {
  std::filesystem::path site;
  std::string name;
  ActFiles(std::filesystem::path site_folder, std::string act_name)
      : site{std::move(site_folder)}, name{std::move(act_name)} {}
  [[nodiscard]] std::filesystem::path directory() const { return site / "acts" / name; }
  [[nodiscard]] std::filesystem::path act() const { return directory() / "act.cbor"; }
  [[nodiscard]] std::filesystem::path approval(const std::string& officer) const;
};

struct HandedIn {
  std::vector<Contribution> contributions;
  std::vector<std::string> unreadable;  ///< approval files that are none
};
/// Every approvals/*.cbor of a folder, in the order of their names.
[[nodiscard]] HandedIn read_contributions(const std::filesystem::path& folder);

/// A done act is never done again, also when its files are put back.
void record_done(store::Transaction& transaction, const Act& act, Instant now);
[[nodiscard]] bool was_done(store::Transaction& transaction, const Act& act);

}  // namespace lamp::quorum
