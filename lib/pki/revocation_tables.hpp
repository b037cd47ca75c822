// The tables of revocation, lists and OCSP responses: steps of the register's schema. Private to lib/pki.
#pragma once

#include <string_view>

namespace lamp::pki::tables {

/// Small rows of their own: a list of 100,000 entries reads these, never the certificates. `shard` is that of the
/// certificate's address for lists, -1 without.
inline constexpr std::string_view kRevocation =
    "CREATE TABLE revocation ("
    " authority TEXT NOT NULL, serial TEXT NOT NULL, revoked_at BIGINT NOT NULL, reason BIGINT NOT NULL,"
    " not_after BIGINT NOT NULL, shard BIGINT NOT NULL, PRIMARY KEY (authority, serial))";
inline constexpr std::string_view kRevocationByShard =
    "CREATE INDEX revocation_by_shard ON revocation (authority, shard, serial)";
inline constexpr std::string_view kRevocationByTime =
    "CREATE INDEX revocation_by_time ON revocation (authority, revoked_at)";

/// Every list that was begun, by its scope: shard -1 is the whole list. The digest is empty until it is signed.
inline constexpr std::string_view kList =
    "CREATE TABLE certificate_list ("
    " authority TEXT NOT NULL, shard BIGINT NOT NULL, number BIGINT NOT NULL, this_update BIGINT NOT NULL,"
    " next_update BIGINT NOT NULL, entries BIGINT NOT NULL, digest TEXT NOT NULL,"
    " PRIMARY KEY (authority, shard, number))";

/// Addresses of shards that certificates name: their lists must go on for as long as such certificates live.
inline constexpr std::string_view kListAddress =
    "CREATE TABLE certificate_list_address ("
    " authority TEXT NOT NULL, url TEXT NOT NULL, shard BIGINT NOT NULL, PRIMARY KEY (authority, url))";

/// Hardware addresses of devices: no certificate says them.
inline constexpr std::string_view kAddress =
    "CREATE TABLE certificate_address ("
    " mac BIGINT NOT NULL, authority TEXT NOT NULL, serial TEXT NOT NULL, PRIMARY KEY (mac, authority, serial))";

/// Responses signed ahead, without the signer's certificate, which all of them share.
inline constexpr std::string_view kOcspResponse =
    "CREATE TABLE ocsp_response ("
    " authority TEXT NOT NULL, serial TEXT NOT NULL, this_update BIGINT NOT NULL, next_update BIGINT NOT NULL,"
    " signer TEXT NOT NULL, signed_data BYTEA NOT NULL, PRIMARY KEY (authority, serial))";
inline constexpr std::string_view kOcspSigner =
    "CREATE TABLE ocsp_signer ("
    " authority TEXT NOT NULL, signer TEXT NOT NULL, certificate BYTEA NOT NULL, PRIMARY KEY (authority, signer))";

}  // namespace lamp::pki::tables
