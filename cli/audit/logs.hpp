// The transparency logs that lie below a site: the host's own, and the service's where both share a folder.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/audit/log.hpp"
#include "lib/config/site.hpp"
#include "lib/store/database.hpp"

namespace Botan {
class Public_Key;
}

namespace lamp::cli {

struct SiteLog {
  std::string name;  ///< as typed after --log: "host" or "cloud"
  audit::LogPlace place;
  std::filesystem::path database;
};

/// The logs that are there. With a `name`, that one only: Error{not_found} when it is absent.
[[nodiscard]] std::vector<SiteLog> find_logs(const config::Site& site, const std::string& name = {});

/// The log's records; the tables are brought up to date.
[[nodiscard]] std::unique_ptr<store::Database> open_records(const SiteLog& log);

/// A public key from a PEM file; key.pem beside the log when `file` is empty.
[[nodiscard]] std::unique_ptr<Botan::Public_Key> load_log_key(const SiteLog& log, const std::string& file);

}  // namespace lamp::cli
