#include "manufacturing/lamp_protocol.hpp"

#include <botan/hash.h>

#include <array>
#include <limits>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSignatureSize = 64, kPointSize = 65, kDigestSize = 32, kMaxText = 128, kMaxRequest = 1024;

Error malformed(const std::string& what) { return Error{Errc::bad_input, "provisioning frame: " + what}; }

Bytes framed(ByteView payload) {
  if (payload.size() > kMaxFrameSize - kFrameHeaderSize)
    throw Error{Errc::internal, "provisioning frame of " + std::to_string(payload.size()) + " bytes is over the limit"};
  const auto size = static_cast<std::uint32_t>(payload.size());
  Bytes frame{'L',
              'P',
              kVersion,
              static_cast<std::uint8_t>(size >> 24),
              static_cast<std::uint8_t>(size >> 16),
              static_cast<std::uint8_t>(size >> 8),
              static_cast<std::uint8_t>(size)};
  append(frame, payload);
  return frame;
}

ByteView payload_of(ByteView frame) {
  const auto size = frame_size(frame);
  if (!size || *size != frame.size()) throw malformed("length and content differ");
  return frame.subspan(kFrameHeaderSize);
}

/// A body: a map whose keys are exactly 1, 2, ... in this order.
class Body {
 public:
  Body(cbor::Reader& reader, std::uint64_t fields) : reader_{reader} {
    if (reader_.map() != fields) throw malformed("body with missing or unknown fields");
  }
  Bytes bytes(std::size_t low, std::size_t high) {
    next();
    const auto value = reader_.bytes();
    if (value.size() < low || value.size() > high) throw malformed(field() + " has the wrong size");
    return {value.begin(), value.end()};
  }
  Bytes bytes(std::size_t exactly) { return bytes(exactly, exactly); }
  std::string text() {
    next();
    const auto value = reader_.text();
    if (value.size() > kMaxText) throw malformed(field() + " is too long");
    return std::string{value};
  }
  std::uint64_t number(std::uint64_t high) {
    next();
    const auto value = reader_.unsigned_integer();
    if (value > high) throw malformed(field() + " is out of range");
    return value;
  }
  Lifecycle lifecycle() { return static_cast<Lifecycle>(number(static_cast<std::uint64_t>(Lifecycle::locked))); }

 private:
  void next() {
    if (reader_.integer() != ++key_) throw malformed("body with missing or unknown fields");
  }
  std::string field() const { return "field " + std::to_string(key_); }
  cbor::Reader& reader_;
  std::int64_t key_ = 0;
};

struct EncodeRequestBody {
  Bytes operator()(const Generate& g) const { return cbor::MapWriter{}.add(1, cbor::bytes_item(g.nonce)).encoded(); }
  Bytes operator()(const Install& i) const { return cbor::MapWriter{}.add(1, cbor::bytes_item(i.box)).encoded(); }
  Bytes operator()(const Prove& p) const { return cbor::MapWriter{}.add(1, cbor::bytes_item(p.nonce)).encoded(); }
  Bytes operator()(const MakeRequest& m) const { return cbor::MapWriter{}.add(1, cbor::text_item(m.serial)).encoded(); }
  template <class Empty>
  Bytes operator()(const Empty&) const {
    return cbor::MapWriter{}.encoded();
  }
};

