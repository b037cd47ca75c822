#include <botan/pk_keys.h>
#include <botan/x509path.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/factory/sync_batches.hpp"
#include "cli/factory/tool.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/path.hpp"
#include "lib/pki/signed_document.hpp"
#include "manufacturing/handover.hpp"
#include "manufacturing/label_journal.hpp"

namespace lamp::cli {
namespace {

/// A file holds so many batches at most: 50,000 units, about 100 MB.
constexpr std::size_t kBatchesInFile = 100;
constexpr std::uint64_t kAnswersLimit = 256ULL << 20;

struct SyncOptions {
  std::string station, output, answers;
  bool retry_parked = false, forget_labels = false, json = false;
};

void declare(Arguments& a, SyncOptions& o) {
  a.option("--station", o.station, "Station to sync; only needed where a host has several");
  a.flag("--retry-parked", o.retry_parked, "Send the records again that the service parked before");
  a.option("-o,--output", o.output, "Write the records to a signed file for 'lamp-cloud import' in place of sending");
  a.option("--answers", o.answers, "Take over the service's answers from the file that 'lamp-cloud import' wrote");
  a.flag("--forget-labels", o.forget_labels, "Remove label texts of devices that came in and whose label was checked");
  a.flag("--json", o.json, "Print JSON");
}

std::vector<cloud::RecordAnswer> exchange(cloud::Client& client, const StationBatch& batch) {
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

/// A record is marked only after the service's answer for it: what was sent and not answered goes again.
SyncTotals send_all(Host& host, const SyncOptions& options) {
  SyncTotals totals;
  std::optional<cloud::Client> client;
  std::string station = options.station, after;
  for (;;) {
    const auto batch = next_batch(host.database(), station, after);
    if (batch.content.records.empty()) return totals;
    station = batch.station;
    after = batch.last();
    if (!client) client.emplace(connect_station(host, station));
    keep_answers(host, station, exchange(*client, batch), totals);
    if (host.world().terminal.is_interactive() && !options.json)
      host.world().err << fmt::format("\r{} records answered", totals.accepted + totals.parked) << std::flush;
  }
}

struct Written {
  std::uint64_t records = 0, left = 0;
};

Written write_file(Host& host, const SyncOptions& options) {
  if (std::filesystem::exists(options.output))
    throw Error{Errc::exists, options.output + " is there already; nothing was written"};
  Bytes file;
  Written written;
  std::vector<Bytes> chain;
  std::string station = options.station, after;
  for (std::size_t batches = 0; batches < kBatchesInFile; ++batches) {
    const auto batch = next_batch(host.database(), station, after);
    if (batch.content.records.empty()) break;
    if (chain.empty()) chain = current_certificates(host, batch.station);
    station = batch.station;
    after = batch.last();
    append(file, pki::sign_document(*host.person_key(station), chain, as_bytes(cloud::write_batch(batch.content)),
                                    kRecordsContext, host.world().rng));
    written.records += batch.content.records.size();
  }
  if (written.records == 0) return written;
  written.left = host.database().read([&](store::Transaction& t) { return manufacturing::count_waiting(t, station); }) -
                 written.records;
  publish(options.output, ByteView{file}, Mode::shared, Existing::refuse);
  host.record({station, "factory.sync.write", options.output, {{"records", std::to_string(written.records)}}});
  return written;
}

std::string service_name(const std::string& url) {
  const auto host = url.substr(url.find("//") + 2);
  return host.substr(0, host.find_first_of(":/"));
}

/// Answers count when the service's own certificate signed them: a finger's breadth from TLS.
SyncTotals read_answers_file(Host& host, const SyncOptions& options) {
  SyncTotals totals;
  const auto documents =
      in_context(options.answers, [&] { return pki::parse_documents(read_file(options.answers, kAnswersLimit)); });
  for (const auto& document : documents) {
    auto verdict = pki::judge_signature(document, kAnswersContext);
    if (verdict.acceptable())
      verdict = pki::judge_signer(document, {service_anchor(host.site())}, pki::PathUse::tls_server, host.now(),
                                  service_name(host.site().cloud_url));
    if (!verdict.acceptable())
      throw Error{Errc::denied, options.answers + " is not from the service: " + verdict.objections.front()};
    const auto answers = in_context(options.answers, [&] { return cloud::read_answers(to_text(document.content)); });
    keep_answers(host, account_name(), answers, totals);
  }
  return totals;
}

/// The only copies of claim codes that can be read on this host: given up where the service has the sealed one and the
/// label was seen to be right.
std::uint64_t forget_labels(Host& host) {
  std::uint64_t forgotten = 0;
  for (const auto& unit : host.database().read([](store::Transaction& t) { return manufacturing::units(t); })) {
    const auto file = host.database().read([&](store::Transaction& t) -> std::optional<std::filesystem::path> {
      const auto answer = manufacturing::find_answer(t, unit.serial);
      if (!answer || answer->state != manufacturing::SyncState::accepted) return std::nullopt;
      if (!manufacturing::label_history(t, unit.serial).agreed_at) return std::nullopt;
      const auto order = manufacturing::find_order(t, unit.order);
      if (!order) return std::nullopt;
      return host.site().root / "factory" / order->station / "devices" / unit.serial / "label.txt";
    });
    if (!file || !guarded(Errc::unavailable, [&] { return std::filesystem::remove(*file); })) continue;
    ++forgotten;
    host.record({account_name(), "factory.label.forget", unit.serial, {}});
  }
  return forgotten;
}

void print_totals(const SyncTotals& totals, std::uint64_t forgotten, const SyncOptions& options, Host& host) {
  auto& world = host.world();
  if (options.json) {
    auto parked = nlohmann::json::array();
    for (const auto& one : totals.refusals) parked.push_back({{"serial", one.serial}, {"reason", one.reason}});
    const nlohmann::json all{
        {"accepted", totals.accepted}, {"parked", std::move(parked)}, {"labels_forgotten", forgotten}};
    world.out << all.dump(2) << '\n';
    return;
  }
  for (const auto& one : totals.refusals)
    world.err << "lamp-factory: refused: " << one.serial << " is parked: " << one.reason << '\n';
  fmt::print(world.out, "{} records accepted by {}, {} parked\n", totals.accepted, host.site().cloud_url,
             totals.parked);
  if (options.forget_labels) fmt::print(world.out, "{} label texts removed\n", forgotten);
}

Exit sync_to_file(Host& host, const SyncOptions& options) {
  const auto written = write_file(host, options);
  auto& out = host.world().out;
  if (options.json) {
    out << nlohmann::json{{"written", written.records}, {"left", written.left}}.dump(2) << '\n';
  } else if (written.records == 0) {
    fmt::print(out, "every finished device was answered for: no file was written\n");
  } else {
    fmt::print(out, "{} records written to {}; they wait for the answers of 'lamp-cloud import'\n", written.records,
               options.output);
    if (written.left > 0) fmt::print(out, "{} more wait for the file after that\n", written.left);
  }
  return Exit::ok;
}

Exit sync(const SyncOptions& options, World& world) {
  if (!options.output.empty() && (!options.answers.empty() || options.forget_labels))
    throw UsageError{"-o writes records only: take the answers over by a command of its own"};
  Host host{world};
  host.database().migrate(manufacturing::journal_schema());
  host.database().migrate(manufacturing::label_schema());
  if (options.retry_parked) host.database().write([](store::Transaction& t) { manufacturing::forget_parked(t); });
  if (!options.output.empty()) {
    const auto exit = sync_to_file(host, options);
    host.finish();
    return exit;
  }
  const auto totals = options.answers.empty() ? send_all(host, options) : read_answers_file(host, options);
  const auto forgotten = options.forget_labels ? forget_labels(host) : 0;
  host.finish();
  print_totals(totals, forgotten, options, host);
  return totals.parked == 0 ? Exit::ok : Exit::refused;
}

}  // namespace

void add_sync(Tool& tool) {
  tool.verb<SyncOptions>("sync", "Hand finished devices over to the service, or to a file for it", declare, sync);
}

}  // namespace lamp::cli
