#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/sign/dossier.hpp"
#include "cli/sign/image_report.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/release_file.hpp"
#include "lib/firmware/roster_trust.hpp"

namespace lamp::cli {
namespace {

struct VerifyOptions {
  std::string file;
  std::string model;
  std::string quorum;
  std::optional<std::uint64_t> minimum_epoch, minimum_sequence;
  std::vector<std::string> trusted;
  bool json = false;
};

void declare(Arguments& a, VerifyOptions& o) {
  a.positional("file", o.file, "Signed release, or another firmware file");
  a.option("--model", o.model, "Model that it must be for");
  a.option("--min-epoch", o.minimum_epoch, "Lowest security epoch to accept");
  a.option("--min-sequence", o.minimum_sequence, "Lowest sequence number to accept");
  a.option("--quorum", o.quorum, "Quorum that must have signed; the site's release quorum by default");
  a.option("--trusted", o.trusted, "PEM file whose keys or certificates sign MCUboot images and packages");
  a.flag("--json", o.json, "Print JSON");
}

firmware::ReleaseTrust make_trust(Host& host, const VerifyOptions& options, const quorum::Roster& roster,
                                  firmware::Hybrid hybrid) {
  auto trust = firmware::trust_in(roster, hybrid);
  trust.minimum_sequence = options.minimum_sequence.value_or(0);
  trust.minimum_epoch = options.minimum_epoch.value_or(0);
  if (!options.model.empty()) {
    trust.model = options.model;
    trust.vendor = firmware::device_profile(host.site(), options.model).vendor;
  }
  return trust;
}

/// Whether releases of the model have a signature by ML-DSA-87. Without its profile nobody knows, which matters where
/// the quorum has a key to ask for: Error{not_found}.
bool is_hybrid_model(Host& host, const std::string& model, const quorum::Roster& roster) {
  const auto models = firmware::device_models(host.site());
  if (roster.hybrid_key.empty() && std::ranges::find(models, model) == models.end()) return false;
  return firmware::device_profile(host.site(), model).release.hybrid;
}

/// What a manifest says is believed once it is signed; only then the profile of the model that it names is asked for.
template <class Verify>
Verdict verify_by_roster(Host& host, const VerifyOptions& options, Verify&& verify) {
  const auto roster = release_roster(host, options.quorum.empty() ? host.site().release_quorum : options.quorum);
  std::string model;
  auto verdict = verify(make_trust(host, options, roster, firmware::Hybrid::no), model);
  if (!verdict.acceptable() || !is_hybrid_model(host, model, roster)) return verdict;
  return verify(make_trust(host, options, roster, firmware::Hybrid::yes), model);
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

Exit complain(const VerifyOptions& options, const std::vector<std::string>& objections, World& world) {
  for (const auto& objection : objections)
    world.err << "lamp-sign: refused: " << options.file << ": " << objection << '\n';
  return objections.empty() ? Exit::ok : Exit::refused;
}

/// Whether the file says of itself that it is a partner's application, which this verb does not judge.
bool is_application(const firmware::ReleaseFile& release) {
  const auto content = attempt([&] {
    const auto head = release.head();
    return firmware::parse_any_manifest(head.envelope.manifest).content();
  });
  const auto* found = std::get_if<firmware::Content>(&content);
  return found != nullptr && *found == firmware::Content::application;
}

Exit verify_release_file(const VerifyOptions& options, World& world) {
  Host host{world};
  const firmware::ReleaseFile release{options.file};
  if (is_application(release))
    return complain(options, {"a partner's application, not firmware: see 'lamp-sign application verify'"}, world);
  const auto verdict = verify_by_roster(host, options, [&](const firmware::ReleaseTrust& trust, std::string& model) {
    auto judged = firmware::verify_release(release, trust);
    if (judged.acceptable()) model = firmware::parse_manifest(release.head().envelope.manifest).model;
    return judged;
  });
  if (options.json)
    print_json(verdict, release, world.out);
  else if (verdict.acceptable())
    print(release, options.file, world.out);
  return complain(options, verdict.objections, world);
}

ImageTrust image_trust(const VerifyOptions& options, World& world) {
  auto trust = read_trust(options.trusted, world.clock.now());
  trust.minimum_epoch = options.minimum_epoch;
  if (!options.model.empty()) {
    Host host{world};
    trust.model = options.model;
    trust.vendor = firmware::device_profile(host.site(), options.model).vendor;
  }
  return trust;
}

/// An envelope that a Zigbee OTA file carries: objections have no place of their own in it but its beginning.
firmware::Findings judge_envelope(const VerifyOptions& options, const firmware::Input& file, World& world) {
  if (file.size() > kDefaultFileLimit) return {{0, "an envelope of more than 64 MiB inside another file"}};
  Host host{world};
  const auto bytes = file.bytes(0, static_cast<std::size_t>(file.size()));
  const auto verdict = verify_by_roster(host, options, [&](const firmware::ReleaseTrust& trust, std::string& model) {
    auto judged = firmware::verify_release(bytes, trust);
    if (judged.acceptable()) model = firmware::parse_manifest(firmware::parse_envelope(bytes).manifest).model;
    return judged;
  });
  firmware::Findings findings;
  for (const auto& objection : verdict.objections) findings.push_back({0, objection});
  return findings;
}

Exit report(const VerifyOptions& options, std::string_view kind, const firmware::Findings& findings, World& world) {
  if (options.json)
    world.out << nlohmann::json{{"acceptable", findings.empty()}, {"kind", kind}, {"findings", to_json(findings)}}.dump(
                     2)
              << '\n';
  else if (findings.empty())
    fmt::print(world.out, "{}: good: {}\n", options.file, kind);
  std::vector<std::string> objections;
  for (const auto& finding : findings) objections.push_back(finding.text());
  return complain(options, objections, world);
}

/// A file by its content; what a Zigbee OTA file carries is judged as if it came alone, at its place in the file.
Exit verify(const VerifyOptions& options, World& world) {
  const firmware::FileInput file{options.file};
  auto kind = firmware::kind_of(file);
  if (kind == firmware::FileKind::suit) return verify_release_file(options, world);
  std::uint64_t offset = 0, size = file.size();
  if (kind == firmware::FileKind::zigbee) {
    const auto element = upgrade_image_in(file);
    if (!element.findings.empty()) return report(options, name_of(kind), element.findings, world);
    offset = element.offset;
    size = element.size;
  }
  const firmware::Section inner{file, offset, size};
  kind = firmware::kind_of(inner);
  auto findings = in_context(options.file, [&] {
    return kind == firmware::FileKind::suit ? judge_envelope(options, inner, world)
                                            : judge_image(kind, inner, image_trust(options, world));
  });
  for (auto& finding : findings) finding.offset += offset;
  return report(options, name_of(kind), findings, world);
}

}  // namespace

void add_sign_verify(Tool& tool) {
  tool.verb<VerifyOptions>("verify", "Check a signed release as a device would", declare, verify);
}

}  // namespace lamp::cli
