#include "cli/ca/ca_service.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "cli/ca/site_lists.hpp"
#include "lib/audit/record.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/cloud/est_api.hpp"
#include "lib/cloud/revocation_api.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/quorum/anchor.hpp"
#include "lib/quorum/model_keys.hpp"
#include "manufacturing/journal.hpp"
#include "manufacturing/order_book.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

const config::CaService& plan_of(const config::Site& site) {
  if (site.ca_service) return *site.ca_service;
  throw Error{Errc::not_found,
              "site.yaml has no 'ca-service': it says where to listen and what to give out; "
              "see lamp-site(5)"};
}

store::Database& open_tables(Host& host) {
  auto& database = open_register(host);
  database.migrate(quorum::schema());
  database.migrate(manufacturing::journal_schema());
  database.migrate(manufacturing::order_book_schema());
  return database;
}

fs::path order_roster(const config::Site& site) { return quorum::roster_file(site.root, site.order_quorum); }

manufacturing::OrderDesk::Rules order_rules(const config::Site& site) {
  using Model = manufacturing::OrderDesk::Model;
  return {.site = site.name,
          .approvals = site.order_approvals,
          .factory = site.root / "factory",
          .roster = [&site] { return quorum::Roster::load(order_roster(site)); },
          .model = [&site](const std::string& name) -> std::optional<Model> {
            const auto profile = attempt([&] { return firmware::device_profile(site, name); });
            if (const auto* found = std::get_if<firmware::DeviceProfile>(&profile))
              return Model{found->digest, found->certificate_profile, found->hardware_type};
            if (std::get<Error>(profile).code() == Errc::not_found) return std::nullopt;
            rethrow(std::get<Error>(profile));
          }};
}

/// A roster that this host sees for the first time becomes the known one, as it does on a station.
void know_roster(Host& host, store::Database& database) {
  const auto file = order_roster(host.site());
  if (!fs::exists(file)) return;
  const auto roster = quorum::Roster::load(file);
  database.write([&](store::Transaction& t) {
    if (quorum::recognise(t, roster) == quorum::Known::yes) return;
    quorum::remember(t, roster);
    audit::record(t, {account_name(), "ca.roster.remember", roster.name, {{"digest", hex(roster.digest())}}},
                  host.now(), host.world().rng);
  });
}

/// A list's file name, as `lamp-ca crl` gives them: nothing else of the folder is anybody's business.
bool is_list_name(const std::string& file) {
  return is_name(file) && file.starts_with("crl") && file.ends_with(".der");
}

}  // namespace

CaService::CaService(Host& host, cloud::ServerLog log)
    : host_{host},
      plan_{plan_of(host.site())},
      log_{std::move(log)},
      database_{open_tables(host)},
      orders_{order_rules(host.site())} {
  know_roster(host_, database_);
  open_authorities();
  add_responders();
  desk_ = std::make_unique<pki::EnrolmentDesk>(database_, rules(), orders_, host_.world().rng);
  add_trust();
  add_routes();
}

void CaService::open_authorities() {
  std::set<std::string> names;
  for (const auto& [authority, signer] : plan_.ocsp)
    if (signer.empty()) names.insert(authority);
  for (const auto& rule : plan_.enrolment) names.insert(rule.authority);
  for (const auto& name : names) authorities_.emplace(name, open_authority(host_, name));
}

/// An authority's OCSP signer signs, or else the authority whose key is open here; the others have what was signed
/// ahead.
void CaService::add_responders() {
  for (const auto& [authority, signer] : plan_.ocsp)
    if (!signer.empty()) delegates_.emplace(authority, open_responder(host_, authority, signer));
  for (const auto& [name, token] : host_.site().authorities) {
    const auto open = authorities_.find(name);
    if (const auto delegate = delegates_.find(name); delegate != delegates_.end()) {
      responders_.push_back(delegate->second.authority);
    } else if (open != authorities_.end()) {
      const auto& authority = open->second.authority;
      responders_.emplace_back(name, authority.chain().front(), authority);
    } else if (fs::exists(authority_file(host_.site(), name, "chain.pem"))) {
      responders_.emplace_back(name, authority_chain(host_.site(), name).front());
    }
  }
}

