#include "cli/audit/logs.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {

namespace fs = std::filesystem;

std::vector<SiteLog> find_logs(const config::Site& site, const std::string& name) {
  const SiteLog known[] = {
      {"host", {site.log_directory, site.log_origin}, site.state_database},
      {"cloud", {site.cloud_database.parent_path() / "log", site.name + "/cloud"}, site.cloud_database}};
  std::vector<SiteLog> found;
  for (const auto& log : known)
    if ((name.empty() || name == log.name) && fs::exists(log.place.directory) && fs::exists(log.database))
      found.push_back(log);
  if (!found.empty()) return found;
  throw Error{Errc::not_found, name.empty() ? "this site has no log yet; run 'lamp init' first"
                                            : "this site has no log '" + name + "'; logs are host and cloud"};
}

std::unique_ptr<store::Database> open_records(const SiteLog& log) {
  auto database = std::make_unique<store::Database>(log.database);
  database->migrate(audit::schema());
  return database;
}

std::unique_ptr<Botan::Public_Key> load_log_key(const SiteLog& log, const std::string& file) {
  const auto path = file.empty() ? (log.place.directory / "key.pem").string() : file;
  const auto pem = read_file(path, 65536);
  return in_context(path, [&] { return guarded(Errc::bad_input, [&] { return Botan::X509::load_key(pem); }); });
}

}  // namespace lamp::cli
