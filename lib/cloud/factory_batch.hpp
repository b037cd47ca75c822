// How production records travel from a line station to the service: `lamp-factory sync` writes a batch, POST
// /api/v1/factory/records reads it and answers for each record. lamp-api(7) has the JSON.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/registry/intake.hpp"

namespace lamp::cloud {

/// The production order that the records were made under, with the proof that it was approved.
struct OrderEvidence {
  std::string id;
  Bytes canonical;               ///< the bytes that the officers approved
  std::vector<Bytes> approvals;  ///< COSE_Sign1, quorum::kOrderContext
};

/// A record that names its device and cannot be read otherwise: parked, so that it holds up nobody else.
struct UnreadRecord {
  std::string serial, reason;
  std::string text;  ///< what came, as JSON
};

struct FactoryBatch {
  std::vector<OrderEvidence> orders;
  std::vector<registry::FactoryRecord> records;  ///< at most kBatchLimit, with those below
  std::vector<UnreadRecord> unread = {};         ///< on the reader's side only
};

inline constexpr std::size_t kBatchLimit = 500;

struct RecordAnswer {
  std::string serial;
  registry::Intake intake = registry::Intake::accepted;
  std::string reason;  ///< of a parked record
};

[[nodiscard]] std::string write_batch(const FactoryBatch& batch);
/// Throws Error{bad_input} naming the record and field when the batch as a whole cannot be read: no JSON, no lists, an
/// order that is malformed, a record that does not say of which device it is.
[[nodiscard]] FactoryBatch read_batch(std::string_view json);

[[nodiscard]] std::string write_answers(const std::vector<RecordAnswer>& answers);
[[nodiscard]] std::vector<RecordAnswer> read_answers(std::string_view json);

}  // namespace lamp::cloud
