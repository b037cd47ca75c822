#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/sign/dossier.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/release_file.hpp"

namespace lamp::cli {
namespace {

struct VerifyOptions {
  std::string file;
  std::string model;
  std::string quorum;
  std::optional<std::uint64_t> minimum_epoch, minimum_sequence;
  bool json = false;
};

void declare(Arguments& a, VerifyOptions& o) {
  a.positional("file", o.file, "Signed release");
  a.option("--model", o.model, "Model that it must be for");
  a.option("--min-epoch", o.minimum_epoch, "Lowest security epoch to accept");
  a.option("--min-sequence", o.minimum_sequence, "Lowest sequence number to accept");
  a.option("--quorum", o.quorum, "Quorum that must have signed; the site's release quorum by default");
  a.flag("--json", o.json, "Print JSON");
}

firmware::ReleaseTrust make_trust(Host& host, const VerifyOptions& options) {
  auto trust = trust_in(release_roster(host, options.quorum.empty() ? host.site().release_quorum : options.quorum));
  trust.minimum_sequence = options.minimum_sequence.value_or(0);
  trust.minimum_epoch = options.minimum_epoch.value_or(0);
  if (!options.model.empty()) {
    trust.model = options.model;
    trust.vendor = firmware::device_profile(host.site(), options.model).vendor;
  }
  return trust;
}

void print_json(const Verdict& verdict, const firmware::ReleaseFile& release, std::ostream& out) {
  nlohmann::json all{{"acceptable", verdict.acceptable()}, {"objections", verdict.objections}};
  if (verdict.acceptable()) {
    const auto manifest = firmware::parse_manifest(release.head().envelope.manifest);
    all["model"] = std::string{manifest.model};
    all["version"] = manifest.version.text();
    all["sequence"] = manifest.sequence;
    all["epoch"] = manifest.security_epoch;
    all["image"] = {{"size", manifest.image_size}, {"sha256", hex(manifest.image_digest)}};
  }
  out << all.dump(2) << '\n';
}

void print(const firmware::ReleaseFile& release, const std::string& file, std::ostream& out) {
  const auto manifest = firmware::parse_manifest(release.head().envelope.manifest);
  fmt::print(out, "{}: good: {} {}, sequence {}, epoch {}, image SHA-256 {}\n", file, manifest.model,
             manifest.version.text(), manifest.sequence, manifest.security_epoch, hex(manifest.image_digest));
}

Exit verify(const VerifyOptions& options, World& world) {
  Host host{world};
  const firmware::ReleaseFile release{options.file};
  const auto verdict = firmware::verify_release(release, make_trust(host, options));
  if (options.json)
    print_json(verdict, release, world.out);
  else if (verdict.acceptable())
    print(release, options.file, world.out);
  for (const auto& objection : verdict.objections)
    world.err << "lamp-sign: refused: " << options.file << ": " << objection << '\n';
  return verdict.acceptable() ? Exit::ok : Exit::refused;
}

}  // namespace

void add_sign_verify(Tool& tool) {
  tool.verb<VerifyOptions>("verify", "Check a signed release as a device would", declare, verify);
}

}  // namespace lamp::cli
