#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/firmware/application.hpp"
#include "lib/firmware/encryption.hpp"
#include "lib/firmware/suit.hpp"
#include "lib/firmware/suit_ids.hpp"

namespace lamp::firmware {
namespace {

using cbor::Reader;

[[noreturn]] void refuse(const char* what) { throw Error{Errc::bad_input, what}; }

void expect(Reader& reader, std::int64_t value, const char* otherwise) {
  if (reader.peek() > cbor::Type::negative_int || reader.integer() != value) refuse(otherwise);
}

/// A byte string that holds one item.
Reader nested(Reader& reader) { return Reader{reader.bytes()}; }

void copy_exactly(ByteView from, std::span<std::uint8_t> to, const char* otherwise) {
  if (from.size() != to.size()) refuse(otherwise);
  std::copy(from.begin(), from.end(), to.begin());
}

/// [-16, 32 bytes]
ByteView read_digest(Reader reader) {
  reader.array(2);
  expect(reader, suit::kSha256, "a digest that is not SHA-256");
  const auto bytes = reader.bytes();
  if (bytes.size() != Digest{}.size()) refuse("a SHA-256 digest that is not 32 bytes");
  reader.end();
  return bytes;
}

/// A command sequence that must be exactly as the writer writes it.
class Sequence {
 public:
  Sequence(Reader& parent, std::uint64_t commands) : reader_{nested(parent)} { reader_.array(2 * commands); }
  void command(suit::Command id, std::uint64_t argument) {
    expect(reader_, id, "a command that a release does not have here");
    expect(reader_, static_cast<std::int64_t>(argument),
           "a command with an argument that a release does not have here");
  }
  Reader& parameters(std::uint64_t count) {
    if (open_parameters() != count) refuse("parameters that a release does not have here");
    return reader_;
  }
  /// So many, and whether there is one more.
  std::pair<Reader&, bool> parameters_and_perhaps_one(std::uint64_t count) {
    const auto given = open_parameters();
    if (given != count && given != count + 1) refuse("parameters that a release does not have here");
    return {reader_, given == count + 1};
  }
  void end() const { reader_.end(); }

