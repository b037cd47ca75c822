// A release: an IETF SUIT envelope (draft-ietf-suit-manifest-37) with one encrypted image inside. lamp-release(5).
//
// The reader takes only the manifest that the writer makes: the same commands in the same order, so that a device needs
// no interpreter and no two devices read one manifest differently. It neither allocates nor copies; views live as long
// as the bytes that were read.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/parse.hpp"
#include "lib/firmware/revoked_keys.hpp"
#include "lib/firmware/uuid.hpp"

namespace lamp::firmware {

using Digest = std::array<std::uint8_t, 32>;  ///< SHA-256

[[nodiscard]] Digest sha256(ByteView bytes);

/// Private-use parameters: suit-parameter-custom is any negative integer.
inline constexpr std::int64_t kVersionParameter = -1;        ///< major << 32 | minor << 16 | patch
inline constexpr std::int64_t kSecurityEpochParameter = -2;  ///< unsigned; the device's floor once confirmed

inline constexpr std::int64_t kRevokedKeysParameter = -3;  ///< byte string: RevokedKeys, encoded; absent for none
inline constexpr std::int64_t kPermissionsParameter = -4;  ///< byte string: PermissionManifest, encoded

/// What a release brings: the device's firmware, or one partner's application for the sandbox in it.
enum class Content { firmware, application };

/// Where the encrypted image is: the envelope's last member, or a file beside it. Either way it is what the manifest's
/// digest says.
enum class PayloadPlace { integrated, detached };
inline constexpr std::string_view kPayloadUri = "#firmware";
inline constexpr std::string_view kDetachedPayloadUri = "payload.bin";  ///< relative to the envelope's own address
inline constexpr std::size_t kMaxAuthenticationBlocks = 32;
inline constexpr std::size_t kMaxModelLength = 63;
/// All of an envelope but its payload; more is refused. Room for every signature by ML-DSA-87.
inline constexpr std::size_t kMaxHeadSize = std::size_t{256} * 1024;

/// What officers approve and a device obeys. Used for writing and reading; borrows `model`, `encryption_info` and
/// `permissions`.
struct Manifest {
  std::uint64_t sequence = 0;
  Uuid vendor{}, model_class{};
  std::string_view model;
  Version version;
  std::uint64_t security_epoch = 0;
  Digest image_digest{};  ///< of the plaintext
  std::uint64_t image_size = 0;
  Digest payload_digest{};  ///< of the ciphertext, authentication tag included
  std::uint64_t payload_size = 0;
  PayloadPlace place = PayloadPlace::integrated;
  RevokedKeys revoked;
  ByteView encryption_info;  ///< COSE_Encrypt: see encryption.hpp
  ByteView permissions{};    ///< of an application: its PermissionManifest, encoded; empty for firmware

  [[nodiscard]] Content content() const noexcept {
    return permissions.empty() ? Content::firmware : Content::application;
  }
};

/// Throws Error{bad_input} for a field that no device would take.
[[nodiscard]] Bytes encode_manifest(const Manifest& manifest);
/// Throws Error{bad_input}, naming what is wrong; also for a manifest of the other content.
[[nodiscard]] Manifest parse_manifest(ByteView manifest, Content expected = Content::firmware);
/// Of either content, for those who show or carry it and do not obey it.
[[nodiscard]] Manifest parse_any_manifest(ByteView manifest);
/// The class identifier that the names in the manifest give.
[[nodiscard]] Uuid class_of(const Manifest& manifest);

/// The SUIT_Digest of an encoded manifest: what the release key and every officer sign. It is taken over the manifest
/// with its byte-string head, as the draft's examples have it.
[[nodiscard]] Bytes suit_digest(ByteView manifest);

/// Puts the parts together: `blocks` are tagged COSE_Sign1, detached, over suit_digest(manifest) with empty context;
/// first the release key's, then the officers'. The manifest says where the payload is: a detached one is not written,
/// but must be of the size that the manifest says too. Throws Error{bad_input}.
[[nodiscard]] Bytes encode_envelope(ByteView manifest, const std::vector<Bytes>& blocks, ByteView payload);
/// All of it but the payload's bytes, which follow at once when it is integrated.
[[nodiscard]] Bytes encode_envelope_head(ByteView manifest, const std::vector<Bytes>& blocks);

struct Envelope {
  ByteView digest;            ///< the encoded SUIT_Digest: the payload of every signature
  ByteView digest_bytes;      ///< the 32 bytes in it; compare with the SHA-256 of wrapped_manifest
  ByteView wrapped_manifest;  ///< with its byte-string head
  ByteView manifest;          ///< for parse_manifest, once authenticated
  PayloadPlace place = PayloadPlace::integrated;
  ByteView payload;  ///< ciphertext; empty for a detached one until the caller puts the file's bytes here
  [[nodiscard]] std::span<const ByteView> blocks() const noexcept { return std::span{storage}.first(count); }

  std::array<ByteView, kMaxAuthenticationBlocks> storage{};
  std::size_t count = 0;
};

/// Strict: tag 107, wrapper, manifest and, unless it is detached, the one integrated payload, nothing else. Throws
/// Error{bad_input}. Nothing in the answer is authenticated yet.
[[nodiscard]] Envelope parse_envelope(ByteView envelope);

/// An envelope whose payload is somewhere else, or was not read yet.
struct EnvelopeHead {
  Envelope envelope;               ///< payload empty
  std::size_t size = 0;            ///< of the head: where an integrated payload begins
  std::uint64_t payload_size = 0;  ///< of an integrated one, as the envelope has it
};

/// As strict. `start` is the envelope's beginning, at least min(whole envelope, kMaxHeadSize) bytes; what comes after
/// the head is not looked at.
[[nodiscard]] EnvelopeHead parse_envelope_head(ByteView start);

/// Throws Error{bad_input} when the envelope has a payload and the manifest one beside it, or the reverse.
void require_same_place(const Envelope& envelope, const Manifest& manifest);

}  // namespace lamp::firmware
