#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/sign/dossier.hpp"
#include "cli/sign/request.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/release_file.hpp"
#include "lib/firmware/roster_trust.hpp"

namespace lamp::cli {
namespace {

struct ApplicationOptions {
  RequestOptions release;
  std::string partner, permissions;
};

void declare_request(Arguments& a, ApplicationOptions& o) {
  a.positional("application", o.release.image, "Application in clear, as the partner delivered it");
  a.required("--partner", o.partner, "Partner from whom it came, as the model's profile names them");
  a.required("--permissions", o.permissions, "Permission manifest that the partner delivered with it");
  declare_release(a, o.release);
}

Exit request(const ApplicationOptions& options, World& world) {
  auto release = options.release;
  release.application = firmware::Application::load(options.permissions);
  if (release.application->partner != options.partner) {
    fmt::print(world.err, "lamp-sign: refused: {} is of partner {}, not of {}: ask the partner for their own\n",
               options.permissions, release.application->partner, options.partner);
    return Exit::refused;
  }
  return request_release(release, world);
}

struct VerifyApplicationOptions {
  std::string file, model, partner, quorum;
  std::uint64_t minimum_epoch = 0, minimum_sequence = 0;
  bool json = false;
};

void declare_verify(Arguments& a, VerifyApplicationOptions& o) {
  a.positional("file", o.file, "Signed application");
  a.required("--model", o.model, "Model that it must be for, and that must grant what it asks for");
  a.required("--partner", o.partner, "Partner whose it must be");
  a.option("--min-epoch", o.minimum_epoch, "Lowest security epoch to accept");
  a.option("--min-sequence", o.minimum_sequence, "Lowest sequence number to accept");
  a.option("--quorum", o.quorum, "Quorum that must have signed; the site's release quorum by default");
  a.flag("--json", o.json, "Print JSON");
}

/// Nothing when the model grants nothing to the partner.
std::optional<firmware::ReleaseTrust> trust(Host& host, const VerifyApplicationOptions& options) {
  const auto profile = firmware::device_profile(host.site(), options.model);
  const auto grants = profile.applications ? profile.applications->granted(options.partner) : std::nullopt;
  if (!grants) return std::nullopt;
  const auto roster = release_roster(host, options.quorum.empty() ? host.site().release_quorum : options.quorum);
  auto trust = firmware::application_trust_in(roster, {options.partner, std::nullopt, *grants});
  trust.model = options.model;
  trust.vendor = profile.vendor;
  trust.minimum_epoch = options.minimum_epoch;
  trust.minimum_sequence = options.minimum_sequence;
  return trust;
}

void print(const firmware::Manifest& manifest, const std::string& file, std::ostream& out) {
  const auto application = firmware::Application::parse(manifest.permissions);
  fmt::print(out, "{}: good: application {} for {}, {}, sequence {}, epoch {}, image SHA-256 {}; may call {}\n", file,
             application.text(), manifest.model, manifest.version.text(), manifest.sequence, manifest.security_epoch,
             hex(manifest.image_digest),
             application.permissions.empty() ? "nothing" : fmt::format("{}", fmt::join(application.permissions, ", ")));
}

nlohmann::json json(const firmware::Manifest& manifest) {
  const auto application = firmware::Application::parse(manifest.permissions);
  return {{"model", std::string{manifest.model}},
          {"partner", application.partner},
          {"application", application.name},
          {"permissions", application.permissions},
          {"version", manifest.version.text()},
          {"sequence", manifest.sequence},
          {"epoch", manifest.security_epoch},
          {"image", {{"size", manifest.image_size}, {"sha256", hex(manifest.image_digest)}}}};
}

Exit verify(const VerifyApplicationOptions& options, World& world) {
  Host host{world};
  const firmware::ReleaseFile release{options.file};
  const auto believed = trust(host, options);
  const auto verdict = believed ? firmware::verify_release(release, *believed)
                                : Verdict{{"model " + options.model + " grants nothing to partner " + options.partner +
                                           ": name the partner in the model's device profile, lamp-device(5)"}};
  nlohmann::json all{{"acceptable", verdict.acceptable()}, {"objections", verdict.objections}};
  if (verdict.acceptable()) {
    const auto head = release.head();
    const auto manifest = firmware::parse_manifest(head.envelope.manifest, firmware::Content::application);
    if (options.json)
      all.update(json(manifest));
    else
      print(manifest, options.file, world.out);
  }
  if (options.json) world.out << all.dump(2) << '\n';
  for (const auto& objection : verdict.objections)
    world.err << "lamp-sign: refused: " << options.file << ": " << objection << '\n';
  return verdict.acceptable() ? Exit::ok : Exit::refused;
}

}  // namespace

void add_sign_application(Tool& tool) {
  tool.verb<ApplicationOptions>("application request", "Ask for the release of a partner's application",
                                declare_request, request);
  tool.verb<VerifyApplicationOptions>("application verify", "Check a signed application as a device would",
                                      declare_verify, verify);
}

}  // namespace lamp::cli
