// What an officer hands in for a release or an act: the approval, and the share for this occasion only. The file
// approvals/<officer>.cbor, lamp-request(5), lamp-quorum(5).
#pragma once

#include <cstdint>
#include <string>

#include "lib/base/bytes.hpp"

namespace lamp::quorum {

struct Contribution {
  std::string officer;
  Bytes approval;                  ///< COSE_Sign1, for quorum::tally
  Bytes sealed_share;              ///< to the request's session key, in request_share_context
  std::uint64_t dealing = 0;       ///< number of the dealing that the share is of; a renewal since has voided it
  Bytes sealed_so_share = {};      ///< share of the SO PIN, when officers are replaced: lib/quorum/so_pin.hpp
  Bytes sealed_hybrid_share = {};  ///< of what the ML-DSA key is sealed under, when it is used: lib/quorum/hybrid.hpp

  [[nodiscard]] Bytes encode() const;
  /// Strict. Throws Error{bad_input}.
  [[nodiscard]] static Contribution parse(ByteView encoded);
};

}  // namespace lamp::quorum
