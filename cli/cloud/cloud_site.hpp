// The service's part of a site: its database, its log, who it is and whom it takes.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/host.hpp"
#include "lib/audit/log.hpp"
#include "lib/cloud/order_check.hpp"
#include "lib/store/database.hpp"

namespace Botan {
class Private_Key;
}

namespace lamp::cloud {
struct ClientAuthority;
}

namespace lamp::cli {

/// The database with its tables up to date. Throws Error{not_found} that says to run `lamp-cloud init`.
[[nodiscard]] std::unique_ptr<store::Database> open_registry(const config::Site& site);

[[nodiscard]] audit::LogPlace cloud_log(const config::Site& site);
/// The key that signs the log's checkpoints, in the token "server".
[[nodiscard]] std::shared_ptr<Botan::Private_Key> cloud_log_key(Host& host);
/// Carries the database's audit records into the log. Verbs call it last; the running service may do it as well.
void finish_cloud(Host& host, store::Database& database);

/// The host name in the service's URL: the name in its certificate.
[[nodiscard]] std::string service_host(const config::Site& site);

struct ServerIdentity {
  std::vector<Bytes> chain;  ///< DER, leaf first, without the root
  std::shared_ptr<Botan::Private_Key> key;
};
/// Throws Error{not_found} that says how to issue the certificate.
[[nodiscard]] ServerIdentity server_identity(Host& host);

/// The root that clients' certificates must reach, and the two authorities that issue them.
struct ClientAnchors {
  Bytes root;
  std::vector<cloud::ClientAuthority> authorities;
};
[[nodiscard]] ClientAnchors client_anchors(const config::Site& site);

[[nodiscard]] cloud::OrderPolicy order_policy(const config::Site& site);

}  // namespace lamp::cli
