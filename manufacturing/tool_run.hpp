// Runs another program of the host: without a shell, with nothing secret in its arguments or environment.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace lamp::manufacturing {

/// The path under which a program that run_tool() starts finds `secret`.
inline constexpr const char* kSecretPath = "/proc/self/fd/3";

struct ToolResult {
  int status = 0;        ///< exit status, or 128 and the signal's number
  std::string out, err;  ///< at most 1 MiB each
  SecureBytes left;      ///< what is at kSecretPath when it has ended: a program may write there, too; at most 1 MiB
};

/// `command[0]` is looked for in PATH. `secret` lies in memory that only this process and the program can reach, until
/// both are done with it. Throws Error{not_found} when there is no such program, Error{unavailable} when it takes
/// longer than `limit`; it is ended then.
[[nodiscard]] ToolResult run_tool(const std::vector<std::string>& command, ByteView secret, std::chrono::seconds limit);

}  // namespace lamp::manufacturing
