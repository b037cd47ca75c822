// The tables of revocation, lists and OCSP responses: steps of the register's schema. Private to lib/pki.
#pragma once

#include <string_view>

namespace lamp::pki::tables {

/// Small rows of their own: a list of 100,000 entries reads these, never the certificates.
inline constexpr std::string_view kRevocation =
    "CREATE TABLE revocation ("
    " authority TEXT NOT NULL, serial TEXT NOT NULL, revoked_at BIGINT NOT NULL, reason BIGINT NOT NULL,"
    " not_after BIGINT NOT NULL, PRIMARY KEY (authority, serial))";

/// Responses signed ahead, without the signer's certificate, which all of them share.
inline constexpr std::string_view kOcspResponse =
    "CREATE TABLE ocsp_response ("
    " authority TEXT NOT NULL, serial TEXT NOT NULL, this_update BIGINT NOT NULL, next_update BIGINT NOT NULL,"
    " signer TEXT NOT NULL, signed_data BYTEA NOT NULL, PRIMARY KEY (authority, serial))";
inline constexpr std::string_view kOcspSigner =
    "CREATE TABLE ocsp_signer ("
    " authority TEXT NOT NULL, signer TEXT NOT NULL, certificate BYTEA NOT NULL, PRIMARY KEY (authority, signer))";

}  // namespace lamp::pki::tables
