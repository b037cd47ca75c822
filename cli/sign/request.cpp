#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/sign/dossier.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/firmware/content_key.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/encryption.hpp"

namespace lamp::cli {
namespace {

constexpr std::size_t kNonceLength = 12;  // of AES-GCM

struct RequestOptions {
  std::string image;
  std::string model;
  std::string version;
  std::uint64_t epoch = 0;
};

void declare(Arguments& a, RequestOptions& o) {
  a.positional("image", o.image, "Firmware image in clear");
  a.required("--model", o.model, "Model that the image is for");
  a.required("--version", o.version, "Version, MAJOR.MINOR.PATCH; used once");
  a.required("--epoch", o.epoch, "Security epoch; devices never go below it again");
}

Exit refuse(const std::vector<std::string>& objections, World& world) {
  for (const auto& objection : objections) world.err << "lamp-sign: refused: " << objection << '\n';
  return Exit::refused;
}

audit::Event event(const firmware::Release& release) {
  const auto& wanted = release.wanted;
  return {account_name(),
          "sign.request",
          wanted.name.text(),
          {{"sequence", std::to_string(release.sequence)},
           {"epoch", std::to_string(wanted.epoch)},
           {"image", hex(wanted.image_digest)},
           {"image-size", std::to_string(wanted.image_size)}}};
}

/// Sequence number, content key and audit record in one transaction, unless the version has them already.
firmware::Release reserve(Host& host, const firmware::ReleasePolicy& policy, const firmware::Wanted& wanted,
                          const quorum::Roster& roster) {
  return host.database().write([&](store::Transaction& t) {
    const bool fresh = !firmware::find_release(t, wanted.name).has_value();
    auto release = firmware::reserve_release(t, policy, wanted, roster.token_serial, host.now());
    if (fresh) audit::record(t, event(release), host.now(), host.world().rng);
    return release;
  });
}

firmware::EncryptedPayload encrypt(Host& host, const firmware::Release& release, ByteView image) {
  const auto key =
      host.database().read([&](store::Transaction& t) { return firmware::content_key(t, release.content_key); });
  const auto requests = host.token("host").agreement_key("requests");
  // Random, of this key alone, and the same again when a request that was cut short goes on.
  auto nonce = from_hex(key.id);
  nonce.resize(kNonceLength);
  return firmware::encrypt_payload(firmware::open_content_key(key, *requests), nonce, key.wrapped, "kek." + key.model,
                                   image);
}

Bytes encode_manifest(const firmware::DeviceProfile& profile, const firmware::Release& release,
                      const firmware::EncryptedPayload& encrypted) {
  const auto& wanted = release.wanted;
  firmware::Manifest manifest;
  manifest.sequence = release.sequence;
  manifest.vendor = firmware::vendor_id(profile.vendor);
  manifest.model_class = firmware::class_id(manifest.vendor, wanted.name.model);
  manifest.model = wanted.name.model;
  manifest.version = Version::parse(wanted.name.version);
  manifest.security_epoch = wanted.epoch;
  std::copy(wanted.image_digest.begin(), wanted.image_digest.end(), manifest.image_digest.begin());
  manifest.image_size = wanted.image_size;
  manifest.payload_digest = firmware::sha256(encrypted.ciphertext);
  manifest.payload_size = encrypted.ciphertext.size();
  manifest.encryption_info = encrypted.info;
  return firmware::encode_manifest(manifest);
}

/// The request's one-time key: what officers seal their shares to.
Bytes session_point(Host& host, const firmware::ReleaseName& name) {
  auto& token = host.token("host");
  const auto label = session_label(name);
  if (!token.has_key(label)) token.generate_key(hsm::KeyKind::p256, hsm::KeyUse::agree, label);
  return token.agreement_key(label)->public_point();
}

/// Writes the files, the request last: without it the version counts as not requested yet, and the next run makes the
/// others anew.
void write_files(Host& host, const firmware::Release& release, const quorum::Roster& roster, ByteView image) {
  const auto& name = release.wanted.name;
  const auto encrypted = encrypt(host, release, image);
  const auto manifest = encode_manifest(firmware::device_profile(host.site(), name.model), release, encrypted);
  firmware::Request request;
  request.name = name;
  request.sequence = release.sequence;
  request.epoch = release.wanted.epoch;
  request.image_digest = release.wanted.image_digest;
  request.image_size = release.wanted.image_size;
  request.payload_digest = sha256_of(encrypted.ciphertext);
  request.payload_size = encrypted.ciphertext.size();
  request.suit_digest = firmware::suit_digest(manifest);
  request.session_point = session_point(host, name);
  request.roster_digest = roster.digest();
  request.requested = release.requested;
  request.requester = account_name();
  const firmware::ReleaseFiles files{host.site().root, name};
  publish(files.payload(), ByteView{encrypted.ciphertext});
  publish(files.manifest(), ByteView{manifest});
  publish(files.request(), ByteView{request.encode()});
}

Exit request(const RequestOptions& options, World& world) {
  Host host{world};
  const auto profile = firmware::device_profile(host.site(), options.model);
  const auto policy = firmware::ReleasePolicy::load(host.site().template_file("policy", "release.yaml"));
  const auto image = read_file(options.image);
  if (image.size() > profile.slot_size)
    return refuse({"the image has " + std::to_string(image.size()) + " bytes, a " + options.model + " has room for " +
                   std::to_string(profile.slot_size)},
                  world);
  const auto roster = release_roster(host, host.site().release_quorum);
  const firmware::Wanted wanted{
      {options.model, Version::parse(options.version).text()}, options.epoch, sha256_of(image), image.size()};
  host.database().migrate(firmware::release_schema());
  const auto verdict =
      host.database().read([&](store::Transaction& t) { return firmware::check_request(t, policy, wanted); });
  if (!verdict.acceptable()) return refuse(verdict.objections, world);

  const bool repeated = std::filesystem::exists(firmware::ReleaseFiles{host.site().root, wanted.name}.request());
  if (!repeated) write_files(host, reserve(host, policy, wanted, roster), roster, image);
  const auto dossier = load_dossier(host, wanted.name);
  print_request(world.out, dossier);
  if (repeated) world.out << "This was requested before; nothing was changed.\n";
  if (std::filesystem::exists(dossier.files.sealed()))
    world.out << "It is sealed.\n";
  else
    fmt::print(world.out, "Next: {} officers run 'lamp-sign approve {} --as NAME'.\n", roster.threshold,
               wanted.name.text());
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_sign_request(Tool& tool) {
  tool.verb<RequestOptions>("request", "Encrypt an image and ask for its release", declare, request);
}

}  // namespace lamp::cli
