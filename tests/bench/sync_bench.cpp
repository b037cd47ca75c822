// sync_bench database|tls COUNT: what a sync cannot be faster than. `database` takes records into a registry of its
// own, 500 in a transaction with their audit records, without looking at certificates or orders. `tls` sends the same
// batches over mutual TLS on loopback to a service that sends them back.
#include <cstdlib>

#include "lib/audit/record.hpp"
#include "lib/cloud/client.hpp"
#include "lib/cloud/factory_batch.hpp"
#include "lib/crypto/cbor.hpp"
#include "tests/bench/measure.hpp"
#include "tests/cloud/running_service.hpp"

namespace lamp::bench {
namespace {

registry::FactoryRecord numbered(std::uint64_t n, const Bytes& certificate) {
  auto record = test::record(1, "smart-lamp");
  auto digits = std::to_string(n);
  record.serial = "SL-26-" + std::string(6 - std::min<std::size_t>(6, digits.size()), '0') + digits;
  record.mac = MacAddress::from_number(0x020000000000ULL + n);
  record.certificate = certificate;
  append(record.certificate, as_bytes(record.serial));  // one of its own, without the time to sign it
  cbor::MapWriter boxes;
  boxes.add("claim-code", cbor::bytes_item(Bytes(250, 1)));
  record.escrow = boxes.encoded();
  return record;
}

std::vector<cloud::FactoryBatch> batches(std::uint64_t count, const Bytes& certificate) {
  std::vector<cloud::FactoryBatch> all;
  for (std::uint64_t n = 0; n < count; ++n) {
    if (n % cloud::kBatchLimit == 0) all.emplace_back();
    all.back().records.push_back(numbered(n, certificate));
  }
  return all;
}

void database(std::uint64_t count) {
  test::TemporaryDirectory folder;
  store::Database registry{folder / "registry.db"};
  registry.migrate(audit::schema());
  registry.migrate(registry::schema());
  const test::TestAuthority authority{"Devices"};
  const auto all = batches(count, authority.certificate());
  const Stopwatch watch;
  for (const auto& batch : all)
    registry.write([&](store::Transaction& t) {
      std::vector<audit::Event> events;
      for (const auto& record : batch.records) {
        (void)registry::take_in(t, record, test::kNow);
        events.push_back({"line1", "cloud.intake.accept", record.serial, {{"model", record.model}}});
      }
      audit::record(t, events, test::kNow, Botan::system_rng());
    });
  report("the registry's database alone", count, watch.lap());
}

void tls(std::uint64_t count) {
  const test::RunningService service;
  auto client = service.client(service.person("installer-1", "installer"));
  const auto all = batches(count, service.devices.certificate());
  std::vector<std::string> bodies;
  for (const auto& batch : all) bodies.push_back(cloud::write_batch(batch));
  (void)client.post_json("/test/echo", "{}");
  const Stopwatch watch;
  for (const auto& body : bodies) (void)client.send("POST", "/test/echo", "application/json", as_bytes(body));
  report("TLS and HTTP alone, there and back", count, watch.lap());
}

}  // namespace
}  // namespace lamp::bench

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string what = argv[1];
  const auto count = std::strtoull(argv[2], nullptr, 10);
  if (what == "database") lamp::bench::database(count);
  if (what == "tls") lamp::bench::tls(count);
  return 0;
}
