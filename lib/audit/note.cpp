#include "lib/audit/note.hpp"

#include <botan/pk_keys.h>
#include <botan/pubkey.h>

#include <algorithm>
#include <limits>

#include "lib/base/parse.hpp"
#include "lib/crypto/sha256.hpp"

namespace lamp::audit {
namespace {

using crypto::sha256;

constexpr std::string_view kDash = "\xe2\x80\x94 ";  // em dash and space
constexpr std::size_t kMostSignatures = 64;
constexpr std::size_t kKeyIdSize = 4;

/// What the signature type of a note key decides.
struct KeyForm {
  std::uint8_t type;
  Bytes encoded;
  Bytes id;
  const char* padding;
  Botan::Signature_Format format;
};

KeyForm form_of(std::string_view name, const Botan::Public_Key& key) {
  if (key.algo_name() == "ECDSA") {
    // C2SP signed-note: the id of a type 02 key is over its SubjectPublicKeyInfo alone.
    auto der = key.subject_public_key();
    auto id = sha256(der);
    id.resize(kKeyIdSize);
    return {2, std::move(der), std::move(id), "SHA-256", Botan::Signature_Format::DerSequence};
  }
  if (key.algo_name() == "Ed25519") {
    auto raw = key.public_key_bits();
    Bytes named = to_bytes(name);
    named.push_back('\n');
    named.push_back(1);
    append(named, raw);
    auto id = sha256(named);
    id.resize(kKeyIdSize);
    return {1, std::move(raw), std::move(id), "Pure", Botan::Signature_Format::Standard};
  }
  throw Error{Errc::denied, "a log key must be ECDSA or Ed25519, not " + key.algo_name()};
}

[[noreturn]] void malformed(const char* why) { throw Error{Errc::bad_input, std::string{"not a signed note: "} + why}; }

NoteSignature parse_signature(std::string_view line) {
  if (!line.starts_with(kDash)) malformed("a signature line must begin with a dash");
  line.remove_prefix(kDash.size());
  const auto space = line.find(' ');
  if (space == std::string_view::npos || space == 0) malformed("a signature line must have a name and a signature");
  const auto blob = from_base64(line.substr(space + 1));
  if (blob.size() <= kKeyIdSize) malformed("a signature is too short");
  return {std::string{line.substr(0, space)}, Bytes(blob.begin(), blob.begin() + kKeyIdSize),
          Bytes(blob.begin() + kKeyIdSize, blob.end())};
}

void require_name_of_key(std::string_view name) {
  if (name.empty() || name.find_first_of(" +\n\t\r") != std::string_view::npos)
    throw Error{Errc::bad_input, "a log's name must not be empty nor hold spaces or '+'"};
}

std::string_view next_line(std::string_view& text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) throw Error{Errc::bad_input, "not a checkpoint: a line is missing"};
  const auto line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

}  // namespace

Note parse_note(std::string_view note) {
  if (note.empty() || note.back() != '\n') malformed("it must end in a newline");
  if (std::any_of(note.begin(), note.end(), [](char c) { return c >= 0 && c < ' ' && c != '\n'; }))
    malformed("it holds control characters");
  const auto blank = note.rfind("\n\n");
  if (blank == std::string_view::npos) malformed("no blank line before the signatures");
  Note result{std::string{note.substr(0, blank + 1)}, {}};
  auto lines = split(note.substr(blank + 2), '\n');
  lines.pop_back();  // what follows the final newline
  if (lines.empty()) malformed("it is not signed");
  if (lines.size() > kMostSignatures) malformed("too many signatures");
  for (const auto line : lines) result.signatures.push_back(parse_signature(line));
  return result;
}

std::string sign_note(std::string_view text, std::string_view name, const Botan::Private_Key& key,
                      Botan::RandomNumberGenerator& rng) {
  require_name_of_key(name);
  const auto form = form_of(name, key);
  if (form.type != 2) throw Error{Errc::denied, "checkpoints are signed with an ECDSA key"};
  auto blob = form.id;
  guarded(Errc::unavailable, [&] {
    Botan::PK_Signer signer{key, rng, form.padding, form.format};
    append(blob, signer.sign_message(as_bytes(text), rng));
  });
  return std::string{text} + "\n" + std::string{kDash} + std::string{name} + " " + base64(blob) + "\n";
}

Verdict verify_note(const Note& note, std::string_view name, const Botan::Public_Key& key) {
  const auto form = form_of(name, key);
  bool signed_by_key = false;
  for (const auto& signature : note.signatures) {
    if (signature.name != name || signature.key_id != form.id) continue;
    Botan::PK_Verifier verifier{key, form.padding, form.format};
    if (!verifier.verify_message(as_bytes(note.text), signature.signature))
      return Verdict{{"the signature of " + std::string{name} + " does not hold"}};
    signed_by_key = true;
  }
  if (!signed_by_key) return Verdict{{"not signed by " + std::string{name} + " with the expected key"}};
  return {};
}

std::string note_key(std::string_view name, const Botan::Public_Key& key) {
  require_name_of_key(name);
  const auto form = form_of(name, key);
  Bytes typed{form.type};
  append(typed, form.encoded);
  return std::string{name} + "+" + hex(form.id) + "+" + base64(typed);
}

std::string checkpoint_text(const Checkpoint& checkpoint) {
  return checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" + base64(checkpoint.root) + "\n";
}

Checkpoint parse_checkpoint(std::string_view text) {
  Checkpoint checkpoint;
  checkpoint.origin = next_line(text);
  if (checkpoint.origin.empty()) throw Error{Errc::bad_input, "not a checkpoint: no origin"};
  checkpoint.size = parse_number(next_line(text), "tree size", 0, std::numeric_limits<std::int64_t>::max());
  checkpoint.root = to_hash(from_base64(next_line(text)));
  return checkpoint;
}

}  // namespace lamp::audit
