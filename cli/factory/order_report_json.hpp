// A report as JSON: for programs to read, with the signed report beside it.
#pragma once

#include <optional>
#include <string>

#include "lib/base/bytes.hpp"
#include "manufacturing/order_report.hpp"

namespace lamp::cli {

/// {"report": what it says, "signed": the COSE_Sign1 in base64}
[[nodiscard]] std::string report_json(const manufacturing::OrderReport& report, ByteView signed_report);

/// The signed report in such JSON. Throws Error{bad_input}.
[[nodiscard]] Bytes signed_report_in(std::string_view json);

/// Where the readable part of the JSON differs from what was signed; nothing when it does not.
[[nodiscard]] std::optional<std::string> difference(std::string_view json, const manufacturing::OrderReport& report);

}  // namespace lamp::cli
