#include "cli/factory/sync_batches.hpp"

#include <botan/rng.h>
#include <botan/x509cert.h>

#include <map>

#include "lib/base/error.hpp"
#include "lib/pki/authority.hpp"
#include "manufacturing/handover.hpp"
#include "manufacturing/order.hpp"

namespace lamp::cli {
namespace {

registry::FactoryRecord record_of(const manufacturing::Unit& unit, const std::string& station) {
  return {unit.serial, unit.model, unit.mac,     unit.certificate, unit.claim_salt, unit.claim_verifier,
          station,     unit.order, unit.updated, unit.escrow,      unit.public_keys};
}

}  // namespace

StationBatch next_batch(store::Database& database, const std::string& wanted, const std::string& after) {
  return database.read([&](store::Transaction& t) {
    StationBatch batch{wanted, {}};
    std::map<std::string, manufacturing::Order> orders;
    for (const auto& unit : manufacturing::unsynced(t, wanted, cloud::kBatchLimit, after)) {
      if (orders.count(unit.order) == 0) {
        auto order = manufacturing::find_order(t, unit.order);
        if (!order) throw Error{Errc::internal, "order " + unit.order + " is not in the journal"};
        orders.emplace(unit.order, std::move(*order));
      }
      const auto& order = orders.at(unit.order);
      if (batch.station.empty()) batch.station = order.station;
      if (order.station == batch.station) batch.content.records.push_back(record_of(unit, order.station));
    }
    for (const auto& [id, order] : orders)
      if (order.station == batch.station) batch.content.orders.push_back({id, order.canonical(), order.signatures()});
    return batch;
  });
}

std::vector<Bytes> current_certificates(Host& host, const std::string& station) {
  const auto& person = host.site().person(station);
  auto chain = pki::load_certificates(person.certificate);
  const auto [begin, end] = guarded(Errc::bad_input, [&] {
    const Botan::X509_Certificate leaf{chain.front()};
    const auto at = [](const Botan::X509_Time& time) {
      return from_unix_seconds(static_cast<std::int64_t>(time.time_since_epoch()));
    };
    return std::pair{at(leaf.not_before()), at(leaf.not_after())};
  });
  const auto now = host.now();
  if (now >= begin && now <= end) return chain;
  const auto waiting =
      host.database().read([&](store::Transaction& t) { return manufacturing::count_waiting(t, station); });
  const auto when = now > end ? "ended at " + format_instant(end) : "is valid from " + format_instant(begin) + " on";
  throw Error{Errc::denied, "the certificate of station " + station + " " + when + " and the clock says " +
                                format_instant(now) + "; " + std::to_string(waiting) +
                                " records wait here and are not lost: " +
                                (now > end ? "have the CA issue a new one (lamp-ca renew) into " +
                                                 person.certificate.string() + ", then sync again"
                                           : "set the clock")};
}

Bytes service_anchor(const config::Site& site) {
  return pki::load_chain(site.root / "ca" / "server" / "chain.pem").back();
}

cloud::Client connect_station(Host& host, const std::string& station) {
  auto chain = current_certificates(host, station);
  const std::shared_ptr<Botan::RandomNumberGenerator> rng{std::shared_ptr<void>{}, &host.world().rng};
  return {host.site().cloud_url, {service_anchor(host.site())}, {std::move(chain), host.person_key(station)}, rng};
}

void keep_answers(Host& host, const std::string& station, const std::vector<cloud::RecordAnswer>& answers,
                  SyncTotals& totals) {
  std::uint64_t accepted = 0;
  for (const auto& answer : answers)
    if (answer.intake == registry::Intake::accepted)
      ++accepted;
    else
      totals.refusals.push_back(answer);
  const auto parked = answers.size() - accepted;
  host.database().write([&](store::Transaction& t) {
    for (const auto& answer : answers)
      manufacturing::keep_answer(t, answer.serial,
                                 answer.intake == registry::Intake::accepted ? manufacturing::SyncState::accepted
                                                                             : manufacturing::SyncState::parked,
                                 answer.reason, host.now());
    audit::record(t,
                  {station,
                   "factory.sync",
                   host.site().cloud_url,
                   {{"accepted", std::to_string(accepted)}, {"parked", std::to_string(parked)}}},
                  host.now(), host.world().rng);
  });
  totals.accepted += accepted;
  totals.parked += parked;
}

}  // namespace lamp::cli
