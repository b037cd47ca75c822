#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/sign/dossier.hpp"
#include "cli/sign/policy_check.hpp"
#include "cli/sign/release_session.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/payload_stream.hpp"
#include "lib/firmware/release_file.hpp"

namespace lamp::cli {
namespace {

struct SealOptions {
  std::string release;
};

void declare(Arguments& a, SealOptions& o) { a.positional("release", o.release, "MODEL/VERSION"); }

/// What the sealed file must satisfy, from the roster and the request alone.
firmware::ReleaseTrust trust(Host& host, const Dossier& dossier) {
  auto trust = trust_in(dossier.roster);
  trust.model = dossier.request.name.model;
  trust.vendor = firmware::device_profile(host.site(), *trust.model).vendor;
  trust.minimum_sequence = dossier.request.sequence;
  trust.minimum_epoch = dossier.request.epoch;
  return trust;
}

/// Whether this file is the request's release, whole and acceptable.
bool is_release(Host& host, const Dossier& dossier, const std::filesystem::path& file) {
  const firmware::ReleaseFile release{file};
  const auto verdict = firmware::verify_release(release, trust(host, dossier));
  if (!verdict.acceptable()) return false;
  const auto envelope = release.head().envelope;
  return std::equal(envelope.manifest.begin(), envelope.manifest.end(), dossier.manifest.begin(),
                    dossier.manifest.end());
}

Bytes sha256_of_file(const std::filesystem::path& file) {
  FileSource source{file};
  const auto digest = firmware::measure(source).digest;
  return {digest.begin(), digest.end()};
}

void assemble(const Dossier& dossier, const quorum::Tally& tally, Bytes release_signature, ByteSink& release) {
  std::vector<Bytes> blocks{std::move(release_signature)};
  for (const auto& contribution : dossier.contributions)
    if (std::find(tally.approved.begin(), tally.approved.end(), contribution.officer) != tally.approved.end())
      blocks.push_back(contribution.approval);
  FileSource payload{dossier.files.payload()};
  firmware::write_release(dossier.manifest, blocks, payload, release);
}

audit::Event event(const Dossier& dossier, const quorum::Tally& tally, ByteView release_digest) {
  audit::Event event{account_name(), "sign.seal", dossier.request.name.text(), {}};
  event.details = {{"request", hex(dossier.request.digest())},
                   {"release", hex(release_digest)},
                   {"sequence", std::to_string(dossier.request.sequence)},
                   {"epoch", std::to_string(dossier.request.epoch)},
                   {"roster", hex(dossier.request.roster_digest)}};
  for (const auto& officer : tally.approved) event.details.emplace_back("officer", officer);
  return event;
}

/// After this nobody can open the officers' shares that were handed in for the request.
void destroy_session_key(Host& host, const firmware::ReleaseName& name) {
  auto& token = host.token("host");
  if (token.has_key(session_label(name))) token.destroy_key(session_label(name));
}

Exit report(Host& host, const Dossier& dossier, ByteView digest, std::string_view note) {
  destroy_session_key(host, dossier.request.name);
  const auto file = dossier.files.sealed().lexically_relative(host.site().root);
  fmt::print(host.world().out, "{}  SHA-256 {}\n{}", file.string(), hex(digest), note);
  host.finish();
  return Exit::ok;
}

/// Policy may have become stricter since the request: another release may have raised the model's epoch.
std::vector<std::string> objections_before_key(Host& host, const Dossier& dossier, const quorum::Tally& tally) {
  const auto required = required_approvals(dossier);
  if (!tally.reaches(required))
    return {fmt::format("{} of {} approvals; {}", tally.approved.size(), required,
                        quorum::describe_missing(tally, required))};
  return ask_policy(host, release_policy(host), dossier).objections;
}

/// Opens the token once, signs, checks what is to be published, publishes, records.
Bytes make_release(Host& host, const Dossier& dossier, const quorum::Tally& tally) {
  FileSink release{dossier.files.sealed()};
  std::vector<firmware::ContentKey> stock;
  {
    ReleaseSession session{host, dossier, tally};
    assemble(dossier, tally, session.sign(), release);
    stock = session.fill_stock();
  }
  if (!is_release(host, dossier, release.staged()))
    throw Error{Errc::internal, "the release does not verify after it was signed; nothing was published"};
  release.commit();
  const auto digest = sha256_of_file(dossier.files.sealed());
  host.database().write([&](store::Transaction& t) {
    firmware::record_seal(t, dossier.request.name, digest, host.now());
    for (const auto& key : stock) firmware::add_to_stock(t, key, dossier.roster.token_serial);
    audit::record(t, event(dossier, tally, digest), host.now(), host.world().rng);
  });
  return digest;
}

Exit seal(const SealOptions& options, World& world) {
  Host host{world};
  const auto dossier = load_dossier(host, firmware::ReleaseName::parse(options.release));
  host.database().migrate(firmware::release_schema());
  const auto known =
      host.database().read([&](store::Transaction& t) { return firmware::find_release(t, dossier.request.name); });
  if (!known) throw Error{Errc::not_found, options.release + " was not requested on this host: seal it where it was"};
  const bool published = std::filesystem::exists(dossier.files.sealed());
  if (known->sealed) {
    if (!published || sha256_of_file(dossier.files.sealed()) != *known->sealed)
      throw Error{Errc::denied, dossier.files.sealed().string() +
                                    " is not the file that was sealed, whose SHA-256 is " + hex(*known->sealed)};
    return report(host, dossier, *known->sealed, "This was sealed before; nothing was changed.\n");
  }
  const auto tally = count_approvals(dossier, host.now());
  for (const auto& objection : tally.objections) world.err << "lamp-sign: not counted: " << objection << '\n';
  if (published && is_release(host, dossier, dossier.files.sealed())) {
    // An earlier run was stopped between publishing and recording. One set of approvals gives one signature.
    const auto digest = sha256_of_file(dossier.files.sealed());
    host.database().write([&](store::Transaction& t) {
      firmware::record_seal(t, dossier.request.name, digest, host.now());
      audit::record(t, event(dossier, tally, digest), host.now(), world.rng);
    });
    return report(host, dossier, digest, "An earlier run had published this; it is recorded now.\n");
  }
  const auto objections = objections_before_key(host, dossier, tally);
  if (!objections.empty()) return refuse(objections, world);
  const auto digest = make_release(host, dossier, tally);
  return report(host, dossier, digest,
                fmt::format("signed by the release key (RSA-4096, PS256) and {}\n", fmt::join(tally.approved, ", ")));
}

}  // namespace

void add_sign_seal(Tool& tool) {
  tool.verb<SealOptions>("seal", "Sign what enough officers approved, in the release token", declare, seal);
}

}  // namespace lamp::cli
