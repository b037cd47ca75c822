#include "cli/sign/dossier.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/sign/release_outputs.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/quorum/anchor.hpp"
#include "lib/quorum/model_keys.hpp"

namespace lamp::cli {
namespace {

void load_contributions(Dossier& dossier) {
  const auto folder = dossier.files.directory / "approvals";
  if (!std::filesystem::is_directory(folder)) return;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    if (entry.path().extension() == ".cbor") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  for (const auto& file : files) {
    auto read = attempt([&] {
      return in_context(file.filename().string(), [&] { return quorum::Contribution::parse(read_file(file)); });
    });
    if (const auto* why = std::get_if<Error>(&read))
      dossier.unreadable.emplace_back(why->what());
    else
      dossier.contributions.push_back(std::move(std::get<quorum::Contribution>(read)));
  }
}

}  // namespace

quorum::Roster release_roster(Host& host, const std::string& quorum) {
  auto roster = quorum::Roster::load(quorum::roster_file(host.site().root, quorum));
  host.database().migrate(quorum::schema());
  (void)host.database().read([&](store::Transaction& t) { return quorum::recognise(t, roster); });
  return roster;
}

Dossier load_dossier(Host& host, const firmware::ReleaseName& name) {
  Dossier dossier{{host.site().root, name}, {}, {}, {}, {}, {}, {}};
  const auto& files = dossier.files;
  if (!std::filesystem::exists(files.request()))
    throw Error{Errc::not_found, name.text() + " has no request yet: run 'lamp-sign request' first"};
  dossier.request = firmware::Request::parse(read_file(files.request()));
  dossier.manifest = read_file(files.manifest());
  FileSource payload{files.payload()};
  const auto verdict = firmware::check_request_files(dossier.request, dossier.manifest, firmware::measure(payload));
  if (!verdict.acceptable()) throw Error{Errc::denied, name.text() + ": " + verdict.objections.front()};
  if (dossier.request.name.text() != name.text())
    throw Error{Errc::denied, files.request().string() + " is the request of " + dossier.request.name.text()};
  dossier.roster = release_roster(host, host.site().release_quorum);
  if (dossier.request.roster_digest != dossier.roster.digest())
    throw Error{Errc::denied, name.text() + " was requested under another roster; request it again as a new version"};
  dossier.dealing =
      quorum::Dealing::load(quorum::DealingFiles{host.site().root, dossier.roster.name}.current, dossier.roster);
  load_contributions(dossier);
  return dossier;
}

quorum::Tally count_approvals(const Dossier& dossier, Instant now) {
  std::vector<Bytes> approvals;
  approvals.reserve(dossier.contributions.size());
  for (const auto& contribution : dossier.contributions) approvals.push_back(contribution.approval);
  auto tally = quorum::tally(approvals, dossier.roster, dossier.request.suit_digest, quorum::kReleaseContext, now,
                             dossier.request.digest());
  for (const auto& why : dossier.unreadable) tally.objections.push_back(why);
  return tally;
}

Bytes sha256_of(ByteView bytes) {
  const auto digest = firmware::sha256(bytes);
  return {digest.begin(), digest.end()};
}

Bytes sha256_of_file(const std::filesystem::path& file) {
  FileSource source{file};
  const auto digest = firmware::measure(source).digest;
  return {digest.begin(), digest.end()};
}

std::string session_label(const firmware::ReleaseName& name) { return "session." + name.line() + "." + name.version; }

void print_request(std::ostream& out, const Dossier& dossier) {
  const auto& r = dossier.request;
  fmt::print(out, "release    {}\n", r.name.text());
  if (const auto& application = r.terms.application)
    fmt::print(
        out, "partner    {}, application {}\nmay call   {}\n", application->partner, application->name,
        application->permissions.empty() ? "nothing" : fmt::format("{}", fmt::join(application->permissions, ", ")));
  fmt::print(out, "sequence   {}\nepoch      {}\n", r.sequence, r.epoch);
  fmt::print(out, "image      {} bytes, SHA-256 {}\n", r.image_size, hex(r.image_digest));
  fmt::print(out, "payload    {} bytes, SHA-256 {}\n", r.payload_size, hex(r.payload_digest));
  const auto manifest = firmware::parse_any_manifest(dossier.manifest);
  fmt::print(out, "encrypted  {}\n",
             describe_payload(firmware::parse_encryption_info(manifest.encryption_info).cipher, manifest.place));
  fmt::print(out, "signed     SUIT_Digest {}\n", cbor::diagnostic(r.suit_digest));
  fmt::print(out, "request    SHA-256 {}\n", hex(r.digest()));
  fmt::print(out, "roster     {} epoch {}, digest {}\n", dossier.roster.name, dossier.roster.epoch,
             hex(r.roster_digest));
  for (const auto& region : r.signed_regions)
    fmt::print(out, "signs      {} with key {} ({}), SHA-256 {}\n", region.output, region.key, region.algorithm,
               hex(region.digest));
  fmt::print(out, "hardware   {}, revisions {}\n", r.terms.hardware.type, r.terms.hardware.revisions());
  if (!r.terms.witness.empty()) fmt::print(out, "witness    SHA-256 {}\n", hex(r.terms.witness));
  for (const auto& key : r.terms.revokes) fmt::print(out, "revokes    key {}\n", hex(key));
  if (r.terms.extra_approvals != 0)
    fmt::print(out, "wants      {} approvals more than the roster's {}\n", r.terms.extra_approvals,
               dossier.roster.threshold);
  fmt::print(out, "requested  {} by {}, counts until {}\n", format_instant(r.requested), r.requester,
             format_instant(r.expires));
}

}  // namespace lamp::cli
