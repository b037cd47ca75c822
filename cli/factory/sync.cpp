#include <botan/rng.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <map>

#include "cli/factory/tool.hpp"
#include "cli/host.hpp"
#include "lib/base/error.hpp"
#include "lib/cloud/client.hpp"
#include "lib/cloud/factory_batch.hpp"
#include "lib/pki/authority.hpp"
#include "manufacturing/journal.hpp"

namespace lamp::cli {
namespace {

using namespace manufacturing;

struct SyncOptions {
  std::string station;
  bool retry_parked = false;
};

void declare(Arguments& a, SyncOptions& o) {
  a.option("--station", o.station, "Station to sync; only needed where a host has several");
  a.flag("--retry-parked", o.retry_parked, "Send the records again that the service parked before");
}

struct Batch {
  std::string station;
  cloud::FactoryBatch content;
};

registry::FactoryRecord record_of(const Unit& unit, const std::string& station) {
  return {unit.serial,         unit.model, unit.mac,   unit.certificate, unit.claim_salt,
          unit.claim_verifier, station,    unit.order, unit.updated};
}

/// Units of one station only, `wanted` or that of the first unit: the service knows a station by its certificate.
Batch next_batch(store::Transaction& transaction, const std::string& wanted) {
  Batch batch{wanted, {}};
  std::map<std::string, Order> orders;
  for (const auto& unit : unsynced(transaction, wanted, cloud::kBatchLimit)) {
    if (orders.count(unit.order) == 0) {
      auto order = find_order(transaction, unit.order);
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
}

cloud::Client connect(Host& host, const std::string& station) {
  const auto& person = host.site().person(station);
  // The service's own certificate must lead to the site's root, whatever else is in the TLS message.
  const auto anchor = pki::load_chain(host.site().root / "ca" / "server" / "chain.pem").back();
  const std::shared_ptr<Botan::RandomNumberGenerator> rng{std::shared_ptr<void>{}, &host.world().rng};
  return {host.site().cloud_url, {anchor}, {pki::load_certificates(person.certificate), host.person_key(station)}, rng};
}

struct Totals {
  std::uint64_t accepted = 0, parked = 0;
};

/// A record is marked only after the service's answer for it: what was sent and not answered goes again.
Totals keep_answers(Host& host, const Batch& batch, const std::vector<cloud::RecordAnswer>& answers) {
  Totals totals;
  for (const auto& answer : answers) ++(answer.intake == registry::Intake::accepted ? totals.accepted : totals.parked);
  host.database().write([&](store::Transaction& t) {
    for (const auto& answer : answers)
      note_sync(t, answer.serial, answer.intake == registry::Intake::accepted ? SyncState::accepted : SyncState::parked,
                answer.reason, host.now());
    audit::record(t,
                  {batch.station,
                   "factory.sync",
                   host.site().cloud_url,
                   {{"accepted", std::to_string(totals.accepted)}, {"parked", std::to_string(totals.parked)}}},
                  host.now(), host.world().rng);
  });
  return totals;
}

std::vector<cloud::RecordAnswer> exchange(cloud::Client& client, const Batch& batch) {
  auto answers = in_context("sync", [&] {
    return cloud::read_answers(client.post_json("/api/v1/factory/records", cloud::write_batch(batch.content)));
  });
  std::map<std::string, int> sent;
  for (const auto& record : batch.content.records) ++sent[record.serial];
  for (const auto& answer : answers)
    if (sent[answer.serial]-- != 1)
      throw Error{Errc::unavailable, "the service answered for " + answer.serial + ", which was not asked"};
  if (answers.size() != batch.content.records.size())
    throw Error{Errc::unavailable, "the service did not answer for every record"};
  return answers;
}

Exit sync(const SyncOptions& options, World& world) {
  Host host{world};
  auto& database = host.database();
  database.migrate(journal_schema());
  if (options.retry_parked) database.write([](store::Transaction& t) { forget_parked(t); });
  Totals totals;
  std::optional<cloud::Client> client;
  for (std::string station = options.station;;) {
    const auto batch = database.read([&](store::Transaction& t) { return next_batch(t, station); });
    if (batch.content.records.empty()) break;
    station = batch.station;
    if (!client) client.emplace(connect(host, station));
    const auto answers = exchange(*client, batch);
    const auto kept = keep_answers(host, batch, answers);
    totals.accepted += kept.accepted;
    totals.parked += kept.parked;
    for (const auto& answer : answers)
      if (answer.intake == registry::Intake::parked)
        world.err << "lamp-factory: refused: " << answer.serial << " is parked: " << answer.reason << '\n';
  }
  host.finish();
  fmt::print(world.out, "{} records accepted by {}, {} parked\n", totals.accepted, host.site().cloud_url,
             totals.parked);
  return totals.parked == 0 ? Exit::ok : Exit::refused;
}

}  // namespace

void add_sync(Tool& tool) {
  tool.verb<SyncOptions>("sync", "Hand finished devices over to the service", declare, sync);
}

}  // namespace lamp::cli
