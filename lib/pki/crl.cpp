#include "lib/pki/crl.hpp"

#include <botan/hash.h>

#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/der_writer.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

constexpr std::int64_t kPage = 4096;

/// What is in one entry is below 128 octets, so one octet says each length.
void put(Bytes& out, std::uint8_t tag, ByteView content) {
  out.push_back(tag);
  out.push_back(static_cast<std::uint8_t>(content.size()));
  append(out, content);
}

/// SEQUENCE { serial, time, [ SEQUENCE { SEQUENCE { reasonCode, OCTET STRING { ENUMERATED } } } ] }
void put_entry(Bytes& out, ByteView serial, Instant revoked_at, std::uint8_t reason) {
  Bytes entry;
  entry.reserve(64);
  put(entry, 0x02, serial);
  append(entry, encode_time(revoked_at));
  // "unspecified" is said by leaving the reason out (RFC 5280, section 5.3.1).
  if (reason != 0) {
    const Bytes extension{0x30, 0x0C, 0x30, 0x0A, 0x06, 0x03, 0x55, 0x1D, 0x15, 0x04, 0x03, 0x0A, 0x01, reason};
    append(entry, extension);
  }
  put(out, 0x30, entry);
}

struct Start {
  RevocationList list;
  Bytes entries;
};

/// Page by page, by an index of small rows: the list is all that is ever in memory.
void put_entries(store::Transaction& t, const std::string& authority, std::int64_t shard, std::int64_t previous,
                 Start& start) {
  const std::string scope = shard == kWholeList ? "" : " AND shard = ?";
  const auto sql = "SELECT serial, revoked_at, reason FROM revocation WHERE authority = ?" + scope +
                   " AND serial > ? AND (not_after >= ? OR revoked_at >= ?) ORDER BY serial LIMIT ?";
  std::string after;
  for (;;) {
    std::vector<store::Value> parameters{authority};
    if (shard != kWholeList) parameters.emplace_back(shard);
    for (store::Value value :
         {store::Value{after}, store::Value{previous}, store::Value{previous}, store::Value{kPage}})
      parameters.push_back(std::move(value));
    const auto rows = t.query(sql, std::move(parameters));
    for (const auto& row : rows)
      put_entry(start.entries, from_hex(row.text(0)), from_unix_seconds(row.integer(1)),
                static_cast<std::uint8_t>(row.integer(2)));
    start.list.entries += rows.size();
    if (static_cast<std::int64_t>(rows.size()) < kPage) return;
    after = rows.back().text(0);
  }
}

/// Number and entries in one transaction, before the signature: two lists never share a number, and the one with the
/// higher number has every revocation that the other has.
Start start_list(store::Transaction& t, const std::string& authority, const Shard& scope, std::uint64_t days,
                 Instant now) {
  const auto last = t.query_one("SELECT MAX(number) FROM certificate_list WHERE authority = ? AND shard = ?",
                                {authority, scope.number});
  const auto finished =
      t.query_one("SELECT MAX(this_update) FROM certificate_list WHERE authority = ? AND shard = ? AND digest <> ''",
                  {authority, scope.number});
  Start start;
  start.list.shard = scope.number;
  start.list.number = last && !last->is_null(0) ? static_cast<std::uint64_t>(last->integer(0)) + 1 : 1;
  start.list.this_update = now;
  start.list.next_update = now + std::chrono::days{days};
  put_entries(t, authority, scope.number, finished && !finished->is_null(0) ? finished->integer(0) : 0, start);
  t.execute(
      "INSERT INTO certificate_list (authority, shard, number, this_update, next_update, entries, digest)"
      " VALUES (?, ?, ?, ?, ?, ?, '')",
      {authority, scope.number, static_cast<std::int64_t>(start.list.number), unix_seconds(now),
       unix_seconds(start.list.next_update), static_cast<std::int64_t>(start.list.entries)});
  return start;
}

/// IssuingDistributionPoint { [0] { [0] fullName } }: critical, so that nobody takes a part for the whole.
Bytes encode_issuing_point(const std::vector<std::string>& urls) {
  der::Writer der;
  der.begin(der::kSequence).begin(der::constructed_context(0)).begin(der::constructed_context(0));
  for (const auto& url : urls) der.add(der::context(6), url);
  return encode_extension(oid::kIssuingDistributionPoint, true, der.end().end().end().take());
}

Bytes encode_list(const IssuerFacts& issuer, const Start& start, const Shard& scope) {
  const auto& list = start.list;
  der::Writer der;
  der.begin(der::kSequence).integer(1).raw(issuer.signature_algorithm).raw(issuer.subject);
  der.raw(encode_time(list.this_update)).raw(encode_time(list.next_update));
  if (!start.entries.empty()) der.begin(der::kSequence).raw(start.entries).end();
  der.begin(der::constructed_context(0)).begin(der::kSequence);
  der.raw(encode_authority_key_id(issuer.key_id));
  der.raw(encode_extension(oid::kCrlNumber, false, der::Writer{}.integer(list.number).take()));
  if (scope.number != kWholeList) der.raw(encode_issuing_point(scope.urls));
  return der.end().end().end().take();
}

std::string digest_of(ByteView der) {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(der.data(), der.size());
  return hex(hash->final_stdvec());
}

}  // namespace

RevocationList make_list(store::Database& database, const Authority& authority, std::uint64_t days, Instant now,
                         Botan::RandomNumberGenerator& rng,
                         const std::function<void(store::Transaction&, const RevocationList&)>& also,
                         const Shard& scope) {
  const auto* facts = authority.facts();
  if (facts == nullptr) throw Error{Errc::internal, "a revocation list of an authority without a certificate"};
  auto start = database.write([&](store::Transaction& t) { return start_list(t, authority.name(), scope, days, now); });
  auto made = start.list;
  made.der = authority.sign_list(encode_list(*facts, start, scope), rng);
  database.write([&](store::Transaction& t) {
    t.execute("UPDATE certificate_list SET digest = ? WHERE authority = ? AND shard = ? AND number = ?",
              {digest_of(made.der), authority.name(), made.shard, static_cast<std::int64_t>(made.number)});
    also(t, made);
  });
  return made;
}

ListState list_state(store::Transaction& transaction, const std::string& authority, std::int64_t shard,
                     Instant listed_until) {
  const auto last = transaction.query_one(
      "SELECT MAX(number) FROM certificate_list WHERE authority = ? AND shard = ? AND digest <> ''",
      {authority, shard});
  const std::string scope = shard == kWholeList ? "" : " AND shard = ?";
  std::vector<store::Value> parameters{authority, unix_seconds(listed_until)};
  if (shard != kWholeList) parameters.emplace_back(shard);
  const auto since = transaction.query_one(
      "SELECT COUNT(*) FROM revocation WHERE authority = ? AND revoked_at > ?" + scope, std::move(parameters));
  ListState state;
  if (last && !last->is_null(0)) state.number = static_cast<std::uint64_t>(last->integer(0));
  if (since) state.unlisted = static_cast<std::uint64_t>(since->integer(0));
  return state;
}

}  // namespace lamp::pki
