#include "lib/quorum/contribution.hpp"

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::quorum {
namespace {

constexpr std::string_view kKind = "lamp-contribution-v1";

}  // namespace

Bytes Contribution::encode() const {
  return cbor::Writer{}
      .array(6)
      .text(kKind)
      .text(officer)
      .bytes(approval)
      .bytes(sealed_share)
      .unsigned_integer(dealing)
      .bytes(sealed_so_share)
      .encoded();
}

Contribution Contribution::parse(ByteView encoded) {
  return in_context("an officer's contribution", [&] {
    cbor::Reader reader{encoded};
    reader.array(6);
    if (reader.text() != kKind) throw Error{Errc::bad_input, "it is of another kind"};
    Contribution c;
    c.officer = reader.text();
    const auto approval = reader.bytes();
    c.approval.assign(approval.begin(), approval.end());
    const auto share = reader.bytes();
    c.sealed_share.assign(share.begin(), share.end());
    c.dealing = reader.unsigned_integer();
    const auto so_share = reader.bytes();
    c.sealed_so_share.assign(so_share.begin(), so_share.end());
    reader.end();
    return c;
  });
}

}  // namespace lamp::quorum
