// What a device signed after its lock, kept with everything that the signature is over: whoever has the device's
// certificate can check it again, on another host and years later.
#pragma once

#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"
#include "manufacturing/lamp_protocol.hpp"

namespace lamp::manufacturing {

/// How the journal's and a report's words of a lock begin that a boot loader read back and nothing signed.
inline constexpr std::string_view kReadBack = "locked, as read back and not signed";

struct LockProof {
  Bytes nonce;  ///< the station's, kNonceSize: made for this one question
  Lifecycle state = Lifecycle::blank;
  DebugPort debug_port = DebugPort::open;
  Bytes signature;  ///< by the IDevID key over proof_message(); r || s, 64 bytes
  bool operator==(const LockProof&) const = default;
};

/// Whether the holder of the key `spki` (SubjectPublicKeyInfo, P-256) signed that the device `serial` is locked and its
/// debug port too. A key of another kind is an objection.
[[nodiscard]] Verdict judge_lock_proof(const LockProof& proof, std::string_view serial, ByteView spki);

}  // namespace lamp::manufacturing
