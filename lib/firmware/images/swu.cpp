#include "lib/firmware/images/swu.hpp"

#include <botan/hash.h>

#include <algorithm>

namespace lamp::firmware::swu {
namespace {

constexpr std::uint32_t kMaxManifest = 1U << 20U, kMaxSignature = 1U << 16U;

Findings shifted(Findings findings, std::uint64_t by) {
  for (auto& finding : findings) finding.offset += by;
  return findings;
}

std::string sha256_of(const Input& file, const cpio::Entry& entry) {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  file.each(entry.data, entry.size, [&](ByteView piece) { hash->update(piece); });
  return hex(hash->final_stdvec());
}

bool heads(Rules& rules, const std::vector<cpio::Entry>& entries) {
  if (!rules.hold(entries.size() >= 2, 0, "a package without manifest and signature")) return false;
  return rules.hold(entries[0].name == kManifest, entries[0].offset, "the first file is not sw-description") &&
         rules.hold(entries[1].name == kSignature, entries[1].offset, "the second file is not sw-description.sig") &&
         rules.hold(entries[0].size <= kMaxManifest, entries[0].offset, "sw-description of more than 1 MiB") &&
         rules.hold(entries[1].size <= kMaxSignature, entries[1].offset, "a signature of more than 64 KiB");
}

bool names(Rules& rules, const Package& package) {
  const auto& artifacts = package.description.artifacts;
  const auto& entries = package.entries;
  for (std::size_t i = 2; i < entries.size(); ++i)
    if (!rules.hold(std::any_of(artifacts.begin(), artifacts.end(),
                                [&](const auto& a) { return a.filename == entries[i].name; }),
                    entries[i].offset, "a file that sw-description does not name"))
      return false;
  return std::all_of(artifacts.begin(), artifacts.end(), [&](const auto& a) {
    return rules.hold(
        std::any_of(entries.begin() + 2, entries.end(), [&](const auto& e) { return e.name == a.filename; }),
        entries[0].data + a.offset, "sw-description names a file that is not there");
  });
}

}  // namespace

Reading<Package> read(const Input& file) {
  auto entries = cpio::read(file);
  if (!entries.good()) return {std::nullopt, std::move(entries.findings)};
  Package package;
  package.entries = std::move(*entries.value);
  Rules rules;
  if (!heads(rules, package.entries)) return {std::nullopt, std::move(rules.findings)};
  const auto& manifest = package.entries[0];
  const auto& signature = package.entries[1];
  package.manifest = to_text(file.bytes(manifest.data, manifest.size));
  auto description = read_description(package.manifest);
  if (!description.good()) return {std::nullopt, shifted(std::move(description.findings), manifest.data)};
  package.description = std::move(*description.value);
  auto parsed = attempt([&] { return cms::parse(file.bytes(signature.data, signature.size)); });
  if (const auto* error = std::get_if<Error>(&parsed)) return {std::nullopt, {{signature.data, error->what()}}};
  package.signature = std::get<cms::SignedData>(std::move(parsed));
  if (!names(rules, package)) return {std::nullopt, std::move(rules.findings)};
  return {std::move(package), {}};
}

namespace {

Findings digests(const Input& file, const Package& package) {
  Findings findings;
  for (const auto& entry : package.entries)
    if (!cpio::sum_is_right(file, entry)) findings.push_back({entry.offset, "the sum of " + entry.name + " is wrong"});
  for (const auto& artifact : package.description.artifacts)
    for (const auto& entry : package.entries)
      if (entry.name == artifact.filename && sha256_of(file, entry) != artifact.sha256)
        findings.push_back({entry.data, entry.name + " does not have the SHA-256 that sw-description says"});
  return findings;
}

Findings with_signature(Findings findings, const Package& package, const Verdict& verdict) {
  for (const auto& objection : verdict.objections) findings.push_back({package.entries[1].data, objection});
  return findings;
}

}  // namespace

Findings verify(const Input& file, const Package& package, const std::vector<Bytes>& anchors, Instant at) {
  return with_signature(digests(file, package), package,
                        cms::verify(package.signature, as_bytes(package.manifest), anchors, at));
}

Findings verify_content(const Input& file, const Package& package, ByteView certificate) {
  return with_signature(digests(file, package), package,
                        cms::verify_by(package.signature, as_bytes(package.manifest), certificate));
}

void write(std::string_view manifest, ByteView signature, const std::string& name, const Input& image, ByteSink& to) {
  cpio::Writer archive{to};
  archive.add(std::string{kManifest}, MemoryInput{as_bytes(manifest)});
  archive.add(std::string{kSignature}, MemoryInput{signature});
  archive.add(name, image);
  archive.end();
}

}  // namespace lamp::firmware::swu
