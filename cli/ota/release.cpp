#include "cli/ota/release.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/roster_trust.hpp"
#include "lib/firmware/suit.hpp"
#include "lib/firmware/verify.hpp"
#include "lib/quorum/anchor.hpp"
#include "lib/quorum/model_keys.hpp"

namespace lamp::cli {
namespace {

firmware::ReleaseTrust trust_of(Host& host, const std::string& model) {
  const auto roster = quorum::Roster::load(quorum::roster_file(host.site().root, host.site().release_quorum));
  host.database().migrate(quorum::schema());
  (void)host.database().read([&](store::Transaction& t) { return quorum::recognise(t, roster); });
  const bool hybrid = firmware::device_profile(host.site(), model).release.hybrid;
  auto trust = firmware::trust_in(roster, hybrid ? firmware::Hybrid::yes : firmware::Hybrid::no);
  trust.model = model;
  return trust;
}

}  // namespace

SealedRelease load_sealed_release(Host& host, const firmware::ReleaseName& name) {
  if (!name.application.empty())
    throw Error{Errc::denied, name.text() + " is a partner's application, and rollouts carry firmware only"};
  const auto file = firmware::ReleaseFiles{host.site().root, name}.sealed();
  if (!std::filesystem::exists(file))
    throw Error{Errc::not_found, name.text() + " is not sealed yet; run 'lamp-sign seal " + name.text() + "' first"};
  SealedRelease release{read_file(file), {}};
  if (firmware::parse_envelope_head(release.bytes).envelope.place == firmware::PayloadPlace::detached)
    throw Error{Errc::denied, name.text() +
                                  " has its payload beside the envelope, which a rollout does not carry: its "
                                  "model's profile would have to say 'payload: integrated'"};
  const auto verdict = firmware::verify_release(release.bytes, trust_of(host, name.model));
  if (!verdict.acceptable()) throw Error{Errc::denied, file.string() + ": " + verdict.objections.front()};
  const auto manifest = firmware::parse_manifest(firmware::parse_envelope(release.bytes).manifest);
  if (manifest.version.text() != name.version)
    throw Error{Errc::denied, file.string() + " is version " + manifest.version.text()};
  const auto digest = firmware::sha256(release.bytes);
  release.facts = {name.model, name.version, manifest.sequence, Bytes(digest.begin(), digest.end()),
                   release.bytes.size()};
  return release;
}

void print_plan(std::ostream& out, const rollout::Plan& plan) {
  fmt::print(out, "plan       {}\nrelease    {}/{}, sequence {}, SHA-256 {}\n", plan.id(), plan.release.model,
             plan.release.version, plan.release.sequence, hex(plan.release.artifact));
  fmt::print(out, "project    {}\npolicy     {}, {} of its operators must approve\n", plan.project, plan.policy,
             plan.approvals_needed);
  for (const auto& wave : plan.waves)
    fmt::print(out, "wave       {:<12} {:>6} devices; then {} % proven, at most {} failed, {} s\n", wave.name,
               wave.devices.size(), wave.gate.proven_percent, wave.gate.most_failures, wave.gate.soak.count());
}

}  // namespace lamp::cli
