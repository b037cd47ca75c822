#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/ocsp.hpp"
#include "lib/pki/revocation.hpp"

namespace lamp::pki {
namespace {

constexpr std::int64_t kPart = 256;

struct Due {
  std::string serial;
  CertificateStatus status;
  Bytes signed_data;
};

CertificateStatus status_in(const store::Row& row) {
  if (row.is_null(1)) return {CertificateStatus::Kind::good, {}, 0};
  return {CertificateStatus::Kind::revoked, from_unix_seconds(row.integer(1)),
          static_cast<std::uint8_t>(row.integer(2))};
}

class Presigner {
 public:
  Presigner(store::Database& database, const OcspAuthority& authority, std::chrono::seconds validity, Instant now,
            Botan::RandomNumberGenerator& rng)
      : database_{database},
        authority_{authority},
        now_{now},
        until_{std::min(now + validity, authority.signer_ends())},
        soon_{now + validity / 2},
        rng_{rng} {}

  void remember_signer() {
    database_.write([&](store::Transaction& t) {
      t.execute(
          "INSERT INTO ocsp_signer (authority, signer, certificate) VALUES (?, ?, ?)"
          " ON CONFLICT (authority, signer) DO UPDATE SET certificate = excluded.certificate",
          {authority_.name(), hex(authority_.responder()), authority_.delegate()});
    });
  }

  /// The next certificates in order of their serial numbers, and where to go on; nothing when there are no more.
  bool part(PresignCount& count) {
    auto rows = next_rows();
    if (rows.empty()) return false;
    after_ = rows.back().text(0);
    std::vector<Due> due;
    for (const auto& row : rows) {
      const bool lasts = !row.is_null(3) && row.integer(3) >= std::min(unix_seconds(soon_), unix_seconds(until_)) &&
                         row.text(4) == hex(authority_.responder());
      if (!lasts) due.push_back({row.text(0), status_in(row), {}});
    }
    for (auto& one : due) one.signed_data = sign(one);
    if (!due.empty()) store(due);
    count.signed_now += due.size();
    count.kept += rows.size() - due.size();
    return true;
  }

 private:
  std::vector<store::Row> next_rows() {
    return database_.read([&](store::Transaction& t) {
      return t.query(
          "SELECT c.serial, r.revoked_at, r.reason, o.next_update, o.signer FROM certificate c"
          " LEFT JOIN revocation r ON r.authority = c.authority AND r.serial = c.serial"
          " LEFT JOIN ocsp_response o ON o.authority = c.authority AND o.serial = c.serial"
          " WHERE c.authority = ? AND c.serial > ? AND c.state <> 'reserved' AND c.not_after >= ?"
          " ORDER BY c.serial LIMIT ?",
          {authority_.name(), after_, unix_seconds(now_), kPart});
    });
  }

  /// For clients that hash with SHA-1 and those that hash with SHA-256 (RFC 6960 section 4.2.2.3 lets a response that
  /// is signed ahead say more than was asked).
  Bytes sign(const Due& due) {
    ResponseData data;
    data.responder_key_sha1 = authority_.responder();
    data.produced_at = data.this_update = now_;
    data.next_update = until_;
    for (const auto hash : {OcspHash::sha1, OcspHash::sha256})
      data.responses.push_back({encode_certificate_id(authority_.id(), hash, due.serial), due.status});
    return authority_.sign(data, rng_);
  }

  void store(const std::vector<Due>& due) {
    database_.write([&](store::Transaction& t) {
      for (const auto& one : due) {
        // Revoked or released while the token was signing: the next run signs what is true then.
        if (!(status_of(t, authority_.name(), one.serial) == one.status)) continue;
        t.execute(
            "INSERT INTO ocsp_response (authority, serial, this_update, next_update, signer, signed_data)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (authority, serial) DO UPDATE SET"
            " this_update = excluded.this_update, next_update = excluded.next_update, signer = excluded.signer,"
            " signed_data = excluded.signed_data",
            {authority_.name(), one.serial, unix_seconds(now_), unix_seconds(until_), hex(authority_.responder()),
             one.signed_data});
      }
    });
  }

  store::Database& database_;
  const OcspAuthority& authority_;
  Instant now_, until_, soon_;
  Botan::RandomNumberGenerator& rng_;
  std::string after_;
};

}  // namespace

PresignCount presign_ocsp(store::Database& database, const OcspAuthority& authority, std::chrono::seconds validity,
                          Instant now, Botan::RandomNumberGenerator& rng,
                          const std::function<void(const PresignCount&)>& progress) {
  Presigner presigner{database, authority, validity, now, rng};
  presigner.remember_signer();
  PresignCount count;
  while (presigner.part(count)) progress(count);
  database.write([&](store::Transaction& t) {
    t.execute("DELETE FROM ocsp_response WHERE authority = ? AND next_update <= ?",
              {authority.name(), unix_seconds(now)});
  });
  return count;
}

}  // namespace lamp::pki
