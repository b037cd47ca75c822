#include "lib/firmware/request.hpp"

#include <algorithm>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/seal.hpp"

namespace lamp::firmware {
namespace {

constexpr std::string_view kKind = "lamp-request-v1";
constexpr std::size_t kDigestLength = 32;

Bytes copy(ByteView view) { return {view.begin(), view.end()}; }

/// The fields' keys in the encoded map.
enum Field : std::int64_t {
  kind = 0,
  model,
  version,
  sequence,
  epoch,
  image_digest,
  image_size,
  payload_digest,
  payload_size,
  suit_digest_field,
  session_point,
  roster_digest,
  requested,
  requester,
  nonce,
  expires,
  extra_approvals,
  hardware,
  witness,
  regions,
  revokes,
  demo,
  count,
  permissions = count  ///< of an application only, after all others
};

constexpr std::uint64_t kMostRegions = 32;
constexpr std::uint64_t kMostRevoked = 8;

void expect_key(cbor::Reader& reader, Field field) {
  if (reader.integer() != field) throw Error{Errc::bad_input, "field " + std::to_string(field) + " is missing"};
}

Bytes digest_field(cbor::Reader& reader, Field field) {
  expect_key(reader, field);
  const auto value = reader.bytes();
  if (value.size() != kDigestLength)
    throw Error{Errc::bad_input, "field " + std::to_string(field) + " is not a SHA-256 digest"};
  return copy(value);
}

std::uint64_t number_field(cbor::Reader& reader, Field field) {
  expect_key(reader, field);
  return reader.unsigned_integer();
}

std::string text_field(cbor::Reader& reader, Field field) {
  expect_key(reader, field);
  return std::string{reader.text()};
}

std::uint64_t bounded_array(cbor::Reader& reader, std::uint64_t most, const char* what) {
  const auto size = reader.array();
  if (size > most) throw Error{Errc::bad_input, std::string{"it has more than "} + std::to_string(most) + " " + what};
  return size;
}

Bytes exactly(ByteView value, std::size_t size, const char* what) {
  if (value.size() != size) throw Error{Errc::bad_input, std::string{what} + " has a wrong length"};
  return copy(value);
}

std::vector<SignedRegion> read_regions(cbor::Reader& reader) {
  std::vector<SignedRegion> all;
  for (auto left = bounded_array(reader, kMostRegions, "signatures"); left > 0; --left) {
    reader.array(5);
    SignedRegion region;
    region.output = reader.text();
    region.key = reader.text();
    region.algorithm = reader.text();
    region.digest = exactly(reader.bytes(), kDigestLength, "a signed region's digest");
    region.size = reader.unsigned_integer();
    all.push_back(std::move(region));
  }
  if (all.empty() || all.front().output != "suit")
    throw Error{Errc::bad_input, "its first signature is not that of the SUIT envelope"};
  return all;
}

void read_terms(cbor::Reader& reader, Request& r) {
  expect_key(reader, nonce);
  r.nonce = exactly(reader.bytes(), kRequestNonceLength, "the nonce");
  expect_key(reader, expires);
  r.expires = from_unix_seconds(reader.integer());
  r.terms.extra_approvals = number_field(reader, extra_approvals);
  expect_key(reader, hardware);
  reader.array(3);
  r.terms.hardware.type = reader.text();
  r.terms.hardware.first = reader.unsigned_integer();
  r.terms.hardware.last = reader.unsigned_integer();
  if (r.terms.hardware.last > Hardware::kLastRevision || r.terms.hardware.first > r.terms.hardware.last)
    throw Error{Errc::bad_input, "its hardware revisions are no range"};
  expect_key(reader, witness);
  if (!reader.null()) r.terms.witness = exactly(reader.bytes(), kDigestLength, "the witness digest");
  expect_key(reader, regions);
  r.signed_regions = read_regions(reader);
  expect_key(reader, revokes);
  for (auto left = bounded_array(reader, kMostRevoked, "revoked keys"); left > 0; --left)
    r.terms.revokes.push_back(exactly(reader.bytes(), kDigestLength, "a revoked key's id"));
  expect_key(reader, demo);
  r.terms.demo = reader.boolean();
}

void write_terms(cbor::Writer& w, const Request& r) {
  const auto& terms = r.terms;
  w.integer(nonce).bytes(r.nonce).integer(expires).integer(unix_seconds(r.expires));
  w.integer(extra_approvals).unsigned_integer(terms.extra_approvals);
  w.integer(hardware).array(3).text(terms.hardware.type);
  w.unsigned_integer(terms.hardware.first).unsigned_integer(terms.hardware.last);
  w.integer(witness);
  if (terms.witness.empty())
    w.null();
  else
    w.bytes(terms.witness);
  w.integer(regions).array(r.signed_regions.size());
  for (const auto& region : r.signed_regions)
    w.array(5)
        .text(region.output)
        .text(region.key)
        .text(region.algorithm)
        .bytes(region.digest)
        .unsigned_integer(region.size);
  w.integer(revokes).array(terms.revokes.size());
  for (const auto& key : terms.revokes) w.bytes(key);
  w.integer(demo).boolean(terms.demo);
  if (terms.application) w.integer(permissions).bytes(terms.application->encode());
}

void read_application(cbor::Reader& reader, Request& r) {
  expect_key(reader, permissions);
  r.terms.application = Application::parse(reader.bytes());
  r.name.application = r.terms.application->text();
  if (!r.terms.revokes.empty()) throw Error{Errc::bad_input, "an application that revokes keys"};
}

Request read(ByteView encoded) {
  cbor::Reader reader{encoded};
  const auto fields = reader.map();
  if (fields != Field::count && fields != Field::count + 1)
    throw Error{Errc::bad_input, "it has not the fields of a request"};
  if (text_field(reader, kind) != kKind) throw Error{Errc::bad_input, "it is of another kind"};
  Request r;
  const auto named_model = text_field(reader, model);
  r.name = ReleaseName::parse(named_model + "/" + text_field(reader, version));
  if (!r.name.application.empty()) throw Error{Errc::bad_input, "its model is no name"};
  r.sequence = number_field(reader, sequence);
  r.epoch = number_field(reader, epoch);
  r.image_digest = digest_field(reader, image_digest);
  r.image_size = number_field(reader, image_size);
  r.payload_digest = digest_field(reader, payload_digest);
  r.payload_size = number_field(reader, payload_size);
  expect_key(reader, suit_digest_field);
  r.suit_digest = copy(reader.bytes());
  expect_key(reader, session_point);
  r.session_point = copy(reader.bytes());
  crypto::require_p256_point(r.session_point);
  r.roster_digest = digest_field(reader, roster_digest);
  expect_key(reader, requested);
  r.requested = from_unix_seconds(reader.integer());
  r.requester = text_field(reader, requester);
  read_terms(reader, r);
  if (fields != Field::count) read_application(reader, r);
  reader.end();
  r.terms = terms_of(r);
  return r;
}

template <class T>
void compare(Verdict& verdict, const char* what, const T& in_request, const T& in_file) {
  if (in_request != in_file) verdict.objections.push_back(std::string{what} + " in the request is not the manifest's");
}

/// The envelope's signatures come first, and are of this manifest; which of them a model has, its profile says.
void compare_signatures(Verdict& verdict, const Request& request) {
  const auto& regions = request.signed_regions;
  const auto settings = settings_of(regions);
  const auto& application = request.terms.application;
  if (settings.key != (application ? application_key(application->partner) : ReleaseSettings{}.key))
    verdict.objections.emplace_back("the first signature in the request is not by the key for what it releases");
  const auto expected = suit_regions(request.suit_digest, settings);
  static constexpr const char* kWhich[] = {"the first signature", "the second signature"};
  for (std::size_t i = 0; i < expected.size(); ++i)
    if (i >= regions.size() || regions[i] != expected[i])
      verdict.objections.push_back(std::string{kWhich[i]} + " in the request is not the manifest's");
  const auto of_envelope = std::ranges::count_if(regions, is_of_envelope);
  if (static_cast<std::size_t>(of_envelope) > expected.size())
    verdict.objections.emplace_back("the request lists more signatures of the envelope than there are");
}

}  // namespace

Bytes Request::encode() const {
  cbor::Writer w;
  w.map(Field::count + (terms.application ? 1U : 0U));
  w.integer(kind).text(kKind);
  w.integer(model).text(name.model).integer(version).text(name.version);
  w.integer(Field::sequence).unsigned_integer(sequence).integer(Field::epoch).unsigned_integer(epoch);
  w.integer(Field::image_digest).bytes(image_digest).integer(Field::image_size).unsigned_integer(image_size);
  w.integer(Field::payload_digest).bytes(payload_digest).integer(Field::payload_size).unsigned_integer(payload_size);
  w.integer(suit_digest_field).bytes(suit_digest);
  w.integer(Field::session_point).bytes(session_point);
  w.integer(Field::roster_digest).bytes(roster_digest);
  w.integer(Field::requested).integer(unix_seconds(requested));
  w.integer(Field::requester).text(requester);
  write_terms(w, *this);
  return std::move(w).encoded();
}

Request Request::parse(ByteView encoded) {
  return in_context("release request", [&] { return read(encoded); });
}

Bytes Request::digest() const {
  const Digest value = sha256(encode());
  return copy(value);
}

Terms terms_of(const Request& request) {
  Terms terms = request.terms;
  terms.model = request.name.model;
  terms.image_digest = request.image_digest;
  terms.requested = request.requested;
  terms.expires = request.expires;
  terms.keys.clear();
  for (const auto& region : request.signed_regions) terms.keys.push_back(region.key);
  return terms;
}

SignedRegion suit_region(ByteView suit_digest) { return suit_regions(suit_digest, {}).front(); }

Verdict check_request_files(const Request& request, ByteView manifest, const Measured& payload) {
  Verdict verdict;
  if (suit_digest(manifest) != request.suit_digest)
    return {{"manifest.cbor is not the manifest of this request: its digest differs"}};
  const Manifest m = parse_manifest(manifest, request.terms.application ? Content::application : Content::firmware);
  compare(verdict, "the model", request.name.model, std::string{m.model});
  compare(verdict, "the version", request.name.version, m.version.text());
  compare(verdict, "the sequence number", request.sequence, m.sequence);
  compare(verdict, "the epoch", request.epoch, m.security_epoch);
  compare(verdict, "the image's digest", request.image_digest, copy(m.image_digest));
  compare(verdict, "the image's size", request.image_size, m.image_size);
  compare(verdict, "the payload's digest", request.payload_digest, copy(m.payload_digest));
  compare(verdict, "the payload's size", request.payload_size, m.payload_size);
  std::vector<Bytes> revoked;
  for (const auto& id : m.revoked.ids()) revoked.push_back(copy(id));
  compare(verdict, "the list of revoked keys", request.terms.revokes, revoked);
  if (const auto& application = request.terms.application)
    compare(verdict, "the application's permissions", application->encode(), copy(m.permissions));
  compare_signatures(verdict, request);
  if (payload.size != m.payload_size || payload.digest != m.payload_digest)
    verdict.objections.push_back("payload.bin is not the payload of this request: its digest or size differs");
  return verdict;
}

}  // namespace lamp::firmware
