#include "cli/hsm/stand_in.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "lib/base/error.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

/// Takes the folder for this process; -1 when another one has it.
int take(const fs::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (descriptor >= 0 && ::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return descriptor;
  if (descriptor >= 0) ::close(descriptor);
  return -1;
}

/// Six characters by mkdtemp() after the prefix, of this user.
bool is_ours(const fs::directory_entry& entry, const std::string& prefix) {
  constexpr std::size_t kRandom = 6;
  const auto name = entry.path().filename().string();
  return name.starts_with(prefix) && name.size() == prefix.size() + kRandom && entry.is_directory() &&
         !entry.is_symlink();
}

void sweep(const fs::path& parent, const std::string& prefix) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator{parent, ignored}) {
    if (!is_ours(entry, prefix)) continue;
    const int lock = take(entry.path());
    if (lock < 0) continue;
    fs::remove_all(entry.path(), ignored);
    ::close(lock);
  }
}

void write_tokens(config::YamlWriter& out, const config::Site& site) {
  out.key("tokens").begin_map();
  for (const auto& [name, place] : site.tokens) {
    out.key(name).begin_map().key("module").value(place.module.string()).key("uri").value(place.uri);
    if (!place.module_init.empty()) out.key("module-init").value(place.module_init);
    if (place.pin_file) out.key("pin-file").value(place.pin_file->string());
    out.end_map();
  }
  out.end_map();
}

void write_people(config::YamlWriter& out, const config::Site& site) {
  out.key("people").begin_map();
  for (const auto& [name, person] : site.people) {
    out.key(name).begin_map().key("token").value(person.token).key("key").value(person.key);
    out.key("share-key").value(person.share_key).key("certificate").value(person.certificate.string()).end_map();
  }
  out.end_map();
}

}  // namespace

ThrowAwayFolder::ThrowAwayFolder(const fs::path& parent, const std::string& prefix) {
  sweep(parent, prefix);
  std::string name = (parent / (prefix + "XXXXXX")).string();
  if (::mkdtemp(name.data()) == nullptr) throw Error{Errc::unavailable, "cannot make a temporary folder " + name};
  path_ = name;
  lock_ = take(path_);
}

ThrowAwayFolder::~ThrowAwayFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
  if (lock_ >= 0) ::close(lock_);
}

std::string stand_in_site(const config::Site& site) {
  config::YamlWriter out;
  out.begin_map().key("site").value("REHEARSAL of " + site.name).key("demo").value(true);
  out.key("softhsm-config").value("tokens/softhsm2.conf");
  write_tokens(out, site);
  out.key("authorities").begin_map();
  for (const auto& [name, token] : site.authorities) out.key(name).value(token);
  out.end_map();
  write_people(out, site);
  out.key("quorums").begin_map().key("release").value(site.release_quorum);
  out.key("order").value(site.order_quorum).key("order-approvals").value(site.order_approvals).end_map();
  out.key("cloud").begin_map().key("url").value("https://localhost:1").key("listen").value("127.0.0.1:1");
  out.key("database").value("cloud/registry.db").key("artifacts").value("cloud/artifacts").end_map();
  out.key("state").value("state.db").key("log").begin_map().key("directory").value("log");
  out.key("origin").value("REHEARSAL/" + site.log_origin).end_map().end_map();
  return out.text();
}

}  // namespace lamp::cli
