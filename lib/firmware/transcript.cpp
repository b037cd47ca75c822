#include "lib/firmware/transcript.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::firmware {
namespace {

constexpr std::size_t kDigestLength = 32;
constexpr std::uint64_t kFields = 5;
constexpr std::array<std::string_view, 8> kKinds{"request",   "approval", "policy",  "token",
                                                 "signature", "release",  "renewal", "receipt"};

Bytes copy(ByteView view) { return {view.begin(), view.end()}; }

Bytes digest_of(ByteView bytes) {
  const auto digest = sha256(bytes);
  return {digest.begin(), digest.end()};
}

Bytes encode_content(const TranscriptRecord& r) {
  return cbor::Writer{}
      .array(kFields)
      .unsigned_integer(r.number)
      .bytes(r.previous)
      .integer(unix_seconds(r.at))
      .text(text(r.kind))
      .bytes(r.body)
      .encoded();
}

TranscriptRecord read_record(cbor::Reader& file) {
  TranscriptRecord r;
  cbor::Reader outer{file.item()};
  outer.array(2);
  r.content = copy(outer.bytes());
  r.signature = copy(outer.bytes());
  outer.end();
  cbor::Reader reader{r.content};
  reader.array(kFields);
  r.number = reader.unsigned_integer();
  r.previous = copy(reader.bytes());
  r.at = from_unix_seconds(reader.integer());
  const auto kind = std::ranges::find(kKinds, reader.text());
  if (kind == kKinds.end()) throw Error{Errc::bad_input, "it is of an unknown kind"};
  r.kind = static_cast<RecordKind>(kind - kKinds.begin());
  r.body = copy(reader.bytes());
  reader.end();
  return r;
}

void require_link(const TranscriptRecord& r, const std::vector<TranscriptRecord>& before) {
  if (r.number != before.size() || r.previous != (before.empty() ? Bytes(kDigestLength) : before.back().digest()))
    throw Error{Errc::bad_input, "it does not follow the record before it: something was changed, removed or moved"};
  if (!r.signature.empty() && r.kind != RecordKind::release)
    throw Error{Errc::bad_input, "it is signed, and only the release record is"};
  if (before.empty()) return;
  if (r.at < before.back().at) throw Error{Errc::bad_input, "its time is before the last record's"};
  if (r.kind < before.back().kind) throw Error{Errc::bad_input, "a record of its kind cannot stand there"};
}

/// Reads a body to its end.
template <class Read>
auto whole(ByteView body, const char* what, Read&& read) {
  return in_context(what, [&] {
    cbor::Reader reader{body};
    auto value = read(reader);
    reader.end();
    return value;
  });
}

}  // namespace

std::string_view text(RecordKind kind) noexcept { return kKinds[static_cast<std::size_t>(kind)]; }

Bytes TranscriptRecord::encoded() const { return cbor::Writer{}.array(2).bytes(content).bytes(signature).encoded(); }
Bytes TranscriptRecord::digest() const { return digest_of(encoded()); }

Transcript Transcript::parse(ByteView file) {
  Transcript transcript;
  cbor::Reader reader{file};
  while (!reader.at_end()) {
    in_context("record " + std::to_string(transcript.records_.size()), [&] {
      auto record = read_record(reader);
      require_link(record, transcript.records_);
      transcript.records_.push_back(std::move(record));
    });
  }
  if (transcript.records_.empty()) throw Error{Errc::bad_input, "there is no record in it"};
  return transcript;
}

void Transcript::add(RecordKind kind, Bytes body, Instant at) {
  TranscriptRecord r;
  r.number = records_.size();
  r.previous = records_.empty() ? Bytes(kDigestLength) : records_.back().digest();
  r.at = at;
  r.kind = kind;
  r.body = std::move(body);
  if (!records_.empty() && at < records_.back().at)
    throw Error{Errc::denied, "this host's clock says " + format_instant(at) +
                                  ", before the transcript's last record (" + format_instant(records_.back().at) +
                                  "); set the clock"};
  r.content = encode_content(r);
  records_.push_back(std::move(r));
}

void Transcript::seal(Bytes body, Instant at, const Botan::Private_Key& custody_key,
                      Botan::RandomNumberGenerator& rng) {
  add(RecordKind::release, std::move(body), at);
  auto& record = records_.back();
  record.signature = cose::sign1(custody_key, rng, record.content, kTranscriptContext);
}

std::vector<const TranscriptRecord*> Transcript::of(RecordKind kind) const {
  std::vector<const TranscriptRecord*> all;
  for (const auto& record : records_)
    if (record.kind == kind) all.push_back(&record);
  return all;
}

const TranscriptRecord* Transcript::find(RecordKind kind) const {
  const auto all = of(kind);
  return all.size() == 1 ? all.front() : nullptr;
}

Bytes Transcript::encoded() const {
  Bytes all;
  for (const auto& record : records_) append(all, record.encoded());
  return all;
}

Bytes Transcript::head() const { return records_.back().digest(); }

