#include "lib/audit/record.hpp"

#include <botan/mac.h>
#include <botan/rng.h>

#include "lib/audit/stored.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::audit {
namespace {

constexpr std::size_t kSaltSize = 32;
constexpr std::size_t kIdRandom = 8;
// A clock that a time service has just put back by less than this is no fraud.
constexpr std::chrono::seconds kClockTolerance{60};

Bytes big_endian(std::int64_t number) {
  Bytes octets(8);
  for (std::size_t i = 0; i < octets.size(); ++i)
    octets[i] = static_cast<std::uint8_t>(static_cast<std::uint64_t>(number) >> (8 * (7 - i)));
  return octets;
}

}  // namespace

const store::Schema& schema() {
  // BYTEA and BIGINT are PostgreSQL's names, which SQLite takes as they are.
  static const store::Schema schema{"audit",
                                    {"CREATE TABLE audit_record ("
                                     " id BYTEA PRIMARY KEY,"   // `noted`, then 8 random octets: grows at its end
                                     " noted BIGINT NOT NULL,"  // the order of recording; ties are broken by id
                                     " salt BYTEA NOT NULL,"
                                     " event BYTEA NOT NULL,"
                                     " entry BIGINT);"  // index in the log; NULL while in the outbox
                                     "CREATE UNIQUE INDEX audit_record_entry ON audit_record (entry);"
                                     "CREATE TABLE audit_checkpoint ("
                                     " size BIGINT PRIMARY KEY,"
                                     " root BYTEA NOT NULL,"
                                     " at BIGINT NOT NULL)"}};
  return schema;
}

void record(store::Transaction& transaction, const Event& event, Instant now, Botan::RandomNumberGenerator& rng) {
  record(transaction, std::span{&event, 1}, now, rng);
}

void record(store::Transaction& transaction, std::span<const Event> events, Instant now,
            Botan::RandomNumberGenerator& rng) {
  require_clock(transaction, now);
  const auto last = transaction.query_one("SELECT noted FROM audit_record ORDER BY id DESC LIMIT 1");
  auto noted = last ? last->integer(0) : 0;
  Bytes random(events.size() * (kIdRandom + kSaltSize));
  rng.randomize(random);
  ByteView left = random;
  for (const auto& event : events) {
    auto id = big_endian(++noted);
    append(id, left.first(kIdRandom));
    const auto salt = left.subspan(kIdRandom, kSaltSize);
    left = left.subspan(kIdRandom + kSaltSize);
    transaction.execute("INSERT INTO audit_record (id, noted, salt, event) VALUES (?, ?, ?, ?)",
                        {std::move(id), noted, Bytes{salt.begin(), salt.end()}, encode_event(event, now)});
  }
}

void require_clock(store::Transaction& transaction, Instant now) {
  const auto last = last_checkpoint_time(transaction);
  if (last && now + kClockTolerance < *last)
    throw Error{Errc::denied, "the clock says " + format_instant(now) + ", but this host signed a checkpoint at " +
                                  format_instant(*last) + "; set the clock"};
}

std::optional<Instant> last_checkpoint_time(store::Transaction& transaction) {
  const auto row = transaction.query_one("SELECT at FROM audit_checkpoint ORDER BY size DESC LIMIT 1");
  if (!row) return std::nullopt;
  return from_unix_seconds(row->integer(0));
}

Bytes encode_event(const Event& event, Instant at) {
  cbor::Writer details;
  details.array(event.details.size());
  for (const auto& [name, value] : event.details) details.array(2).text(name).text(value);
  return cbor::MapWriter{}
      .add(1, cbor::Writer{}.integer(unix_seconds(at)))
      .add(2, cbor::Writer{}.text(event.actor))
      .add(3, cbor::Writer{}.text(event.action))
      .add(4, cbor::Writer{}.text(event.subject))
      .add(5, std::move(details))
      .encoded();
}

std::pair<Instant, Event> decode_event(ByteView encoded) {
  cbor::Reader reader{encoded};
  const auto expect_key = [&](std::int64_t key) {
    if (reader.integer() != key) throw Error{Errc::bad_input, "an audit record has other fields than expected"};
  };
  if (reader.map() != 5) throw Error{Errc::bad_input, "an audit record must have five fields"};
  Event event;
  expect_key(1);
  const auto at = from_unix_seconds(reader.integer());
  expect_key(2);
  event.actor = reader.text();
  expect_key(3);
  event.action = reader.text();
  expect_key(4);
  event.subject = reader.text();
  expect_key(5);
  for (auto left = reader.array(); left > 0; --left) {
    reader.array(2);
    std::string name{reader.text()};
    event.details.emplace_back(std::move(name), std::string{reader.text()});
  }
  reader.end();
  return {at, std::move(event)};
}

Hash commitment_of(ByteView salt, ByteView event) {
  const auto hmac = Botan::MessageAuthenticationCode::create_or_throw("HMAC(SHA-256)");
  hmac->set_key(salt);
  hmac->update(event);
  Hash commitment;
  hmac->final(commitment);
  return commitment;
}

}  // namespace lamp::audit
