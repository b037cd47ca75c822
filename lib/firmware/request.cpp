#include "lib/firmware/request.hpp"

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
  count
};

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

Request read(ByteView encoded) {
  cbor::Reader reader{encoded};
  if (reader.map() != Field::count) throw Error{Errc::bad_input, "it has not the fields of a request"};
  if (text_field(reader, kind) != kKind) throw Error{Errc::bad_input, "it is of another kind"};
  Request r;
  const auto named_model = text_field(reader, model);
  r.name = ReleaseName::parse(named_model + "/" + text_field(reader, version));
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
  reader.end();
  return r;
}

template <class T>
void compare(Verdict& verdict, const char* what, const T& in_request, const T& in_file) {
  if (in_request != in_file) verdict.objections.push_back(std::string{what} + " in the request is not the manifest's");
}

}  // namespace

Bytes Request::encode() const {
  cbor::Writer w;
  w.map(Field::count);
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
  return std::move(w).encoded();
}

Request Request::parse(ByteView encoded) {
  return in_context("release request", [&] { return read(encoded); });
}

Bytes Request::digest() const {
  const Digest value = sha256(encode());
  return copy(value);
}

Verdict check_request_files(const Request& request, ByteView manifest, ByteView payload) {
  Verdict verdict;
  if (suit_digest(manifest) != request.suit_digest)
    return {{"manifest.cbor is not the manifest of this request: its digest differs"}};
  const Manifest m = parse_manifest(manifest);
  compare(verdict, "the model", request.name.model, std::string{m.model});
  compare(verdict, "the version", request.name.version, m.version.text());
  compare(verdict, "the sequence number", request.sequence, m.sequence);
  compare(verdict, "the epoch", request.epoch, m.security_epoch);
  compare(verdict, "the image's digest", request.image_digest, copy(m.image_digest));
  compare(verdict, "the image's size", request.image_size, m.image_size);
  compare(verdict, "the payload's digest", request.payload_digest, copy(m.payload_digest));
  compare(verdict, "the payload's size", request.payload_size, m.payload_size);
  if (payload.size() != m.payload_size || sha256(payload) != m.payload_digest)
    verdict.objections.push_back("payload.bin is not the payload of this request: its digest or size differs");
  return verdict;
}

}  // namespace lamp::firmware
