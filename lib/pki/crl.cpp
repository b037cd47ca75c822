#include "lib/pki/crl.hpp"

#include <botan/der_enc.h>

#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/revocation.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

using Botan::ASN1_Class;
using Botan::ASN1_Type;
using Botan::DER_Encoder;

void encode_entry(DER_Encoder& der, const Record& record) {
  const auto serial = from_hex(record.serial);
  der.start_sequence().add_object(ASN1_Type::Integer, ASN1_Class::Universal, serial);
  der.raw_bytes(encode_time(record.revoked_at.value_or(record.reserved_at)));
  // "unspecified" is said by leaving the reason out (RFC 5280, section 5.3.1).
  if (const auto code = reason_code(record.reason); code != 0) {
    Bytes value;
    DER_Encoder{value}.add_object(ASN1_Type::Enumerated, ASN1_Class::Universal, code);
    der.start_sequence().raw_bytes(encode_extension(oid::kReasonCode, false, value)).end_cons();
  }
  der.end_cons();
}

struct Start {
  RevocationList list;
  std::vector<Record> revoked;
};

/// The number is taken before the signature, so that two lists never share one.
Start start_list(store::Transaction& t, const std::string& authority, std::uint64_t days, Instant now) {
  const auto last = t.query_one("SELECT MAX(number) FROM certificate_list WHERE authority = ?", {authority});
  Start start;
  start.list.number = last && !last->is_null(0) ? static_cast<std::uint64_t>(last->integer(0)) + 1 : 1;
  start.list.this_update = now;
  start.list.next_update = now + std::chrono::days{days};
  t.execute("INSERT INTO certificate_list (authority, number, this_update, next_update) VALUES (?, ?, ?, ?)",
            {authority, static_cast<std::int64_t>(start.list.number), unix_seconds(now),
             unix_seconds(start.list.next_update)});
  Filter filter;
  filter.authority = authority;
  filter.state = State::revoked;
  start.revoked = list(t, filter);
  start.list.entries = start.revoked.size();
  return start;
}

}  // namespace

Bytes build_list(const IssuerFacts& issuer, const std::vector<Record>& revoked, const RevocationList& list) {
  Bytes tbs;
  DER_Encoder der{tbs};
  der.start_sequence().encode(std::size_t{1}).raw_bytes(issuer.signature_algorithm).raw_bytes(issuer.subject);
  der.raw_bytes(encode_time(list.this_update)).raw_bytes(encode_time(list.next_update));
  if (!revoked.empty()) {
    der.start_sequence();
    for (const auto& record : revoked) encode_entry(der, record);
    der.end_cons();
  }
  Bytes number;
  DER_Encoder{number}.encode(static_cast<std::size_t>(list.number));
  der.start_explicit_context_specific(0)
      .start_sequence()
      .raw_bytes(encode_authority_key_id(issuer.key_id))
      .raw_bytes(encode_extension(oid::kCrlNumber, false, number))
      .end_cons()
      .end_cons();
  der.end_cons();
  return tbs;
}

RevocationList make_list(store::Database& database, const Authority& authority, std::uint64_t days, Instant now,
                         Botan::RandomNumberGenerator& rng,
                         const std::function<void(store::Transaction&, const RevocationList&)>& also) {
  const auto* facts = authority.facts();
  if (facts == nullptr) throw Error{Errc::internal, "a revocation list of an authority without a certificate"};
  auto start = database.write([&](store::Transaction& t) { return start_list(t, authority.name(), days, now); });
  auto made = std::move(start.list);
  made.der = authority.sign_list(build_list(*facts, start.revoked, made), rng);
  database.write([&](store::Transaction& t) {
    t.execute("UPDATE certificate_list SET der = ? WHERE authority = ? AND number = ?",
              {made.der, authority.name(), static_cast<std::int64_t>(made.number)});
    also(t, made);
  });
  return made;
}

}  // namespace lamp::pki
