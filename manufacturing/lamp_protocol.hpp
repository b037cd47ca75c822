// The lamp provisioning protocol: what a station and a device that makes its own key say to each other over USB.
// lamp-provisioning(7) is the specification for firmware engineers; this is both sides of its codec. No USB here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "lib/base/bytes.hpp"

namespace lamp::manufacturing {

inline constexpr std::uint16_t kVendorId = 0x1209;   ///< pid.codes
inline constexpr std::uint16_t kProductId = 0x0001;  ///< its PID for tests
inline constexpr std::size_t kFrameHeaderSize = 7;   ///< "LP", version, big-endian length of the payload
inline constexpr std::size_t kMaxFrameSize = 65536;  ///< header and payload together
inline constexpr std::size_t kChipIdSize = 16;
inline constexpr std::size_t kNonceSize = 32;

enum class Operation : std::uint8_t {
  none = 0,
  identify = 1,
  generate = 2,
  install = 3,
  prove = 4,
  lock = 5,
  reset = 6,
  request = 7
};
enum class Status : std::uint8_t { ok = 0, bad_request = 1, wrong_state = 2, wrong_content = 3, internal = 4 };
enum class Lifecycle : std::uint8_t { blank = 0, keyed = 1, provisioned = 2, locked = 3 };
enum class DebugPort : std::uint8_t { open = 0, locked = 1 };

[[nodiscard]] std::string_view name_of(Status status) noexcept;
[[nodiscard]] std::string_view name_of(Lifecycle state) noexcept;
[[nodiscard]] std::string_view name_of(Operation operation) noexcept;

struct Identify {};
struct Generate {
  Bytes nonce;
};
struct Install {
  Bytes box;  ///< the credential block, crypto::seal'ed to the session point in install_context()
};
struct Prove {
  Bytes nonce;
};
struct Lock {};
struct Reset {};
/// For a certificate request.
struct MakeRequest {
  std::string serial;  ///< that the request is to name
};
/// In the order of Operation, from identify.
using RequestBody = std::variant<Identify, Generate, Install, Prove, Lock, Reset, MakeRequest>;

struct Request {
  std::uint32_t sequence = 0;
  RequestBody body;
};
[[nodiscard]] Operation operation_of(const RequestBody& body) noexcept;

struct Identity {
  std::string model;
  Bytes chip_id;  ///< 16 bytes
  std::uint64_t hardware_revision = 0;
  Lifecycle state = Lifecycle::blank;
  std::string firmware_version;
  Bytes session_point;  ///< P-256, 65 bytes, fresh at every power-up
  Bytes block_digest;   ///< credential_digest of the installed block; empty when none is installed
};
struct GeneratedKey {
  Bytes spki;       ///< DER SubjectPublicKeyInfo of the IDevID key
  Bytes signature;  ///< by that key over key_message(); ECDSA with SHA-256, r || s, 64 bytes
};
struct Installed {
  Bytes digest;  ///< credential_digest of the block as the device opened and stored it
};
struct Proof {
  std::string serial;  ///< from the installed block; empty when none is installed
  Lifecycle state = Lifecycle::blank;
  DebugPort debug_port = DebugPort::open;
  Bytes signature;  ///< by the IDevID key over proof_message(); r || s, 64 bytes
};
struct Locked {};
struct Resetting {};
struct MadeRequest {
  Bytes request;  ///< DER CertificationRequest of the IDevID key: pki::write_request()
};
/// Any status but ok.
struct Refusal {
  Status status = Status::internal;
  std::string detail;  ///< for people; may be empty
};
using ResponseBody = std::variant<Identity, GeneratedKey, Installed, Proof, Locked, Resetting, MadeRequest, Refusal>;

struct Response {
  Operation operation = Operation::none;  ///< that of the request; none when the request could not be read
  std::uint32_t sequence = 0;
  ResponseBody body;
};

/// Whole frames. Encoding throws Error{internal} for a frame over the limit; decoding throws Error{bad_input} for
/// anything but one well-formed frame with exactly the fields of its operation.
[[nodiscard]] Bytes encode(const Request& request);
[[nodiscard]] Bytes encode(const Response& response);
[[nodiscard]] Request decode_request(ByteView frame);
[[nodiscard]] Response decode_response(ByteView frame);

/// How long the frame is that begins with `start`; nothing while fewer than kFrameHeaderSize bytes are there. Bulk
/// transfers may cut a frame anywhere, so a receiver collects until it has this many bytes. Throws Error{bad_input}.
[[nodiscard]] std::optional<std::size_t> frame_size(ByteView start);

/// What the signatures and the sealed box are bound to.
[[nodiscard]] Bytes key_message(ByteView nonce, ByteView spki);
[[nodiscard]] Bytes proof_message(ByteView nonce, std::string_view serial, Lifecycle state, DebugPort debug_port);
[[nodiscard]] Bytes install_context(ByteView chip_id);

/// How both sides name an encoded credential block: its SHA-256.
[[nodiscard]] Bytes credential_digest(ByteView block);

}  // namespace lamp::manufacturing