std::vector<pki::EnrolmentRule> CaService::rules() {
  using To = pki::EnrolmentRule::To;
  std::vector<pki::EnrolmentRule> all;
  all.reserve(plan_.enrolment.size());
  for (const auto& rule : plan_.enrolment)
    all.push_back({rule.label, rule.to == config::CaService::Enrolment::To::devices ? To::devices : To::stations,
                   rule.vouched_by, &authorities_.at(rule.authority).authority,
                   load_profile(host_.site(), rule.profile)});
  return all;
}

/// Those who vouch for applicants, and those whose certificates are renewed.
void CaService::add_trust() {
  std::set<std::string> names;
  for (const auto& rule : plan_.enrolment) {
    names.insert(rule.vouched_by);
    if (rule.to == config::CaService::Enrolment::To::devices) names.insert(rule.authority);
  }
  Bytes root;
  std::vector<cloud::ClientAuthority> all;
  for (const auto& name : names) {
    const auto chain = authority_chain(host_.site(), name);
    if (!root.empty() && chain.back() != root)
      throw Error{Errc::bad_input, "the authorities of 'ca-service' in site.yaml have different roots"};
    root = chain.back();
    all.push_back({name, chain.front(), authority_file(host_.site(), name, "crl.der")});
  }
  if (all.empty()) throw Error{Errc::bad_input, "'ca-service' in site.yaml names no enrolment"};
  trust_ = std::make_unique<cloud::ClientTrust>(std::move(root), std::move(all), host_.world().clock, log_);
}

cloud::TlsContext CaService::tls() {
  const auto& server = host_.site().person(plan_.server);
  if (!fs::exists(server.certificate))
    throw Error{Errc::not_found, "no certificate " + server.certificate.string() +
                                     "; make it with: lamp-ca issue server --profile tls-server --name " + server.name};
  const std::shared_ptr<Botan::RandomNumberGenerator> rng{std::shared_ptr<void>{}, &host_.world().rng};
  return {pki::load_certificates(server.certificate),
          host_.token(server.token).signing_key(server.key),
          trust_->accepted(),
          [this](const auto& chain) { return trust_->fault_in(chain); },
          rng,
          cloud::ClientCertificate::optional};
}

cloud::Identify CaService::identify() { return cloud::identify_or_stranger(*trust_); }

void CaService::renew_lists() {
  for (const auto& [name, open] : authorities_) {
    const auto complaints = list_complaints(host_, name);
    if (complaints.empty()) continue;
    const auto number = publish_lists(host_, open.authority).front().number;
    log_(fmt::format("list {} of {} published, for {}", number, name, complaints.front()));
  }
}

void CaService::add_routes() {
  const auto& site = host_.site();
  const cloud::RevocationService revocation{
      .ocsp =
          [this](ByteView request) {
            return pki::answer_ocsp(database_, responders_, request, host_.now(), host_.world().rng);
          },
      .list = [&site](const std::string& authority, const std::string& file) -> std::optional<fs::path> {
        if (!site.authorities.contains(authority) || !is_list_name(file)) return std::nullopt;
        return authority_file(site, authority, file);
      },
      .certificate = [&site](const std::string& authority) -> std::optional<Bytes> {
        if (!site.authorities.contains(authority) || !fs::exists(authority_file(site, authority, "chain.pem")))
          return std::nullopt;
        return authority_chain(site, authority).front();
      },
      .limits = limits_};
  cloud::add_revocation_routes(http_, revocation);
  cloud::add_revocation_routes(https_, revocation);
  cloud::add_est_routes(https_, {*desk_, host_.world().clock, limits_, log_});
}

}  // namespace lamp::cli