struct EncodeResponseBody {
  Bytes operator()(const Identity& i) const {
    return cbor::MapWriter{}
        .add(1, cbor::text_item(i.model))
        .add(2, cbor::bytes_item(i.chip_id))
        .add(3, cbor::number_item(i.hardware_revision))
        .add(4, cbor::number_item(static_cast<std::uint8_t>(i.state)))
        .add(5, cbor::text_item(i.firmware_version))
        .add(6, cbor::bytes_item(i.session_point))
        .add(7, cbor::bytes_item(i.block_digest))
        .encoded();
  }
  Bytes operator()(const GeneratedKey& k) const {
    return cbor::MapWriter{}.add(1, cbor::bytes_item(k.spki)).add(2, cbor::bytes_item(k.signature)).encoded();
  }
  Bytes operator()(const Installed& i) const { return cbor::MapWriter{}.add(1, cbor::bytes_item(i.digest)).encoded(); }
  Bytes operator()(const Proof& p) const {
    return cbor::MapWriter{}
        .add(1, cbor::text_item(p.serial))
        .add(2, cbor::number_item(static_cast<std::uint8_t>(p.state)))
        .add(3, cbor::number_item(static_cast<std::uint8_t>(p.debug_port)))
        .add(4, cbor::bytes_item(p.signature))
        .encoded();
  }
  Bytes operator()(const MadeRequest& m) const {
    return cbor::MapWriter{}.add(1, cbor::bytes_item(m.request)).encoded();
  }
  Bytes operator()(const Refusal& r) const { return cbor::MapWriter{}.add(1, cbor::text_item(r.detail)).encoded(); }
  template <class Empty>
  Bytes operator()(const Empty&) const {
    return cbor::MapWriter{}.encoded();
  }
};

Operation operation_from(std::uint64_t number, Operation lowest) {
  if (number < static_cast<std::uint64_t>(lowest) || number > static_cast<std::uint64_t>(Operation::request))
    throw malformed("unknown operation " + std::to_string(number));
  return static_cast<Operation>(number);
}

std::uint32_t sequence_from(std::uint64_t number) {
  if (number > std::numeric_limits<std::uint32_t>::max()) throw malformed("sequence number out of range");
  return static_cast<std::uint32_t>(number);
}

RequestBody read_request_body(Operation operation, cbor::Reader& reader) {
  const bool has_field = operation == Operation::generate || operation == Operation::install ||
                         operation == Operation::prove || operation == Operation::request;
  Body body{reader, has_field ? 1U : 0U};
  switch (operation) {
    case Operation::identify: return Identify{};
    case Operation::generate: return Generate{body.bytes(kNonceSize)};
    case Operation::install: return Install{body.bytes(1, kMaxFrameSize)};
    case Operation::prove: return Prove{body.bytes(kNonceSize)};
    case Operation::lock: return Lock{};
    case Operation::reset: return Reset{};
    case Operation::request: return MakeRequest{body.text()};
    case Operation::none: break;
  }
  throw malformed("no operation");
}

Identity read_identity(cbor::Reader& reader) {
  Body body{reader, 7};
  Identity identity;
  identity.model = body.text();
  identity.chip_id = body.bytes(kChipIdSize);
  identity.hardware_revision = body.number(std::numeric_limits<std::uint32_t>::max());
  identity.state = body.lifecycle();
  identity.firmware_version = body.text();
  identity.session_point = body.bytes(kPointSize);
  identity.block_digest = body.bytes(0, kDigestSize);
  if (!identity.block_digest.empty() && identity.block_digest.size() != kDigestSize)
    throw malformed("block digest has the wrong size");
  return identity;
}

Proof read_proof(cbor::Reader& reader) {
  Body body{reader, 4};
  Proof proof;
  proof.serial = body.text();
  proof.state = body.lifecycle();
  proof.debug_port = static_cast<DebugPort>(body.number(static_cast<std::uint64_t>(DebugPort::locked)));
  proof.signature = body.bytes(kSignatureSize);
  return proof;
}

ResponseBody read_response_body(Operation operation, Status status, cbor::Reader& reader) {
  if (status != Status::ok) return Refusal{status, Body{reader, 1}.text()};
  switch (operation) {
    case Operation::identify: return read_identity(reader);
    case Operation::generate: {
      Body body{reader, 2};
      auto spki = body.bytes(1, 256);
      return GeneratedKey{std::move(spki), body.bytes(kSignatureSize)};
    }
    case Operation::install: return Installed{Body{reader, 1}.bytes(kDigestSize)};
    case Operation::prove: return read_proof(reader);
    case Operation::lock: return Body{reader, 0}, Locked{};
    case Operation::reset: return Body{reader, 0}, Resetting{};
    case Operation::request: return MadeRequest{Body{reader, 1}.bytes(1, kMaxRequest)};
    case Operation::none: break;
  }
  throw malformed("an answer to nothing that says ok");
}

}  // namespace

