// What an officer hands in for a release: the approval, and the share for this request only. The file
// approvals/<officer>.cbor, lamp-request(5).
#pragma once

#include <string>

#include "lib/base/bytes.hpp"

namespace lamp::quorum {

struct Contribution {
  std::string officer;
  Bytes approval;      ///< COSE_Sign1, for quorum::tally
  Bytes sealed_share;  ///< to the request's session key, in request_share_context

  [[nodiscard]] Bytes encode() const;
  /// Strict. Throws Error{bad_input}.
  [[nodiscard]] static Contribution parse(ByteView encoded);
};

}  // namespace lamp::quorum
