// A ceremony's transcript: hash-chained records, of which those that finish something are signed by everybody present.
// lamp-ceremony(5). It is the ceremony's journal as well: an intent is in it, durably, before its effect.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hsm/ceremony_plan.hpp"
#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"

namespace Botan {
class Private_Key;
class Public_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::ceremony {

enum class Mode { real, rehearsal };
/// What the signatures are for: the COSE external_aad.
[[nodiscard]] std::string_view context_of(Mode mode) noexcept;
/// As in the begin record: "real", "REHEARSAL".
[[nodiscard]] std::string_view text(Mode mode) noexcept;

enum class Kind { begin, start, failed, resumed, done, end };
[[nodiscard]] std::string_view text(Kind kind) noexcept;
/// Whether records of this kind carry everybody's signature.
[[nodiscard]] bool is_signed(Kind kind) noexcept;

struct Record {
  std::uint64_t number = 0;
  Bytes previous;  ///< SHA-256 of the record before, signatures included
  Instant at{};
  Kind kind{};
  std::uint64_t step = 0;  ///< from 1; 0 for the ceremony as a whole
  Details details;
  Bytes content;                  ///< what is signed: the encoding of everything above
  std::vector<Bytes> signatures;  ///< COSE_Sign1, detached: the conductor's, then the witnesses'

  /// The first value of that name; Error{bad_input} when there is none.
  [[nodiscard]] const std::string& value(std::string_view name) const;
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
  [[nodiscard]] Bytes encoded() const;
  [[nodiscard]] Bytes digest() const;  ///< SHA-256 of encoded()
};

/// Somebody present, with the key that signs.
struct Signer {
  std::string name;
  std::shared_ptr<Botan::Private_Key> key;
};

struct Person {
  std::string name;
  Bytes public_key;  ///< SubjectPublicKeyInfo DER
};

/// The records, whole, in order and chained; signatures are not looked at. Throws Error{bad_input} naming the record.
[[nodiscard]] std::vector<Record> parse_records(ByteView file);

/// Mode and people as a begin record states them. Throws Error{bad_input}.
[[nodiscard]] Mode mode_of(const Record& begin);
[[nodiscard]] std::vector<Person> people_of(const Record& begin);

/// The details of a begin record.
[[nodiscard]] Details begin_details(const Plan& plan, Mode mode, const std::string& site, const std::string& program,
                                    const std::vector<Signer>& signers);

/// What is wrong with the signatures of this record by these people; nothing when it is one that carries none.
[[nodiscard]] std::vector<std::string> judge_signatures(const Record& record, const std::vector<Person>& people,
                                                        Mode mode);

/// A transcript that is being written.
class Transcript {
 public:
  /// Reads the file when it is there. Throws Error{bad_input} when it is damaged.
  Transcript(std::filesystem::path file, Mode mode);

  /// Adds a record, signed when its kind is; durable when this returns. Throws Error{denied} when the clock went back.
  const Record& add(Kind kind, std::uint64_t step, Details details, Instant at, const std::vector<Signer>& signers,
                    Botan::RandomNumberGenerator& rng);
  [[nodiscard]] const std::vector<Record>& records() const noexcept { return records_; }
  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }
  [[nodiscard]] Mode mode() const noexcept { return mode_; }

 private:
  std::filesystem::path file_;
  Mode mode_;
  Bytes encoded_;
  std::vector<Record> records_;
};

/// For people: one block for each record.
[[nodiscard]] std::string show(const std::vector<Record>& records);

}  // namespace lamp::ceremony