std::string_view name_of(Status status) noexcept {
  constexpr std::array<std::string_view, 5> names{"ok", "bad-request", "wrong-state", "wrong-content", "internal"};
  return names.at(static_cast<std::size_t>(status));
}

std::string_view name_of(Lifecycle state) noexcept {
  constexpr std::array<std::string_view, 4> names{"blank", "keyed", "provisioned", "locked"};
  return names.at(static_cast<std::size_t>(state));
}

std::string_view name_of(Operation operation) noexcept {
  constexpr std::array<std::string_view, 8> names{"none",  "identify", "generate", "install",
                                                  "prove", "lock",     "reset",    "request"};
  return names.at(static_cast<std::size_t>(operation));
}

Operation operation_of(const RequestBody& body) noexcept { return static_cast<Operation>(body.index() + 1); }

Bytes encode(const Request& request) {
  cbor::Writer payload;
  payload.array(3)
      .unsigned_integer(static_cast<std::uint8_t>(operation_of(request.body)))
      .unsigned_integer(request.sequence)
      .raw(std::visit(EncodeRequestBody{}, request.body));
  return framed(payload.encoded());
}

Bytes encode(const Response& response) {
  const auto* refusal = std::get_if<Refusal>(&response.body);
  cbor::Writer payload;
  payload.array(4)
      .unsigned_integer(static_cast<std::uint8_t>(response.operation))
      .unsigned_integer(response.sequence)
      .unsigned_integer(static_cast<std::uint8_t>(refusal != nullptr ? refusal->status : Status::ok))
      .raw(std::visit(EncodeResponseBody{}, response.body));
  return framed(payload.encoded());
}

Request decode_request(ByteView frame) {
  cbor::Reader reader{payload_of(frame)};
  reader.array(3);
  const auto operation = operation_from(reader.unsigned_integer(), Operation::identify);
  const auto sequence = sequence_from(reader.unsigned_integer());
  Request request{sequence, read_request_body(operation, reader)};
  reader.end();
  return request;
}

Response decode_response(ByteView frame) {
  cbor::Reader reader{payload_of(frame)};
  reader.array(4);
  Response response;
  response.operation = operation_from(reader.unsigned_integer(), Operation::none);
  response.sequence = sequence_from(reader.unsigned_integer());
  const auto status = reader.unsigned_integer();
  if (status > static_cast<std::uint64_t>(Status::internal)) throw malformed("unknown status");
  response.body = read_response_body(response.operation, static_cast<Status>(status), reader);
  reader.end();
  return response;
}

std::optional<std::size_t> frame_size(ByteView start) {
  if (start.size() < kFrameHeaderSize) return std::nullopt;
  if (start[0] != 'L' || start[1] != 'P') throw malformed("wrong magic");
  if (start[2] != kVersion) throw malformed("version " + std::to_string(start[2]) + ", not 1");
  const std::size_t size = static_cast<std::size_t>(start[3]) << 24 | static_cast<std::size_t>(start[4]) << 16 |
                           static_cast<std::size_t>(start[5]) << 8 | start[6];
  if (size > kMaxFrameSize - kFrameHeaderSize) throw malformed("longer than 64 KiB");
  return kFrameHeaderSize + size;
}

Bytes key_message(ByteView nonce, ByteView spki) {
  Bytes message = to_bytes("lamp-key-v1");
  append(message, nonce);
  append(message, spki);
  return message;
}

Bytes proof_message(ByteView nonce, std::string_view serial, Lifecycle state, DebugPort debug_port) {
  Bytes message = to_bytes("lamp-proof-v1");
  append(message, nonce);
  append(message, as_bytes(serial));
  message.push_back(static_cast<std::uint8_t>(state));
  message.push_back(static_cast<std::uint8_t>(debug_port));
  return message;
}

Bytes install_context(ByteView chip_id) {
  Bytes context = to_bytes("lamp-install-v1");
  append(context, chip_id);
  return context;
}

Bytes credential_digest(ByteView block) {
  return guarded(Errc::internal, [&] {
    const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
    hash->update(block);
    return hash->final_stdvec();
  });
}

}  // namespace lamp::manufacturing
