// The record of a release's ceremony: releases/<model>/<version>/transcript.cbor, lamp-transcript(5). Hash-chained
// records; the quorum's custody key signs while the token is open, over everything that led to the signatures. What
// comes after the token was closed proves itself: a dealing is signed by the custody key, a receipt by the log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/firmware/release_policy.hpp"
#include "lib/firmware/request.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::firmware {

/// COSE external_aad of the custody key's signature.
inline constexpr std::string_view kTranscriptContext = "lamp-transcript-v1";

/// In the order in which they stand; approval, signature, and file may be several.
enum class RecordKind { request, approval, policy, token, signature, release, renewal, receipt };
[[nodiscard]] std::string_view text(RecordKind kind) noexcept;

struct TranscriptRecord {
  std::uint64_t number = 0;
  Bytes previous;  ///< SHA-256 of the record before, its signature included; zeros for the first
  Instant at{};
  RecordKind kind{};
  Bytes body;       ///< one CBOR item, by kind
  Bytes content;    ///< what is chained and signed: the encoding of everything above
  Bytes signature;  ///< COSE_Sign1, detached, by the custody key: of the release record only

  [[nodiscard]] Bytes encoded() const;
  [[nodiscard]] Bytes digest() const;
};

/// The bodies, as values. Each decode() throws Error{bad_input}.
struct ApprovalBody {
  std::string officer;
  Bytes approval;
  std::uint64_t dealing = 0;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static ApprovalBody decode(ByteView body);
};
struct PolicyBody {
  std::string text;    ///< of policy/release.yaml
  Circumstances here;  ///< of the combiner, when it asked
  ModelHistory history;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static PolicyBody decode(ByteView body);
};
struct TokenBody {
  std::string label, serial, model;
  std::uint64_t locked_memory = 0;  ///< VmLck of the combiner, bytes
  std::uint64_t dealing = 0;        ///< number of the dealing that opened it
  Bytes dealing_digest;             ///< SHA-256 of its canonical()
  std::string log_origin;
  Bytes log_key;  ///< SubjectPublicKeyInfo of the log that will hold the receipt
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static TokenBody decode(ByteView body);
};
struct SignatureBody {
  SignedRegion region;
  Bytes signature;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static SignatureBody decode(ByteView body);
};
struct PublishedFile {
  std::string name;
  Bytes digest;
  std::uint64_t size = 0;
};
struct ReleaseBody {
  std::vector<PublishedFile> files;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static ReleaseBody decode(ByteView body);
};
struct RenewalBody {
  std::string dealing;  ///< the file quorum/<name>.shares.yaml as it was then
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static RenewalBody decode(ByteView body);
};
struct ReceiptBody {
  std::string receipt;
  [[nodiscard]] Bytes encode() const;
  [[nodiscard]] static ReceiptBody decode(ByteView body);
};

/// A transcript while it is made. Nothing is written to disk here.
class Transcript {
 public:
  Transcript() = default;
  /// Whole records, in order, chained; nothing else is believed yet. Throws Error{bad_input} naming the record.
  [[nodiscard]] static Transcript parse(ByteView file);

  /// Throws Error{denied} when the clock is behind the last record.
  void add(RecordKind kind, Bytes body, Instant at);
  /// The release record: closes what the custody key answers for.
  void seal(Bytes body, Instant at, const Botan::Private_Key& custody_key, Botan::RandomNumberGenerator& rng);

  [[nodiscard]] const std::vector<TranscriptRecord>& records() const noexcept { return records_; }
  [[nodiscard]] std::vector<const TranscriptRecord*> of(RecordKind kind) const;
  /// The only record of its kind, or null.
  [[nodiscard]] const TranscriptRecord* find(RecordKind kind) const;
  [[nodiscard]] Bytes encoded() const;
  /// SHA-256 of the last record: what the whole transcript is known by.
  [[nodiscard]] Bytes head() const;

 private:
  std::vector<TranscriptRecord> records_;
};

}  // namespace lamp::firmware
