#include <botan/pk_keys.h>
#include <botan/x509cert.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>

#include "cli/cloud/cloud_site.hpp"
#include "cli/cloud/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/factory_intake.hpp"
#include "lib/cloud/identity.hpp"
#include "lib/pki/signed_document.hpp"

namespace lamp::cli {
namespace {

constexpr std::uint64_t kRecordsLimit = 512ULL << 20;
/// As the station signs its file, and expects ours to be signed.
constexpr const char* kFromStation = "lamp-records-v1";
constexpr const char* kToStation = "lamp-answers-v1";

struct ImportOptions {
  std::string file, output;
};

void declare(Arguments& a, ImportOptions& o) {
  a.positional("file", o.file, "File that 'lamp-factory sync -o' wrote");
  a.required("-o,--output", o.output, "File for the answers, which 'lamp-factory sync --answers' takes over");
}

/// The station that signed, as TLS would have let it in: chain, revocation list, role. Throws Error{denied}.
std::string station_of(const pki::SignedDocument& document, cloud::ClientTrust& trust, store::Database& database) {
  const auto verdict = pki::judge_signature(document, kFromStation);
  if (!verdict.acceptable()) throw Error{Errc::denied, verdict.objections.front()};
  const auto fault = trust.fault_in(document.certificates());
  if (fault && fault->kind == cloud::PeerFault::Kind::expired)
    throw Error{
        Errc::denied,
        "the station's certificate has ended; with a new one the station writes the file again: " + fault->text};
  if (fault) throw Error{Errc::denied, "the station's certificate does not hold: " + fault->text};
  const auto caller = cloud::Identifier{trust, database}(document.chain.front());
  if (!caller || caller->role != cloud::Role::station)
    throw Error{Errc::denied, "signed by somebody who is no station"};
  return caller->name;
}

struct Taken {
  std::uint64_t accepted = 0, parked = 0;
  Bytes answers;
};

/// Batch by batch, each judged by itself; what was taken before a bad one stays taken, and a second import says the
/// same.
Taken take_all(const std::vector<pki::SignedDocument>& documents, Host& host, store::Database& database,
               cloud::ClientTrust& trust, const cloud::FactoryIntake& intake) {
  const auto identity = server_identity(host);
  Taken taken;
  for (const auto& document : documents) {
    const auto station = station_of(document, trust, database);
    const auto answers = intake.take(cloud::read_batch(to_text(document.content)), station);
    for (const auto& answer : answers) {
      if (answer.intake == registry::Intake::accepted) {
        ++taken.accepted;
        continue;
      }
      ++taken.parked;
      host.world().err << "lamp-cloud: refused: " << answer.serial << " is parked: " << answer.reason << '\n';
    }
    append(taken.answers, pki::sign_document(*identity.key, identity.chain, as_bytes(cloud::write_answers(answers)),
                                             kToStation, host.world().rng));
  }
  return taken;
}

Exit import_records(const ImportOptions& o, World& world) {
  if (std::filesystem::exists(o.output)) throw Error{Errc::exists, o.output + " is there already; nothing was done"};
  Host host{world};
  const auto database = open_registry(host.site());
  const auto log = [&](const std::string& line) { world.err << "lamp-cloud: " << line << '\n'; };
  auto anchors = client_anchors(host.site());
  cloud::ClientTrust trust{std::move(anchors.root), std::move(anchors.authorities), world.clock, log};
  const cloud::FactoryIntake intake{*database, world.clock, world.rng, order_policy(host.site()), log};
  const auto taken = in_context(o.file, [&] {
    return take_all(pki::parse_documents(read_file(o.file, kRecordsLimit)), host, *database, trust, intake);
  });
  publish(o.output, ByteView{taken.answers}, Mode::shared, Existing::refuse);
  finish_cloud(host, *database);
  fmt::print(world.out, "{} records accepted, {} parked; answers for the station in {}\n", taken.accepted, taken.parked,
             o.output);
  return taken.parked == 0 ? Exit::ok : Exit::refused;
}

}  // namespace

void add_cloud_import(Tool& tool) {
  tool.verb<ImportOptions>("import", "Take in what a station without network wrote to a signed file", declare,
                           import_records);
}

}  // namespace lamp::cli
