// What happened to a device's label: how often it was printed and why again, and whether somebody scanned it and found
// it right. Holds no claim code.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "lib/base/clock.hpp"
#include "lib/store/database.hpp"

namespace lamp::manufacturing {

[[nodiscard]] const store::Schema& label_schema();

struct LabelPrint {
  std::uint64_t number = 0;  ///< from 1
  Instant at{};
  std::string by, form, reason;
};

/// Counts one print. After the first a reason must be given: Error{denied} says when the last one was.
LabelPrint note_print(store::Transaction& transaction, const std::string& serial, const LabelPrint& print);

enum class Checked { agreed, refused };
/// Keeps what a scan found; `reason` says what did not agree.
void note_check(store::Transaction& transaction, const std::string& serial, Checked result, const std::string& by,
                const std::string& reason, Instant now);

struct LabelHistory {
  std::uint64_t prints = 0;
  std::optional<LabelPrint> last_print;
  std::uint64_t checks = 0;          ///< scans, whatever they found
  std::optional<Instant> agreed_at;  ///< of the last scan, when it agreed
};
[[nodiscard]] LabelHistory label_history(store::Transaction& transaction, const std::string& serial);

}  // namespace lamp::manufacturing
