// What `lamp-ca serve` works on: the authorities with their keys, who may have what, and the routes.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/site_ocsp.hpp"
#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/rate_limits.hpp"
#include "lib/cloud/router.hpp"
#include "lib/cloud/server.hpp"
#include "lib/pki/enrolment.hpp"
#include "lib/pki/ocsp.hpp"
#include "manufacturing/order_desk.hpp"

namespace lamp::cli {

class CaService {
 public:
  /// Opens the tokens. Throws Error{not_found} that says what site.yaml or the site lacks. `host` must outlive it.
  CaService(Host& host, cloud::ServerLog log);
  CaService(const CaService&) = delete;
  CaService& operator=(const CaService&) = delete;

  /// Enrolment, and what is open to everybody.
  [[nodiscard]] const cloud::Router& https() const noexcept { return https_; }
  /// What is open to everybody.
  [[nodiscard]] const cloud::Router& http() const noexcept { return http_; }
  [[nodiscard]] cloud::TlsContext tls();
  [[nodiscard]] cloud::Identify identify();

  /// Publishes the lists, of authorities whose keys are open, that lack a revocation, end soon, or are not there.
  void renew_lists();

 private:
  void open_authorities();
  void add_responders();
  void add_trust();
  void add_routes();
  [[nodiscard]] std::vector<pki::EnrolmentRule> rules();

  Host& host_;
  const config::CaService& plan_;
  cloud::ServerLog log_;
  store::Database& database_;
  std::map<std::string, OpenAuthority> authorities_;  ///< whose keys are open
  std::map<std::string, OpenResponder> delegates_;    ///< OCSP signers, by their authority
  std::vector<pki::OcspAuthority> responders_;        ///< one for each authority of the site that has a certificate
  manufacturing::OrderDesk orders_;
  std::unique_ptr<pki::EnrolmentDesk> desk_;
  std::unique_ptr<cloud::ClientTrust> trust_;
  cloud::RateLimits limits_;
  cloud::Router https_, http_;
};

}  // namespace lamp::cli
