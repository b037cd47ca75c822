// The lock that keeps two processes out of a token's C_Initialize, C_Login and C_SetPIN at once.
#pragma once

#include <filesystem>

#include "lib/base/file.hpp"

namespace lamp::hsm {

/// Where the lock of `module` lies. With SOFTHSM2_CONF set it is beside that file, whatever the module: a token
/// forwarded by `p11-kit server` is the same token. Otherwise in a folder of this user's own below /run/lock or /tmp,
/// named by the module; not by the token's serial number, which is known only after C_Initialize.
[[nodiscard]] std::filesystem::path module_lock_path(const std::filesystem::path& module);

/// SoftHSM rewrites its token file without care at every login: a second process that reads it then finds no token, and
/// a kill there destroys it. Waits until the lock is free. Not recursive.
[[nodiscard]] FileLock lock_module(const std::filesystem::path& module);

}  // namespace lamp::hsm
