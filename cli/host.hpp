// A verb's hold on its site: configuration, the host's database, tokens with their PINs, and the audit log, which is
// brought up to date when the verb has succeeded.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/world.hpp"
#include "hsm/token.hpp"
#include "lib/audit/record.hpp"
#include "lib/config/site.hpp"
#include "lib/store/database.hpp"

namespace lamp::cli {

/// The token that holds this host's own keys, and its log's.
inline constexpr const char* kHostToken = "host";
inline constexpr const char* kLogKey = "log";

class Host {
 public:
  explicit Host(World& world);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host();

  [[nodiscard]] const config::Site& site() const noexcept { return site_; }
  [[nodiscard]] World& world() noexcept { return world_; }
  [[nodiscard]] Instant now() const { return world_.clock.now(); }
  /// Opened at the first call, with the audit tables up to date; a verb migrates the components that it uses.
  [[nodiscard]] store::Database& database();

  /// The token, loaded and logged in at the first call with its PIN file or a PIN asked at the terminal; one try only.
  [[nodiscard]] hsm::Token& token(const std::string& name);
  /// The token without logging in: certificates and public keys only.
  [[nodiscard]] hsm::Token& public_token(const std::string& name);
  /// A token that was opened by other means than a PIN of the site, such as a quorum's: token() and public_token() give
  /// it until it is taken back.
  void lend(const std::string& name, hsm::Token& token) { lent_[name] = &token; }
  void take_back(const std::string& name) noexcept { lent_.erase(name); }
  /// A PIN for a site token: from its file, or asked.
  [[nodiscard]] Pin pin(const std::string& token_name);

  /// A person's signing key, for TLS and for approvals; logs in to that person's token.
  [[nodiscard]] std::shared_ptr<Botan::Private_Key> person_key(const std::string& person);

  /// Adds an audit record in a transaction of its own: for acts that change nothing else in the database.
  void record(const audit::Event& event);
  /// Sequences the outbox into the log, signed by the "log" key of the "host" token. Call last, after success; a verb
  /// that was killed before leaves its records in the outbox, and the next verb of any tool carries them on.
  void finish();

 private:
  World& world_;
  config::Site site_;
  std::unique_ptr<store::Database> database_;
  struct OpenToken {
    hsm::Token token;
    bool logged_in;
  };
  std::map<std::string, OpenToken> tokens_;
  std::map<std::string, hsm::Token*> lent_;
};

/// The account that runs the command, for audit records.
[[nodiscard]] std::string account_name();

}  // namespace lamp::cli
