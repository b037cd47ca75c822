#include "cli/softhsm.hpp"

#include <cstdlib>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {

namespace fs = std::filesystem;

fs::path softhsm_module() {
  for (const char* candidate : {"/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                                "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so"})
    if (fs::exists(candidate)) return candidate;
  throw Error{Errc::not_found, "SoftHSM is not installed; run ./deps.sh or 'apt-get install softhsm2'"};
}

fs::path use_new_softhsm(const fs::path& folder) {
  const auto store = folder / "store";
  guarded(Errc::unavailable, [&] {
    fs::create_directories(store);
    fs::permissions(store, fs::perms::owner_all);
  });
  auto config = folder / "softhsm2.conf";
  publish(config, "directories.tokendir = " + store.string() + "\nobjectstore.backend = file\nlog.level = ERROR\n");
  ::setenv("SOFTHSM2_CONF", config.c_str(), 1);
  return config;
}

}  // namespace lamp::cli
