#include "cli/lamp/init.hpp"

#include <filesystem>
#include <ostream>

#include "cli/lamp/demo_site.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

void require_empty(const fs::path& directory) {
  if (fs::exists(directory) && (!fs::is_directory(directory) || !fs::is_empty(directory)))
    throw Error{Errc::exists, directory.string() + ": is there already and not empty; name a new folder"};
}

}  // namespace

void declare(Arguments& arguments, InitOptions& options) {
  arguments.positional("directory", options.directory, "Folder to make; must be absent or empty");
  arguments.flag("--demo", options.demo,
                 "All roles in one folder, keys in SoftHSM tokens, PINs in files: to learn with");
  arguments.option("--port", options.port, "Port of the demo's service on 127.0.0.1");
}

Exit init(const InitOptions& options, World& world) {
  if (!options.demo) {
    throw UsageError{"a site is made with --demo, or by writing its site.yaml by hand: see lamp-site(5)"};
  }
  if (options.port < 1 || options.port > 65533) {
    throw UsageError{"--port: a number from 1 to 65533 is expected: the next two are the certificate service's"};
  }
  const fs::path directory = fs::absolute(options.directory).lexically_normal();
  guarded(Errc::unavailable, [&] { require_empty(directory); });
  const auto made = make_demo_site({directory, static_cast<std::uint16_t>(options.port)}, world);
  for (const auto& token : made.tokens) world.out << "token " << token << "  (PIN in pins/" << token << ")\n";
  world.out << "site " << directory.filename().string() << " made in " << directory.string()
            << ": a demo, its tokens are files; never use its keys for real devices\n";
  return Exit::ok;
}

}  // namespace lamp::cli
