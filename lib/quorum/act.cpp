#include "lib/quorum/act.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>

#include <algorithm>

#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/seal.hpp"

namespace lamp::quorum {
namespace {

constexpr std::string_view kKind = "lamp-act-v1";
constexpr std::size_t kNonceLength = 16, kDigestLength = 32;

Bytes owned(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

std::string name_in(cbor::Reader& reader, const char* what) {
  std::string name{reader.text()};
  require_name(name, what);
  return name;
}

Bytes bytes_in(cbor::Reader& reader, std::size_t size, const char* what) {
  auto bytes = owned(reader.bytes());
  if (bytes.size() != size) throw Error{Errc::bad_input, std::string{what} + " has a wrong length"};
  return bytes;
}

/// Text that officers will read on a terminal: nothing in it may move about there.
std::string shown_text(cbor::Reader& reader, const char* what) {
  const auto text = reader.text();
  const bool plain = std::ranges::none_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\n') || byte == 0x7f;
  });
  if (!plain) throw Error{Errc::bad_input, std::string{what} + " has control characters"};
  return std::string{text};
}

std::string joined(const std::vector<Officer>& officers) {
  std::string names;
  for (const auto& officer : officers) names += (names.empty() ? "" : ", ") + officer.name;
  return names;
}

std::string size_of(const Roster& roster) {
  return std::to_string(roster.threshold) + " of " + std::to_string(roster.officers.size()) + ": " +
         joined(roster.officers);
}

/// What may change from one roster to the next; everything else is another quorum.
void require_follows(const Roster& next, const Roster& now) {
  const bool same_token = next.token_serial == now.token_serial && next.token_label == now.token_label;
  const bool same_keys = next.release_key == now.release_key && next.hybrid_key == now.hybrid_key &&
                         next.custody_key == now.custody_key && next.other_keys == now.other_keys;
  if (next.name != now.name || next.epoch != now.epoch + 1 || next.previous != now.digest())
    throw Error{Errc::denied,
                "the new roster does not follow roster " + now.name + " epoch " + std::to_string(now.epoch)};
  if (!same_token || !same_keys) throw Error{Errc::denied, "the new roster is of another token or of other keys"};
}

Roster next_roster(const Act& act) { return Roster::parse(act.content, "the new roster"); }

struct Terms {
  Bytes payload;
  std::string_view context;
  Bytes binding;
};

/// An approval of a new roster is that roster's signature, tied to the act; of anything else, a signature of the act.
Terms terms_of(const Act& act) {
  if (act.kind == kReplaceKind) return {next_roster(act).canonical(), kRosterContext, act.digest()};
  return {act.digest(), kActContext, {}};
}

}  // namespace

Bytes Act::encode() const {
  return cbor::Writer{}
      .array(11)
      .text(kKind)
      .text(kind)
      .text(quorum)
      .text(what)
      .text(content)
      .bytes(session_point)
      .bytes(roster_digest)
      .bytes(nonce)
      .integer(unix_seconds(requested))
      .integer(unix_seconds(expires))
      .text(requester)
      .encoded();
}

Act Act::parse(ByteView encoded) {
  return in_context("an act", [&] {
    cbor::Reader reader{encoded};
    reader.array(11);
    if (reader.text() != kKind) throw Error{Errc::bad_input, "it is of another kind"};
    Act act;
    act.kind = name_in(reader, "kind of act");
    act.quorum = name_in(reader, "quorum");
    act.what = name_in(reader, "what it is done to");
    act.content = shown_text(reader, "the content");
    act.session_point = owned(reader.bytes());
    crypto::require_p256_point(act.session_point);
    act.roster_digest = bytes_in(reader, kDigestLength, "the roster's digest");
    act.nonce = bytes_in(reader, kNonceLength, "the nonce");
    act.requested = from_unix_seconds(reader.integer());
    act.expires = from_unix_seconds(reader.integer());
    act.requester = shown_text(reader, "the requester");
    reader.end();
    return act;
  });
}

Bytes Act::digest() const {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(encode());
  return hash->final_stdvec();
}

std::vector<std::string> describe(const Act& act, const Roster& roster) {
  if (act.kind != kReplaceKind) {
    std::vector<std::string> lines;
    for (const auto line : split(act.content, '\n')) lines.emplace_back(line);
    return lines;
  }
  const auto next = next_roster(act);
  require_follows(next, roster);
  return {"replace the roster of quorum " + roster.name + ", epoch " + std::to_string(roster.epoch) + ", by epoch " +
              std::to_string(next.epoch),
          "now    " + size_of(roster), "then   " + size_of(next), "the token gets a new PIN, dealt to the new officers",
          "digest of the new roster " + hex(next.digest())};
}

Bytes approve(const Botan::Private_Key& key, const Roster& roster, const Act& act, Botan::RandomNumberGenerator& rng) {
  const auto terms = terms_of(act);
  return approve(key, roster, terms.payload, terms.context, act.expires, rng, terms.binding);
}

Tally tally(const std::vector<Contribution>& contributions, const Roster& roster, const Act& act, Instant now) {
  const auto terms = terms_of(act);
  std::vector<Bytes> approvals;
  for (const auto& contribution : contributions) approvals.push_back(contribution.approval);
  return tally(approvals, roster, terms.payload, terms.context, now, terms.binding);
}

bool renews_hybrid_key(const Act& act, const Roster& roster) {
  return !roster.hybrid_key.empty() &&
         (act.kind == kRotateKind || act.kind == kReplaceKind || act.kind == kRecoverKind);
}

std::filesystem::path ActFiles::approval(const std::string& officer) const {
  return directory() / "approvals" / (officer + ".cbor");
}

HandedIn read_contributions(const std::filesystem::path& folder) {
  HandedIn handed_in;
  if (!std::filesystem::is_directory(folder)) return handed_in;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    if (entry.path().extension() == ".cbor") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    auto read = attempt(
        [&] { return in_context(file.filename().string(), [&] { return Contribution::parse(read_file(file)); }); });
    if (const auto* why = std::get_if<Error>(&read))
      handed_in.unreadable.emplace_back(why->what());
    else
      handed_in.contributions.push_back(std::move(std::get<Contribution>(read)));
  }
  return handed_in;
}

void record_done(store::Transaction& transaction, const Act& act, Instant now) {
  transaction.execute("INSERT INTO quorum_act (digest, done) VALUES (?, ?)", {hex(act.digest()), unix_seconds(now)});
}

bool was_done(store::Transaction& transaction, const Act& act) {
  return !transaction.query("SELECT done FROM quorum_act WHERE digest = ?", {hex(act.digest())}).empty();
}

}  // namespace lamp::quorum
