#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <set>

#include "cli/new_key.hpp"
#include "cli/sign/dossier.hpp"
#include "cli/sign/policy_check.hpp"
#include "cli/sign/release_outputs.hpp"
#include "cli/sign/request.hpp"
#include "cli/sign/tool.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/content_key.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/encryption.hpp"
#include "lib/firmware/images/swu_cipher.hpp"
#include "lib/firmware/payload_stream.hpp"
#include "lib/quorum/hybrid.hpp"

namespace lamp::cli {
namespace {

void declare(Arguments& a, RequestOptions& o) {
  a.positional("image", o.image, "Firmware image in clear");
  declare_release(a, o);
  a.option("--revoke", o.revoke, "Id of a release key that devices shall believe no longer; may be repeated");
}

audit::Event event(const firmware::Release& release) {
  const auto& wanted = release.wanted;
  return {account_name(),
          "sign.request",
          wanted.name.text(),
          {{"sequence", std::to_string(release.sequence)},
           {"epoch", std::to_string(wanted.epoch)},
           {"image", hex(wanted.image_digest)},
           {"image-size", std::to_string(wanted.image_size)},
           {"extra-approvals", std::to_string(wanted.extra_approvals)},
           {"nonce", hex(release.nonce)}}};
}

Bytes fresh_nonce(World& world) { return world.rng.random_vec<Bytes>(firmware::kRequestNonceLength); }

/// Sequence number, content key and audit record in one transaction, unless the version has them already.
firmware::Release reserve(Host& host, const firmware::ReleasePolicy& policy, const firmware::Wanted& wanted,
                          const quorum::Roster& roster) {
  return host.database().write([&](store::Transaction& t) {
    const bool fresh = !firmware::find_release(t, wanted.name).has_value();
    auto release =
        firmware::reserve_release(t, policy, wanted, roster.token_serial, fresh_nonce(host.world()), host.now());
    if (fresh) audit::record(t, event(release), host.now(), host.world().rng);
    return release;
  });
}

struct Encrypted {
  Bytes info;
  firmware::Measured payload;
  std::optional<SymmetricKey> package_key;  ///< of an encrypted SWUpdate package
};

/// Writes payload.bin. What is encrypted is what was judged before: its digest is taken once more on the way.
Encrypted encrypt(Host& host, const firmware::DeviceProfile& profile, const firmware::Release& release,
                  const std::string& image) {
  const auto cipher = profile.release.cipher;
  const auto key =
      host.database().read([&](store::Transaction& t) { return firmware::content_key(t, release.content_key); });
  const auto requests = host.token("host").agreement_key("requests");
  // Random, of this key alone, and the same again when a request that was cut short goes on.
  auto nonce = from_hex(key.id);
  nonce.resize(firmware::iv_size(cipher));
  auto info =
      firmware::encode_encryption_info(cipher, nonce, key.wrapped, "kek." + key.model, firmware::KeyWrap::a256kw);
  FileSource source{image};
  FileSink payload{firmware::ReleaseFiles{host.site().root, release.wanted.name}.payload()};
  const auto content_key = firmware::open_content_key(key, *requests);
  const auto made = firmware::encrypt_image(content_key, firmware::parse_encryption_info(info), source, payload);
  if (!std::equal(made.image.digest.begin(), made.image.digest.end(), release.wanted.image_digest.begin(),
                  release.wanted.image_digest.end()))
    throw Error{Errc::denied, image + " changed while it was read; run the command again"};
  payload.commit();
  Encrypted encrypted{std::move(info), made.payload, std::nullopt};
  if (profile.outputs.swu && profile.outputs.swu->encrypted)
    encrypted.package_key = firmware::swu::image_key(content_key);
  return encrypted;
}

firmware::RevokedKeys revoked_keys(const std::vector<Bytes>& ids) {
  firmware::RevokedKeys revoked;
  for (const auto& id : ids) {
    firmware::KeyId key;
    std::ranges::copy(id, key.begin());
    revoked.add(key);
  }
  return revoked;
}

Bytes encode_manifest(const firmware::DeviceProfile& profile, const firmware::Release& release,
                      const Encrypted& encrypted, const firmware::Terms& terms) {
  const auto& wanted = release.wanted;
  firmware::Manifest manifest;
  manifest.sequence = release.sequence;
  manifest.vendor = firmware::vendor_id(profile.vendor);
  manifest.model = wanted.name.model;
  const auto permissions = terms.application ? terms.application->encode() : Bytes{};
  manifest.permissions = permissions;
  manifest.model_class = firmware::class_of(manifest);
  manifest.version = Version::parse(wanted.name.version);
  manifest.security_epoch = wanted.epoch;
  std::copy(wanted.image_digest.begin(), wanted.image_digest.end(), manifest.image_digest.begin());
  manifest.image_size = wanted.image_size;
  manifest.payload_digest = encrypted.payload.digest;
  manifest.payload_size = encrypted.payload.size;
  manifest.encryption_info = encrypted.info;
  manifest.place = profile.release.place;
  manifest.revoked = revoked_keys(terms.revokes);
  return firmware::encode_manifest(manifest);
}

/// The request's one-time key: what officers seal their shares to.
Bytes session_point(Host& host, const firmware::ReleaseName& name) {
  auto& token = host.token("host");
  const auto label = session_label(name);
  if (!token.has_key(label)) {
    (void)attest_token(host, token.info(), "other");
    token.generate_key(hsm::KeyKind::p256, hsm::KeyUse::agree, label);
  }
  return token.agreement_key(label)->public_point();
}

/// Writes the files, the request last: without it the version counts as not requested yet, and the next run makes the
/// others anew.
void write_files(Host& host, const firmware::DeviceProfile& profile, const firmware::Release& release,
                 const quorum::Roster& roster, const firmware::Terms& terms, const std::string& image) {
  const auto& name = release.wanted.name;
  const auto encrypted = encrypt(host, profile, release, image);
  const auto manifest = encode_manifest(profile, release, encrypted, terms);
  firmware::Request request;
  request.name = name;
  request.sequence = release.sequence;
  request.epoch = release.wanted.epoch;
  request.image_digest = release.wanted.image_digest;
  request.image_size = release.wanted.image_size;
  request.payload_digest = {encrypted.payload.digest.begin(), encrypted.payload.digest.end()};
  request.payload_size = encrypted.payload.size;
  request.suit_digest = firmware::suit_digest(manifest);
  request.session_point = session_point(host, name);
  request.roster_digest = roster.digest();
  request.requested = release.requested;
  request.requester = account_name();
  request.nonce = release.nonce;
  request.terms = terms;
  request.terms.extra_approvals = release.wanted.extra_approvals;
  request.expires = release.requested + (terms.expires - terms.requested);
  request.signed_regions = firmware::suit_regions(request.suit_digest, profile.release);
  const firmware::ReleaseFiles files{host.site().root, name};
  std::filesystem::remove_all(files.staging());  // signed for a request that this one replaces
  for (auto& region : firmware::prepare_outputs(profile.outputs, output_subject(profile, request), image,
                                                files.directory, output_keys(roster), encrypted.package_key))
    request.signed_regions.push_back(std::move(region));
  publish(files.manifest(), ByteView{manifest});
  publish(files.request(), ByteView{request.encode()});
}

/// Ascending and none twice, as in the manifest.
std::vector<Bytes> read_key_ids(const std::vector<std::string>& texts) {
  std::set<Bytes> ids;
  for (const auto& text : texts) {
    auto id = option_value("--revoke", [&] { return from_hex(text); });
    if (id.size() != std::tuple_size_v<firmware::KeyId>)
      throw UsageError{"--revoke: expected the 64 hexadecimal digits of a key's id"};
    ids.insert(std::move(id));
  }
  if (ids.size() > firmware::kMaxRevokedKeys)
    throw UsageError{"--revoke: one release takes " + std::to_string(firmware::kMaxRevokedKeys) + " keys at most"};
  return {ids.begin(), ids.end()};
}

firmware::Terms terms_of(const RequestOptions& options, Host& host, const firmware::ReleasePolicy& policy,
                         const firmware::DeviceProfile& profile, const firmware::Digest& image) {
  firmware::Terms terms;
  terms.model = profile.model;
  terms.image_digest = {image.begin(), image.end()};
  if (!options.witness.empty()) terms.witness = option_value("--witness", [&] { return from_hex(options.witness); });
  if (!options.witness.empty() && terms.witness.size() != terms.image_digest.size())
    throw UsageError{"--witness: expected the 64 hexadecimal digits of a SHA-256 digest"};
  terms.hardware = policy.rules_of(profile.model).revisions;
  if (!options.hardware.empty())
    terms.hardware = option_value("--hardware", [&] { return firmware::Hardware::parse_revisions(options.hardware); });
  terms.hardware.type = profile.hardware_type;
  terms.keys = profile.outputs.key_labels();
  if (profile.release.hybrid) terms.keys.emplace(terms.keys.begin(), quorum::kHybridKey);
  terms.keys.insert(terms.keys.begin(), profile.release.key);
  terms.revokes = read_key_ids(options.revoke);
  terms.extra_approvals = options.extra_approvals;
  terms.application = options.application;
  terms.demo = host.site().demo;
  terms.requested = host.now();
  terms.expires = terms.requested + policy.request_lifetime;
  return terms;
}

std::vector<std::string> revocation_objections(const firmware::Terms& terms, const quorum::Roster& roster) {
  std::vector<std::string> all;
  for (const auto& officer : roster.officers)
    if (const auto id = cose::key_id(*roster.officer_key(officer)); std::ranges::count(terms.revokes, id) != 0)
      all.push_back("it revokes key " + hex(id) + " of officer " + officer.name +
                    ": officers are replaced with 'lamp-hsm quorum replace'");
  return all;
}

std::string joined(const std::vector<Bytes>& ids) {
  std::string all;
  for (const auto& id : ids) all += (all.empty() ? "" : ", ") + hex(id);
  return all.empty() ? "none" : all;
}

std::string joined(const std::optional<firmware::Application>& application) {
  if (!application || application->permissions.empty()) return "none";
  return fmt::format("{}", fmt::join(application->permissions, ", "));
}

/// What the version was asked for with, where that is not what is asked for now. Image and epoch: check_request().
std::vector<std::string> differences(const firmware::Terms& now, const firmware::ReleaseFiles& files) {
  std::vector<std::string> all;
  if (!std::filesystem::exists(files.request())) return all;
  const auto request = firmware::Request::parse(read_file(files.request()));
  const auto& before = request.terms;
  const auto differs = [&](const std::string& what, const std::string& was, const std::string& is) {
    if (was != is)
      all.push_back("version " + request.name.version + " was requested with " + what + " " + was + ", now it is " +
                    is + ": ask with the same, or take another version");
  };
  differs("hardware revisions", before.hardware.revisions(), now.hardware.revisions());
  differs("witness", before.witness.empty() ? "none" : hex(before.witness),
          now.witness.empty() ? "none" : hex(now.witness));
  differs("extra approvals", std::to_string(before.extra_approvals), std::to_string(now.extra_approvals));
  differs("revoked keys", joined(before.revokes), joined(now.revokes));
  differs("permissions", joined(before.application), joined(now.application));
  return all;
}

/// What there is of a request already.
enum class Standing { none, expired, good };

Standing standing(Host& host, const firmware::ReleaseFiles& files) {
  if (!std::filesystem::exists(files.request())) return Standing::none;
  if (std::filesystem::exists(files.sealed())) return Standing::good;
  const auto request = firmware::Request::parse(read_file(files.request()));
  return request.expires <= host.now() ? Standing::expired : Standing::good;
}

/// The approvals of the old request, and shares sealed to its session key, are worth nothing from here on.
void renew(Host& host, const firmware::ReleaseName& name) {
  host.database().write([&](store::Transaction& t) {
    firmware::renew_request(t, name, fresh_nonce(host.world()), host.now());
    audit::record(t, {account_name(), "sign.request.renew", name.text(), {}}, host.now(), host.world().rng);
  });
  auto& token = host.token("host");
  if (token.has_key(session_label(name))) token.destroy_key(session_label(name));
}

std::vector<std::string> objections(Host& host, const firmware::ReleasePolicy& policy, const firmware::Wanted& wanted,
                                    const firmware::Terms& terms, const quorum::Roster& roster) {
  auto all = host.database()
                 .read([&](store::Transaction& t) { return firmware::check_request(t, policy, wanted); })
                 .objections;
  const auto keys = host.database().read(
      [&](store::Transaction& t) { return firmware::check_content_key(t, wanted, roster.token_serial); });
  all.insert(all.end(), keys.objections.begin(), keys.objections.end());
  for (auto& why : firmware::check_terms(policy, terms, circumstances(host, roster, terms)).objections)
    all.push_back(std::move(why));
  return all;
}

void print_result(Host& host, const firmware::ReleaseName& name, Standing before) {
  auto& out = host.world().out;
  const auto dossier = load_dossier(host, name);
  print_request(out, dossier);
  if (before == Standing::good) out << "This was requested before; nothing was changed.\n";
  if (before == Standing::expired) out << "The request had expired; it is a new one now, without approvals.\n";
  if (std::filesystem::exists(dossier.files.sealed()))
    out << "It is sealed.\n";
  else
    fmt::print(out, "Next: {} officers run 'lamp-sign approve {} --as NAME'.\n", required_approvals(dossier),
               name.text());
}

/// By whom the image would be signed, and how much room it has.
firmware::DeviceProfile profile_of(Host& host, const RequestOptions& options) {
  const auto profile = firmware::device_profile(host.site(), options.model);
  return options.application ? profile.for_partner(options.application->partner) : profile;
}

Exit request(const RequestOptions& options, World& world) { return request_release(options, world); }

}  // namespace

void declare_release(Arguments& a, RequestOptions& o) {
  a.required("--model", o.model, "Model that the image is for");
  a.required("--version", o.version, "Version, MAJOR.MINOR.PATCH; used once");
  a.required("--epoch", o.epoch, "Security epoch; devices never go below it again");
  a.option("--extra-approvals", o.extra_approvals, "Officers beyond the roster's threshold, for a great epoch step");
  a.option("--hardware", o.hardware, "Hardware revisions that the image is for, such as 1-3");
  a.option("--witness", o.witness, "SHA-256 of the image as an independent builder made it");
}

Exit request_release(const RequestOptions& options, World& world) {
  Host host{world};
  if (options.application && !firmware::device_profile(host.site(), options.model).applications)
    return refuse({"model " + options.model + " takes no applications: its device profile grants none anything"},
                  world);
  const auto profile = profile_of(host, options);
  const auto policy = release_policy(host);
  FileSource file{options.image};
  const auto image = firmware::measure(file);
  if (image.size > profile.slot_size)
    return refuse({"the image has " + std::to_string(image.size) + " bytes, a " + options.model + " has room for " +
                   std::to_string(profile.slot_size)},
                  world);
  const auto roster = release_roster(host, host.site().release_quorum);
  const auto terms = terms_of(options, host, policy, profile, image.digest);
  const firmware::Wanted wanted{{options.model, Version::parse(options.version).text(),
                                 options.application ? options.application->text() : std::string{}},
                                options.epoch,
                                terms.image_digest,
                                image.size,
                                options.extra_approvals,
                                firmware::key_size(profile.release.cipher)};
  host.database().migrate(firmware::release_schema());
  if (const auto why = revocation_objections(terms, roster); !why.empty()) return refuse(why, world);
  if (const auto why = differences(terms, {host.site().root, wanted.name}); !why.empty()) return refuse(why, world);
  auto why = missing_keys(profile, roster);
  // Without a key there is nothing to ask the policy about but what an application may ask for.
  if (why.empty() || options.application)
    for (auto& more : objections(host, policy, wanted, terms, roster)) why.push_back(std::move(more));
  if (!why.empty()) return refuse(why, world);

  const auto before = standing(host, {host.site().root, wanted.name});
  if (before == Standing::expired) renew(host, wanted.name);
  if (before != Standing::good)
    write_files(host, profile, reserve(host, policy, wanted, roster), roster, terms, options.image);
  print_result(host, wanted.name, before);
  host.finish();
  return Exit::ok;
}

void add_sign_request(Tool& tool) {
  tool.verb<RequestOptions>("request", "Encrypt an image and ask for its release", declare, request);
}

}  // namespace lamp::cli
