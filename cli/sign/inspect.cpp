#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/sign/image_report.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/application.hpp"
#include "lib/firmware/encryption.hpp"
#include "lib/firmware/release_file.hpp"
#include "lib/quorum/approval.hpp"

namespace lamp::cli {
namespace {

struct InspectOptions {
  std::string file;
  bool json = false;
};

void declare(Arguments& a, InspectOptions& o) {
  a.positional("file", o.file, "Signed release, or another firmware file");
  a.flag("--json", o.json, "Print JSON");
}

nlohmann::json describe(const cose::Sign1& block) {
  nlohmann::json one{{"key", hex(block.kid)},
                     {"algorithm", static_cast<int>(block.algorithm)},
                     {"algorithm-name", cose::name_of(block.algorithm)}};
  if (const auto expiry = cbor::find(block.protected_header, quorum::kExpiryHeader))
    one["expires"] = format_instant(from_unix_seconds(cbor::Reader{*expiry}.integer()));
  if (const auto epoch = cbor::find(block.protected_header, quorum::kRosterEpochHeader))
    one["roster-epoch"] = cbor::Reader{*epoch}.unsigned_integer();
  return one;
}

/// Null for firmware.
nlohmann::json application_json(const firmware::Manifest& manifest) {
  if (manifest.content() == firmware::Content::firmware) return nullptr;
  const auto application = firmware::Application::parse(manifest.permissions);
  return {{"partner", application.partner}, {"name", application.name}, {"permissions", application.permissions}};
}

nlohmann::json describe(const firmware::ReleaseFile& release) {
  const auto head = release.head();
  const auto& envelope = head.envelope;
  const auto manifest = firmware::parse_any_manifest(envelope.manifest);
  const auto encryption = firmware::parse_encryption_info(manifest.encryption_info);
  auto blocks = nlohmann::json::array();
  for (const auto& block : envelope.blocks()) blocks.push_back(describe(cose::parse_sign1(block)));
  auto revoked = nlohmann::json::array();
  for (const auto& id : manifest.revoked.ids()) revoked.push_back(hex(id));
  return {{"kind", "suit"},
          {"application", application_json(manifest)},
          {"model", std::string{manifest.model}},
          {"version", manifest.version.text()},
          {"sequence", manifest.sequence},
          {"epoch", manifest.security_epoch},
          {"vendor-id", firmware::to_text(manifest.vendor)},
          {"class-id", firmware::to_text(manifest.model_class)},
          {"image", {{"size", manifest.image_size}, {"sha256", hex(manifest.image_digest)}}},
          {"payload", {{"size", manifest.payload_size}, {"sha256", hex(manifest.payload_digest)}}},
          {"detached", manifest.place == firmware::PayloadPlace::detached},
          {"cipher", firmware::name_of(encryption.cipher)},
          {"key-size", encryption.key_size * 8},
          {"key-wrapped-by", to_text(encryption.kek_name)},
          {"manifest-digest", hex(envelope.digest_bytes)},
          {"revokes", revoked},
          {"signatures", blocks}};
}

void print(const nlohmann::json& all, std::ostream& out) {
  const auto text = [&](const char* key) { return all.at(key).get<std::string>(); };
  const auto number = [](const nlohmann::json& value) { return value.get<std::uint64_t>(); };
  fmt::print(out, "release    {} {}\n", text("model"), text("version"));
  if (const auto& application = all.at("application"); !application.is_null()) {
    const auto apis = application.at("permissions").get<std::vector<std::string>>();
    fmt::print(out, "partner    {}, application {}\nmay call   {}\n", application.at("partner").get<std::string>(),
               application.at("name").get<std::string>(),
               apis.empty() ? "nothing" : fmt::format("{}", fmt::join(apis, ", ")));
  }
  fmt::print(out, "sequence   {}\nepoch      {}\n", number(all.at("sequence")), number(all.at("epoch")));
  fmt::print(out, "vendor     {}\nclass      {}\n", text("vendor-id"), text("class-id"));
  for (const char* part : {"image", "payload"})
    fmt::print(out, "{:<10} {} bytes, SHA-256 {}\n", part, number(all.at(part).at("size")),
               all.at(part).at("sha256").get<std::string>());
  fmt::print(out, "encrypted  {}, content key wrapped by {}\n", text("cipher"), text("key-wrapped-by"));
  for (const auto& id : all.at("revokes")) fmt::print(out, "revokes    key {}\n", id.get<std::string>());
  fmt::print(out, "manifest   SHA-256 {}\n", text("manifest-digest"));
  for (const auto& block : all.at("signatures")) {
    fmt::print(out, "signature  by key {}, algorithm {} ({})", block.at("key").get<std::string>(),
               block.at("algorithm").get<int>(), block.at("algorithm-name").get<std::string>());
    if (block.contains("expires")) fmt::print(out, ", to be sealed before {}", block.at("expires").get<std::string>());
    out << '\n';
  }
  out << "Nothing here was verified: see 'lamp-sign verify'.\n";
}

/// Whatever is no SUIT envelope. A file with a rule broken is shown as far as it goes, and refused.
Exit inspect_image(const InspectOptions& options, const firmware::Input& file, World& world) {
  const auto all = in_context(options.file, [&] { return describe_image(firmware::kind_of(file), file); });
  if (options.json)
    world.out << all.dump(2) << '\n';
  else
    print_image(all, world.out);
  return all.at("findings").empty() ? Exit::ok : Exit::refused;
}

Exit inspect(const InspectOptions& options, World& world) {
  const firmware::FileInput file{options.file};
  if (firmware::kind_of(file) != firmware::FileKind::suit) return inspect_image(options, file, world);
  const firmware::ReleaseFile release{options.file};
  const auto all = in_context(options.file, [&] { return describe(release); });
  if (options.json)
    world.out << all.dump(2) << '\n';
  else
    print(all, world.out);
  return Exit::ok;
}

}  // namespace

void add_sign_inspect(Tool& tool) {
  tool.verb<InspectOptions>("inspect", "Show what a firmware file holds, without judging it", declare, inspect);
}

}  // namespace lamp::cli
