// What a process gives up before a secret is put together in it that opens everything: the release token's PIN. What
// this stops and what not: lamp(7).
#pragma once

#include <cstdint>

#include "lib/base/bytes.hpp"

namespace lamp {

/// For this process, for good. Afterwards it executes no program, starts no process (threads it may), traces nobody and
/// reads nobody's memory; it leaves no core file, other processes of its user cannot trace it, and its secrets lie in
/// locked memory. PKCS#11 modules are loaded before: some start a helper. Throws Error{unavailable} when the host
/// does not let it give one of these up, or does not lock memory; no secret belongs into the process then.
void lock_down();
[[nodiscard]] bool is_locked_down() noexcept;

/// Throws Error{unavailable} when the process is locked down and these bytes could be swapped out.
void require_locked_memory(ByteView secret);

/// VmLck of this process, in bytes.
[[nodiscard]] std::uint64_t locked_memory();

}  // namespace lamp
