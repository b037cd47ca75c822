#include <fmt/format.h>
#include <fmt/ostream.h>

#include <optional>

#include "cli/sign/dossier.hpp"
#include "cli/sign/policy_check.hpp"
#include "cli/sign/sealing.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::cli {
namespace {

struct SealOptions {
  std::string release;
};

void declare(Arguments& a, SealOptions& o) { a.positional("release", o.release, "MODEL/VERSION"); }

/// Policy may have become stricter since the request: another release may have raised the model's epoch.
std::vector<std::string> objections_before_key(Host& host, const Dossier& dossier, const quorum::Tally& tally,
                                               const firmware::ReleasePolicy& policy) {
  const auto required = required_approvals(dossier);
  if (!tally.reaches(required))
    return {fmt::format("{} of {} approvals; {}", tally.approved.size(), required,
                        quorum::describe_missing(tally, required))};
  return ask_policy(host, policy, dossier).objections;
}

/// The digest of what an earlier run published and recorded; nothing when there was none.
std::optional<Bytes> sealed_before(Host& host, const Dossier& dossier) {
  const auto& name = dossier.request.name;
  const auto known = host.database().read([&](store::Transaction& t) { return firmware::find_release(t, name); });
  if (!known) throw Error{Errc::not_found, name.text() + " was not requested on this host: seal it where it was"};
  if (!known->sealed) return std::nullopt;
  const auto file = dossier.files.sealed();
  if (!std::filesystem::exists(file) || sha256_of_file(file) != *known->sealed)
    throw Error{Errc::denied,
                file.string() + " is not the file that was sealed, whose SHA-256 is " + hex(*known->sealed)};
  return known->sealed;
}

Exit report(Host& host, const Dossier& dossier, ByteView digest, std::string_view note) {
  const auto file = dossier.files.sealed().lexically_relative(host.site().root);
  fmt::print(host.world().out, "{}  SHA-256 {}\n{}", file.string(), hex(digest), note);
  return Exit::ok;
}

std::string describe_key(const firmware::ReleaseSettings& settings) {
  const auto algorithm = cose::name_of(settings.signature);
  if (firmware::is_application_key(settings.key)) return fmt::format("key {} (P-256, {})", settings.key, algorithm);
  return fmt::format("the release key (RSA-4096, {})", algorithm);
}

Exit seal(const SealOptions& options, World& world) {
  Host host{world};
  const auto dossier = load_dossier(host, firmware::ReleaseName::parse(options.release));
  host.database().migrate(firmware::release_schema());
  const auto before = sealed_before(host, dossier);
  Sealing sealing{host, dossier};
  if (before) {
    if (sealing.was_signed()) sealing.finish(*before);
    return report(host, dossier, *before, "This was sealed before; nothing was changed.\n");
  }
  if (sealing.was_signed()) {
    // An earlier run was stopped after it had signed. One set of approvals gives one signature.
    const auto digest = sealing.publish_release();
    sealing.finish(digest);
    return report(host, dossier, digest, "An earlier run had signed this; it is finished now.\n");
  }
  const auto tally = count_approvals(dossier, host.now());
  for (const auto& objection : tally.objections) world.err << "lamp-sign: not counted: " << objection << '\n';
  const auto policy = release_policy(host);
  if (const auto why = objections_before_key(host, dossier, tally, policy); !why.empty()) return refuse(why, world);
  sealing.sign(tally, policy);
  const auto digest = sealing.publish_release();
  sealing.finish(digest);
  const auto settings = firmware::settings_of(dossier.request.signed_regions);
  return report(host, dossier, digest,
                fmt::format("signed by {}{} and {}\n", describe_key(settings),
                            settings.hybrid ? ", the ML-DSA-87 key" : "", fmt::join(tally.approved, ", ")));
}

}  // namespace

void add_sign_seal(Tool& tool) {
  tool.verb<SealOptions>("seal", "Sign what enough officers approved, in the release token", declare, seal);
}

}  // namespace lamp::cli
