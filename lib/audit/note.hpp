// C2SP signed notes, and checkpoints in them: how a log states its size and root.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/audit/merkle.hpp"

namespace Botan {
class Private_Key;
class Public_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::audit {

struct NoteSignature {
  std::string name;
  Bytes key_id;  ///< 4 bytes
  Bytes signature;
};

/// A note that was read but not verified: its text must not be trusted.
struct Note {
  std::string text;  ///< with its final newline
  std::vector<NoteSignature> signatures;
};

/// Throws Error{bad_input}.
[[nodiscard]] Note parse_note(std::string_view note);

/// Throws Error{denied} unless the key is ECDSA (type 02).
[[nodiscard]] std::string sign_note(std::string_view text, std::string_view name, const Botan::Private_Key& key,
                                    Botan::RandomNumberGenerator& rng);

/// Acceptable when `name` signed with `key` (ECDSA or Ed25519) and no signature of that name and key is bad. Signatures
/// of others are ignored.
[[nodiscard]] Verdict verify_note(const Note& note, std::string_view name, const Botan::Public_Key& key);

/// The key as witnesses and other verifiers take it: name+id+base64(type||key).
[[nodiscard]] std::string note_key(std::string_view name, const Botan::Public_Key& key);

struct Checkpoint {
  std::string origin;
  std::uint64_t size = 0;
  Hash root{};
};

[[nodiscard]] std::string checkpoint_text(const Checkpoint& checkpoint);
/// Reads a note's text; extension lines are ignored. Throws Error{bad_input}.
[[nodiscard]] Checkpoint parse_checkpoint(std::string_view text);

}  // namespace lamp::audit
