// What a label's QR code says, in the field's form: groups split by '%', fields by '$', each a letter, ':' and a value.
//   gateway  B:<MAC>$C:<claim code>%N:<serial>$G:<model>
//   lamp     Z:<EUI-64>%N:<serial>$G:<model>
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lib/base/parse.hpp"
#include "lib/base/secret.hpp"
#include "lib/binding/claim.hpp"

namespace lamp::binding {

struct Label {
  std::string serial, model;
  MacAddress mac;                       ///< of a lamp: the address that its EUI-64 was made from
  std::optional<ClaimCode> claim_code;  ///< gateways only
};

/// Holds the claim code in clear: print it, or write it to a file of mode 0600.
[[nodiscard]] SecureBytes label_text(const Label& label);
/// The same with the claim code left out, for logs and previews.
[[nodiscard]] std::string label_preview(const Label& label);
/// Throws Error{bad_input} naming the field that is missing, repeated or malformed; the message does not quote the
/// text.
[[nodiscard]] Label parse_label(std::string_view text);

}  // namespace lamp::binding