 private:
  std::uint64_t open_parameters() {
    expect(reader_, suit::directive_override_parameters, "parameters missing where a release has them");
    return reader_.map();
  }
  Reader reader_;
};

void key(Reader& reader, std::int64_t id) {
  expect(reader, id, "a member or parameter that a release does not have here");
}

void read_digest_and_size(Reader& reader, Digest& digest, std::uint64_t& size) {
  key(reader, suit::kDigestParameter);
  copy_exactly(read_digest(nested(reader)), digest, "a digest of the wrong length");
  key(reader, suit::kSizeParameter);
  size = reader.unsigned_integer();
}

Version read_version(Reader& reader) {
  const auto number = reader.unsigned_integer();
  if (number >> 48U != 0) refuse("a version out of range");
  return {static_cast<std::uint16_t>(number >> 32U), static_cast<std::uint16_t>(number >> 16U),
          static_cast<std::uint16_t>(number)};
}

std::uint8_t read_component(Reader& reader) {
  reader.array(1);
  const auto name = reader.bytes();
  if (name.size() != 1) refuse("components that a release does not have");
  return name[0];
}

/// What a release brings, by the names of its components.
Content read_components(Reader& reader) {
  reader.array(std::size(suit::kFirmwareComponents));
  const std::uint8_t names[] = {read_component(reader), read_component(reader)};
  if (std::ranges::equal(names, suit::kFirmwareComponents)) return Content::firmware;
  if (std::ranges::equal(names, suit::kApplicationComponents)) return Content::application;
  refuse("components that a release does not have");
}

std::uint8_t image_component(Content content) noexcept {
  return content == Content::application ? suit::kApplicationComponents[suit::kImageComponent]
                                         : suit::kFirmwareComponents[suit::kImageComponent];
}

/// What comes after the parameters that every release has: of firmware the keys that it revokes, if there are any; of
/// an application its permissions. An application revokes nothing: the release keys are not its affair.
void read_additional(Reader& image, bool more, Content content, Manifest& manifest) {
  if (content == Content::application) {
    if (!more) refuse("an application without permissions");
    key(image, kPermissionsParameter);
    manifest.permissions = image.bytes();
    (void)PermissionManifest::parse(manifest.permissions);
  } else if (more) {
    key(image, kRevokedKeysParameter);
    manifest.revoked = RevokedKeys::parse(image.bytes());
  }
}

Content read_common(Reader& parent, Manifest& manifest) {
  Reader reader = nested(parent);
  if (reader.map() != 2) refuse("a common part that a release does not have");
  key(reader, suit::kComponents);
  const auto content = read_components(reader);
  key(reader, suit::kSharedSequence);
  Sequence shared{reader, 6};
  reader.end();
  shared.command(suit::directive_set_component, suit::kImageComponent);
  auto [image, more] = shared.parameters_and_perhaps_one(6);
  key(image, suit::kVendorParameter);
  copy_exactly(image.bytes(), manifest.vendor, "a vendor id that is not 16 bytes");
  key(image, suit::kClassParameter);
  copy_exactly(image.bytes(), manifest.model_class, "a class id that is not 16 bytes");
  read_digest_and_size(image, manifest.image_digest, manifest.image_size);
  key(image, kVersionParameter);
  manifest.version = read_version(image);
  key(image, kSecurityEpochParameter);
  manifest.security_epoch = image.unsigned_integer();
  read_additional(image, more, content, manifest);
  shared.command(suit::condition_vendor, suit::kReportCondition);
  shared.command(suit::condition_class, suit::kReportCondition);
  shared.command(suit::directive_set_component, suit::kPayloadComponent);
  read_digest_and_size(shared.parameters(2), manifest.payload_digest, manifest.payload_size);
  shared.end();
  return content;
}

void read_validate(Reader& reader) {
  Sequence sequence{reader, 2};
  sequence.command(suit::directive_set_component, suit::kImageComponent);
  sequence.command(suit::condition_image_match, suit::kReportCondition);
  sequence.end();
}

void read_invoke(Reader& reader) {
  Sequence sequence{reader, 2};
  sequence.command(suit::directive_set_component, suit::kImageComponent);
  sequence.command(suit::directive_invoke, suit::kReportDirective);
  sequence.end();
}

PayloadPlace place_of(std::string_view uri) {
  if (uri == kPayloadUri) return PayloadPlace::integrated;
  if (uri == kDetachedPayloadUri) return PayloadPlace::detached;
  refuse("a payload that is neither inside the envelope nor beside it");
}

void read_install(Reader& reader, Manifest& manifest) {
  Sequence sequence{reader, 8};
  sequence.command(suit::directive_set_component, suit::kPayloadComponent);
  Reader& fetch = sequence.parameters(1);
  key(fetch, suit::kUriParameter);
  manifest.place = place_of(fetch.text());
  sequence.command(suit::directive_fetch, suit::kReportDirective);
  sequence.command(suit::condition_image_match, suit::kReportCondition);
  sequence.command(suit::directive_set_component, suit::kImageComponent);
  Reader& copy = sequence.parameters(2);
  key(copy, suit::kEncryptionParameter);
  manifest.encryption_info = copy.bytes();
  key(copy, suit::kSourceParameter);
  expect(copy, static_cast<std::int64_t>(suit::kPayloadComponent), "an image copied from somewhere else");
  sequence.command(suit::directive_copy, suit::kReportDirective);
  sequence.command(suit::condition_image_match, suit::kReportCondition);
  sequence.end();
}

/// Whether `text` is MAJOR.MINOR.PATCH of the version.
bool says(std::string_view text, const Version& version) {
  std::array<char, 18> buffer{};
  auto* at = buffer.data();
  for (const auto number : {version.major, version.minor, version.patch}) {
    if (at != buffer.data()) *at++ = '.';
    at = std::to_chars(at, buffer.data() + buffer.size(), number).ptr;
  }
  return text == std::string_view{buffer.data(), static_cast<std::size_t>(at - buffer.data())};
}

void read_text(Reader& parent, Manifest& manifest) {
  Reader reader = nested(parent);
  if (reader.map() != 1 || reader.text() != suit::kLanguage) refuse("texts that a release does not have");
  if (reader.map() != 1) refuse("texts of components that a release does not have");
  reader.array(1);
  const auto component = reader.bytes();
  if (component.size() != 1 || component[0] != image_component(manifest.content()))
    refuse("texts of another component");
  if (reader.map() != 2) refuse("texts that a release does not have");
  key(reader, suit::kTextModelName);
  manifest.model = reader.text();
  key(reader, suit::kTextComponentVersion);
  if (!says(reader.text(), manifest.version)) refuse("a version text that is not the signed version");
  reader.end();
}

void check_values(const Manifest& manifest) {
  if (manifest.sequence == 0) refuse("sequence number 0");
  if (!is_name(manifest.model)) refuse("a model that is no name");
  if (manifest.image_size == 0) refuse("an empty image");
  const auto encryption = parse_encryption_info(manifest.encryption_info);
  if (manifest.image_size > max_image_size(encryption.cipher)) refuse("an image larger than its cipher takes");
  if (manifest.payload_size != manifest.image_size + tag_size(encryption.cipher))
    refuse("a payload size that does not fit the image size");
}

/// Refuses the other content than is expected as soon as it shows.
Manifest read_manifest(ByteView encoded, std::optional<Content> expected) {
  Manifest manifest;
  Reader reader{encoded};
  if (reader.map() != 7) refuse("a manifest that does not have the members of a release");
  key(reader, suit::kManifestVersion);
  expect(reader, 1, "an unknown manifest version");
  key(reader, suit::kSequence);
  manifest.sequence = reader.unsigned_integer();
  key(reader, suit::kCommon);
  if (const auto content = read_common(reader, manifest); content != expected.value_or(content))
    refuse(content == Content::application ? "a partner's application where firmware is expected"
                                           : "firmware where a partner's application is expected");
  key(reader, suit::kValidate);
  read_validate(reader);
  key(reader, suit::kInvoke);
  read_invoke(reader);
  key(reader, suit::kInstall);
  read_install(reader, manifest);
  key(reader, suit::kText);
  read_text(reader, manifest);
  reader.end();
  check_values(manifest);
  return manifest;
}

}  // namespace

Manifest parse_manifest(ByteView encoded, Content expected) { return read_manifest(encoded, expected); }

Manifest parse_any_manifest(ByteView encoded) { return read_manifest(encoded, std::nullopt); }

EnvelopeHead parse_envelope_head(ByteView start) {
  EnvelopeHead head;
  auto& envelope = head.envelope;
  Reader reader{start.first(std::min(start.size(), kMaxHeadSize))};
  reader.tag(suit::kEnvelopeTag);
  const auto members = reader.map();
  if (members != 2 && members != 3) refuse("an envelope that does not have the members of a release");
  key(reader, suit::kAuthenticationWrapper);
  Reader wrapper = nested(reader);
  const auto items = wrapper.array();
  if (items == 0) refuse("an envelope without a digest");
  if (items - 1 > kMaxAuthenticationBlocks) refuse("too many signatures");
  envelope.digest = wrapper.bytes();
  envelope.digest_bytes = read_digest(Reader{envelope.digest});
  for (; envelope.count < items - 1; ++envelope.count) envelope.storage[envelope.count] = wrapper.bytes();
  wrapper.end();
  key(reader, suit::kManifest);
  envelope.wrapped_manifest = reader.item();
  envelope.manifest = Reader{envelope.wrapped_manifest}.bytes();
  envelope.place = members == 3 ? PayloadPlace::integrated : PayloadPlace::detached;
  if (envelope.place == PayloadPlace::integrated) {
    if (reader.text() != kPayloadUri) refuse("an envelope without the payload of a release");
    head.payload_size = reader.bytes_head();
  }
  head.size = reader.offset();
  return head;
}

Envelope parse_envelope(ByteView encoded) {
  auto head = parse_envelope_head(encoded);
  head.envelope.payload = encoded.subspan(head.size);
  if (head.envelope.payload.size() < head.payload_size) refuse("the envelope ends within its payload");
  if (head.envelope.payload.size() > head.payload_size) refuse("unexpected data after the envelope");
  return head.envelope;
}

void require_same_place(const Envelope& envelope, const Manifest& manifest) {
  if (envelope.place != manifest.place)
    refuse(manifest.place == PayloadPlace::detached ? "an envelope with a payload whose manifest has it beside"
                                                    : "an envelope without the payload that its manifest has inside");
}

}  // namespace lamp::firmware
