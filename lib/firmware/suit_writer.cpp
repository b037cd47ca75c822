#include <botan/hash.h>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/firmware/application.hpp"
#include "lib/firmware/encryption.hpp"
#include "lib/firmware/suit.hpp"
#include "lib/firmware/suit_ids.hpp"

namespace lamp::firmware {
namespace {

using cbor::MapWriter;
using cbor::Writer;

Bytes digest_item(ByteView digest) { return Writer{}.array(2).integer(suit::kSha256).bytes(digest).encoded(); }

/// A command sequence: pairs of command and argument.
class Sequence {
 public:
  Sequence& report(suit::Command condition, std::uint64_t policy) { return add(condition, cbor::number_item(policy)); }
  Sequence& select(std::uint64_t component) { return add(suit::directive_set_component, cbor::number_item(component)); }
  Sequence& set(const MapWriter& parameters) {
    return add(suit::directive_override_parameters, Writer{}.raw(parameters.encoded()));
  }
  [[nodiscard]] Writer wrapped() const {
    return cbor::bytes_item(Writer{}.array(2 * commands_).raw(items_.encoded()).encoded());
  }

 private:
  Sequence& add(suit::Command command, const Writer& argument) {
    items_.integer(command).raw(argument.encoded());
    ++commands_;
    return *this;
  }
  Writer items_;
  std::uint64_t commands_ = 0;
};

MapWriter size_and_digest(std::uint64_t size, const Digest& digest) {
  MapWriter parameters;
  parameters.add(suit::kDigestParameter, cbor::bytes_item(digest_item(digest)))
      .add(suit::kSizeParameter, cbor::number_item(size));
  return parameters;
}

const std::uint8_t (&component_names(const Manifest& manifest))[2] {
  return manifest.content() == Content::application ? suit::kApplicationComponents : suit::kFirmwareComponents;
}

Writer common(const Manifest& manifest) {
  auto image = size_and_digest(manifest.image_size, manifest.image_digest);
  const auto version = std::uint64_t{manifest.version.major} << 32U | std::uint64_t{manifest.version.minor} << 16U |
                       std::uint64_t{manifest.version.patch};
  image.add(suit::kVendorParameter, cbor::bytes_item(manifest.vendor))
      .add(suit::kClassParameter, cbor::bytes_item(manifest.model_class))
      .add(kVersionParameter, cbor::number_item(version))
      .add(kSecurityEpochParameter, cbor::number_item(manifest.security_epoch));
  if (!manifest.revoked.empty()) image.add(kRevokedKeysParameter, cbor::bytes_item(manifest.revoked.encode()));
  if (!manifest.permissions.empty()) image.add(kPermissionsParameter, cbor::bytes_item(manifest.permissions));
  Sequence shared;
  shared.select(suit::kImageComponent)
      .set(image)
      .report(suit::condition_vendor, suit::kReportCondition)
      .report(suit::condition_class, suit::kReportCondition)
      .select(suit::kPayloadComponent)
      .set(size_and_digest(manifest.payload_size, manifest.payload_digest));
  Writer components;
  components.array(std::size(component_names(manifest)));
  for (const auto& name : component_names(manifest)) components.array(1).bytes({&name, 1});
  const auto map =
      MapWriter{}.add(suit::kComponents, components).add(suit::kSharedSequence, shared.wrapped()).encoded();
  return cbor::bytes_item(map);
}

Writer validate() {
  Sequence sequence;
  sequence.select(suit::kImageComponent).report(suit::condition_image_match, suit::kReportCondition);
  return sequence.wrapped();
}

Writer install(const Manifest& manifest) {
  MapWriter fetch;
  const bool detached = manifest.place == PayloadPlace::detached;
  fetch.add(suit::kUriParameter, std::move(Writer{}.text(detached ? kDetachedPayloadUri : kPayloadUri)));
  MapWriter copy;
  copy.add(suit::kEncryptionParameter, cbor::bytes_item(manifest.encryption_info))
      .add(suit::kSourceParameter, cbor::number_item(suit::kPayloadComponent));
  Sequence sequence;
  sequence.select(suit::kPayloadComponent)
      .set(fetch)
      .report(suit::directive_fetch, suit::kReportDirective)
      .report(suit::condition_image_match, suit::kReportCondition)
      .select(suit::kImageComponent)
      .set(copy)
      .report(suit::directive_copy, suit::kReportDirective)
      .report(suit::condition_image_match, suit::kReportCondition);
  return sequence.wrapped();
}

Writer invoke() {
  Sequence sequence;
  sequence.select(suit::kImageComponent).report(suit::directive_invoke, suit::kReportDirective);
  return sequence.wrapped();
}

Writer text(const Manifest& manifest) {
  MapWriter component;
  component.add(suit::kTextModelName, std::move(Writer{}.text(manifest.model)))
      .add(suit::kTextComponentVersion, std::move(Writer{}.text(manifest.version.text())));
  Writer by_component;
  by_component.map(1).array(1).bytes({&component_names(manifest)[suit::kImageComponent], 1}).raw(component.encoded());
  return cbor::bytes_item(MapWriter{}.add(suit::kLanguage, by_component).encoded());
}

}  // namespace

Digest sha256(ByteView input) {
  Digest digest{};
  guarded(Errc::internal, [&] {
    auto hash = Botan::HashFunction::create_or_throw("SHA-256");
    hash->update(input);
    hash->final(digest);
  });
  return digest;
}

Uuid class_of(const Manifest& manifest) {
  const auto model = class_id(manifest.vendor, manifest.model);
  if (manifest.content() == Content::firmware) return model;
  const auto permissions = PermissionManifest::parse(manifest.permissions);
  return application_class(model, permissions.partner(), permissions.application());
}

Bytes encode_manifest(const Manifest& manifest) {
  if (manifest.model_class != class_of(manifest))
    throw Error{Errc::bad_input, "a manifest's class id must be that of its vendor, model and application"};
  auto encoded = MapWriter{}
                     .add(suit::kManifestVersion, cbor::number_item(1))
                     .add(suit::kSequence, cbor::number_item(manifest.sequence))
                     .add(suit::kCommon, common(manifest))
                     .add(suit::kValidate, validate())
                     .add(suit::kInvoke, invoke())
                     .add(suit::kInstall, install(manifest))
                     .add(suit::kText, text(manifest))
                     .encoded();
  (void)parse_manifest(encoded, manifest.content());  // what no device would take must not be signed
  return encoded;
}

Bytes suit_digest(ByteView manifest) { return digest_item(sha256(Writer{}.bytes(manifest).encoded())); }

Bytes encode_envelope_head(ByteView encoded_manifest, const std::vector<Bytes>& blocks) {
  const auto manifest = parse_any_manifest(encoded_manifest);
  const bool integrated = manifest.place == PayloadPlace::integrated;
  Writer wrapper;
  wrapper.array(1 + blocks.size()).bytes(suit_digest(encoded_manifest));
  for (const auto& block : blocks) wrapper.bytes(block);
  Writer head;
  head.tag(suit::kEnvelopeTag)
      .map(integrated ? 3 : 2)
      .integer(suit::kAuthenticationWrapper)
      .bytes(wrapper.encoded())
      .integer(suit::kManifest)
      .bytes(encoded_manifest);
  if (integrated) head.text(kPayloadUri).bytes_head(manifest.payload_size);
  auto encoded = std::move(head).encoded();
  (void)parse_envelope_head(encoded);
  return encoded;
}

Bytes encode_envelope(ByteView manifest, const std::vector<Bytes>& blocks, ByteView payload) {
  const auto values = parse_any_manifest(manifest);
  if (payload.size() != values.payload_size) throw Error{Errc::bad_input, "a payload whose size is not the manifest's"};
  auto encoded = encode_envelope_head(manifest, blocks);
  if (values.place == PayloadPlace::integrated) append(encoded, payload);
  return encoded;
}

}  // namespace lamp::firmware