Bytes ApprovalBody::encode() const {
  return cbor::Writer{}.array(3).text(officer).bytes(approval).unsigned_integer(dealing).encoded();
}
ApprovalBody ApprovalBody::decode(ByteView body) {
  return whole(body, "an approval", [](cbor::Reader& r) {
    r.array(3);
    ApprovalBody b;
    b.officer = r.text();
    b.approval = copy(r.bytes());
    b.dealing = r.unsigned_integer();
    return b;
  });
}

Bytes PolicyBody::encode() const {
  cbor::Writer w;
  w.array(here.grants ? 12 : 11).text(text).integer(unix_seconds(here.now)).boolean(here.demo).text(here.hardware_type);
  w.unsigned_integer(here.threshold).unsigned_integer(here.officers).array(here.signing_keys.size());
  for (const auto& key : here.signing_keys) w.bytes(key);
  w.unsigned_integer(history.requested_sequence).unsigned_integer(history.released_sequence);
  w.unsigned_integer(history.released_epoch).text("accepted");
  if (here.grants) {
    w.array(here.grants->size());
    for (const auto& api : *here.grants) w.text(api);
  }
  return std::move(w).encoded();
}
PolicyBody PolicyBody::decode(ByteView body) {
  return whole(body, "the policy", [](cbor::Reader& r) {
    const auto items = r.array();
    if (items != 11 && items != 12) throw Error{Errc::bad_input, "its parts are not those of a policy"};
    PolicyBody b;
    b.text = r.text();
    b.here.now = from_unix_seconds(r.integer());
    b.here.demo = r.boolean();
    b.here.hardware_type = r.text();
    b.here.threshold = r.unsigned_integer();
    b.here.officers = r.unsigned_integer();
    for (auto left = r.array(); left > 0; --left) b.here.signing_keys.push_back(copy(r.bytes()));
    b.history.requested_sequence = r.unsigned_integer();
    b.history.released_sequence = r.unsigned_integer();
    b.history.released_epoch = r.unsigned_integer();
    if (r.text() != "accepted") throw Error{Errc::bad_input, "its verdict is none"};
    if (items == 12) b.here.grants.emplace();
    for (auto left = items == 12 ? r.array() : 0; left > 0; --left) b.here.grants->emplace_back(r.text());
    return b;
  });
}

Bytes TokenBody::encode() const {
  return cbor::Writer{}
      .array(8)
      .text(label)
      .text(serial)
      .text(model)
      .unsigned_integer(locked_memory)
      .unsigned_integer(dealing)
      .bytes(dealing_digest)
      .text(log_origin)
      .bytes(log_key)
      .encoded();
}
TokenBody TokenBody::decode(ByteView body) {
  return whole(body, "the token", [](cbor::Reader& r) {
    r.array(8);
    TokenBody b;
    b.label = r.text();
    b.serial = r.text();
    b.model = r.text();
    b.locked_memory = r.unsigned_integer();
    b.dealing = r.unsigned_integer();
    b.dealing_digest = copy(r.bytes());
    b.log_origin = r.text();
    b.log_key = copy(r.bytes());
    return b;
  });
}

Bytes SignatureBody::encode() const {
  return cbor::Writer{}
      .array(6)
      .text(region.output)
      .text(region.key)
      .text(region.algorithm)
      .bytes(region.digest)
      .unsigned_integer(region.size)
      .bytes(signature)
      .encoded();
}
SignatureBody SignatureBody::decode(ByteView body) {
  return whole(body, "a signature", [](cbor::Reader& r) {
    r.array(6);
    SignatureBody b;
    b.region.output = r.text();
    b.region.key = r.text();
    b.region.algorithm = r.text();
    b.region.digest = copy(r.bytes());
    b.region.size = r.unsigned_integer();
    b.signature = copy(r.bytes());
    return b;
  });
}

Bytes ReleaseBody::encode() const {
  cbor::Writer w;
  w.array(files.size());
  for (const auto& file : files) w.array(3).text(file.name).bytes(file.digest).unsigned_integer(file.size);
  return std::move(w).encoded();
}
ReleaseBody ReleaseBody::decode(ByteView body) {
  return whole(body, "the release", [](cbor::Reader& r) {
    ReleaseBody b;
    for (auto left = r.array(); left > 0; --left) {
      r.array(3);
      PublishedFile file;
      file.name = r.text();
      file.digest = copy(r.bytes());
      file.size = r.unsigned_integer();
      b.files.push_back(std::move(file));
    }
    return b;
  });
}

Bytes RenewalBody::encode() const { return cbor::Writer{}.text(dealing).encoded(); }
RenewalBody RenewalBody::decode(ByteView body) {
  return whole(body, "the renewal", [](cbor::Reader& r) { return RenewalBody{std::string{r.text()}}; });
}

Bytes ReceiptBody::encode() const { return cbor::Writer{}.text(receipt).encoded(); }
ReceiptBody ReceiptBody::decode(ByteView body) {
  return whole(body, "the receipt", [](cbor::Reader& r) { return ReceiptBody{std::string{r.text()}}; });
}

}  // namespace lamp::firmware
