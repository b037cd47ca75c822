#include "hsm/lock.hpp"

#include <botan/hash.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

namespace fs = std::filesystem;

// Ours alone, so that no other user can plant a link or hold our lock.
fs::path private_folder() {
  const fs::path parent = ::access("/run/lock", W_OK | X_OK) == 0 ? "/run/lock" : "/tmp";
  const auto folder = parent / ("lamp-" + std::to_string(::getuid()));
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
    throw Error{Errc::unavailable, folder.string() + ": cannot make the folder for token locks"};
  }
  struct stat found{};
  if (::lstat(folder.c_str(), &found) != 0 || !S_ISDIR(found.st_mode) || found.st_uid != ::getuid() ||
      (found.st_mode & 077) != 0) {
    throw Error{Errc::denied, folder.string() + ": must be a folder of this user's own, mode 0700; remove it"};
  }
  return folder;
}

}  // namespace

fs::path module_lock_path(const fs::path& module) {
  if (const char* softhsm = std::getenv("SOFTHSM2_CONF"); softhsm != nullptr && *softhsm != '\0') {
    const auto folder = fs::absolute(softhsm).parent_path();
    if (::access(folder.c_str(), W_OK | X_OK) == 0) return folder / ".lock";
  }
  auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(module.string());
  return private_folder() / ("token-" + hex(hash->final_stdvec()).substr(0, 16));
}

FileLock lock_module(const fs::path& module) { return FileLock{module_lock_path(module)}; }

}  // namespace lamp::hsm
