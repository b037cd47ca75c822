#include "lib/quorum/contribution.hpp"

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::quorum {
namespace {

constexpr std::string_view kKind = "lamp-contribution-v1";
constexpr std::uint64_t kFields = 6;  // and the share of the ML-DSA key, where there is one

Bytes owned(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

Bytes Contribution::encode() const {
  cbor::Writer all;
  all.array(sealed_hybrid_share.empty() ? kFields : kFields + 1)
      .text(kKind)
      .text(officer)
      .bytes(approval)
      .bytes(sealed_share)
      .unsigned_integer(dealing)
      .bytes(sealed_so_share);
  if (!sealed_hybrid_share.empty()) all.bytes(sealed_hybrid_share);
  return std::move(all).encoded();
}

Contribution Contribution::parse(ByteView encoded) {
  return in_context("an officer's contribution", [&] {
    cbor::Reader reader{encoded};
    const auto fields = reader.array();
    if (fields != kFields && fields != kFields + 1) throw Error{Errc::bad_input, "it has not the fields of one"};
    if (reader.text() != kKind) throw Error{Errc::bad_input, "it is of another kind"};
    Contribution c;
    c.officer = reader.text();
    c.approval = owned(reader.bytes());
    c.sealed_share = owned(reader.bytes());
    c.dealing = reader.unsigned_integer();
    c.sealed_so_share = owned(reader.bytes());
    if (fields > kFields) {
      c.sealed_hybrid_share = owned(reader.bytes());
      if (c.sealed_hybrid_share.empty()) throw Error{Errc::bad_input, "its share of the ML-DSA key is empty"};
    }
    reader.end();
    return c;
  });
}

}  // namespace lamp::quorum
