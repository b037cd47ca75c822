#include "cli/factory/station_setup.hpp"

#include <botan/pk_keys.h>

#include <utility>

#include "cli/factory/issuing_authority.hpp"
#include "cli/factory/line_server.hpp"
#include "cli/factory/station_key.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/roster_trust.hpp"
#include "lib/quorum/anchor.hpp"
#include "lib/quorum/model_keys.hpp"
#include "manufacturing/pin_file.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

constexpr const char* kTransportKey = "transport";
constexpr const char* kEscrow = "escrow";

/// A roster that this host sees for the first time becomes the known one; another of the same name is refused from then
/// on.
quorum::Roster known_roster(Host& host, const std::string& name) {
  auto roster = quorum::Roster::load(quorum::roster_file(host.site().root, name));
  host.database().write([&](store::Transaction& t) {
    if (quorum::recognise(t, roster) == quorum::Known::yes) return;
    quorum::remember(t, roster);
    audit::record(t, {account_name(), "factory.roster.remember", name, {{"digest", hex(roster.digest())}}}, host.now(),
                  host.world().rng);
  });
  return roster;
}

/// Before anything is made: the release token has a key for each partner of the model, and for nothing else.
void require_partner_keys(const firmware::DeviceProfile& device, const quorum::Roster& roster) {
  if (!device.applications) return;
  for (const auto& [partner, grants] : device.applications->partners)
    in_context("partners of model " + device.model,
               [&, &name = partner] { (void)firmware::application_trust_in(roster, {name, std::nullopt, {}}); });
}

void migrate(store::Database& database) {
  database.migrate(quorum::schema());
  database.migrate(pki::schema());
  database.migrate(journal_schema());
}

}  // namespace

StationSetup::StationSetup(Host& host, Order order, std::string station)
    : host_{host}, order_{std::move(order)}, station_{station.empty() ? order_.station : std::move(station)} {
  migrate(host_.database());
  order_roster_ = known_roster(host_, host_.site().order_quorum);
  release_roster_ = known_roster(host_, host_.site().release_quorum);
}

Verdict StationSetup::judge() const {
  const auto& site = host_.site();
  if (site.people.count(station_) == 0)
    return {{"this host has no station " + station_ + "; the order is for another one"}};
  const auto key = attempt([&] { return station_key(site, station_); });
  if (const auto* failed = std::get_if<Error>(&key)) return {{failed->what()}};
  OrderPolicy policy{site.name, station_, std::get<Bytes>(key), site.order_approvals, {}};
  for (const auto& line : order_.lines) {
    const auto profile = attempt([&] { return firmware::device_profile(site, line.model); });
    if (const auto* found = std::get_if<firmware::DeviceProfile>(&profile))
      policy.profiles.emplace_back(line.model, found->digest);
    else if (std::get<Error>(profile).code() != Errc::not_found)
      rethrow(std::get<Error>(profile));
  }
  return manufacturing::judge(order_, policy, order_roster_, host_.now());
}

void StationSetup::open() {
  // Before the token: the key of a closed order may be destroyed.
  host_.database().read([&](store::Transaction& t) { return require_open(t, order_); });
  require_station_key(host_, station_);
  read_trust(open_issuer());
  read_kits();
  host_.database().write([&](store::Transaction& t) {
    if (import_order(t, order_, host_.now()) == Import::known) return;
    audit::record(t, {station_, "factory.order.begin", order_.id, {{"total", std::to_string(order_.total())}}},
                  host_.now(), host_.world().rng);
  });
}

std::vector<Bytes> StationSetup::open_issuer() {
  const auto& site = host_.site();
  const auto chain_of = [&](const std::string& authority) {
    return pki::load_chain(site.root / "ca" / authority / "chain.pem");
  };
  if (site.line_server) {
    line_server_ = std::make_unique<EstLineServer>(host_, station_, *site.line_server);
    return chain_of(site.line_server->authority);
  }
  const auto name = authority_name();
  auto chain = chain_of(name);
  issuing_key_ = host_.token(site.person(station_).token).signing_key(name);
  authority_ = std::make_unique<pki::Authority>(name, chain, *issuing_key_);
  return chain;
}

Station StationSetup::station() {
  const auto issuer = line_server_ ? Issuer{line_server_.get()} : Issuer{authority_.get()};
  return {station_,         host_.site().root / "factory" / station_ / "devices",
          order_,           kits_,
          trust_,           issuer,
          host_.database(), host_.world().clock,
          host_.world().rng};
}

void StationSetup::read_trust(const std::vector<Bytes>& issuer_chain) {
  trust_.cloud_url = host_.site().cloud_url;
  trust_.issuers.assign(issuer_chain.begin(), issuer_chain.end() - 1);
  trust_.trust_anchors = {issuer_chain.back()};
  trust_.release_keys = {release_roster_.release_key};
  if (!release_roster_.hybrid_key.empty()) trust_.hybrid_keys = {release_roster_.hybrid_key};
  trust_.other_keys = release_roster_.other_keys;
  trust_.threshold = release_roster_.threshold;
  for (const auto& officer : release_roster_.officers)
    trust_.officers.push_back(release_roster_.officer_key(officer)->subject_public_key());
  trust_.escrow_point = host_.public_token(kEscrow).public_key(kEscrow)->raw_public_key_bits();
}

void StationSetup::read_kits() {
  const auto& site = host_.site();
  const auto wrapped =
      quorum::ModelKeys::load(quorum::model_keys_file(site.root, site.release_quorum), release_roster_);
  auto& token = host_.token(site.person(station_).token);
  for (const auto& line : order_.lines) {
    auto device = firmware::device_profile(site, line.model);
    if (device.release.hybrid && trust_.hybrid_keys.empty())
      throw Error{Errc::denied, "devices of model " + line.model + " ask for a signature by ML-DSA-87, and quorum " +
                                    release_roster_.name +
                                    " has no such key: it is made with the quorum, lamp-quorum(5)"};
    // Before a fuse is burnt.
    if (device.esp && site.line_server)
      throw Error{Errc::denied, "devices of model " + line.model +
                                    " sign no certificate request on the line, which the " +
                                    "line server asks for: certify them by an authority in the station's token"};
    require_partner_keys(device, release_roster_);
    auto certificate = pki::Profile::load(site.template_file("profiles", device.certificate_profile + ".yaml"));
    SymmetricKey kek{in_context("key of model " + line.model, [&] {
      return token.unwrap_with_rsa(kTransportKey, wrapped.find(line.model, station_).wrapped);
    })};
    if (device.has(firmware::Credential::spki_pins) && trust_.pins.empty())
      trust_.pins = load_pins(site.root / "policy" / "pins.txt");
    kits_.emplace(line.model, ModelKit{std::move(device), std::move(certificate), std::move(kek)});
  }
}

std::string StationSetup::authority_name() const {
  if (auto authority = issuing_authority(host_.site(), station_, order_.id)) return std::move(authority->name);
  throw Error{Errc::not_found, "site.yaml names no authority in token '" + host_.site().person(station_).token +
                                   "': station " + station_ + " has nothing to issue device certificates with; " +
                                   "nor does site.yaml name a line-server"};
}

}  // namespace lamp::cli
