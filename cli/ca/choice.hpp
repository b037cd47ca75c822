// Which certificates `lamp-ca revoke` and `release` mean: by what they are or whom they are for, never by a file's
// name.
#pragma once

#include <string>
#include <vector>

#include "cli/ca/site_authority.hpp"
#include "cli/command.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/revocation.hpp"

namespace lamp::cli {

struct Choice {
  std::string serial, certificate, device, authority;
};
void declare_choice(Arguments& a, Choice& o);
/// How many of --serial, --certificate and --device are given: must be one.
[[nodiscard]] int given(const Choice& o);
/// The one certificate. Throws Error{not_found}, or Error{bad_input} naming them when several fit.
[[nodiscard]] pki::Record find_record(Host& host, const Choice& o);

struct BulkChoice {
  std::string order, mac_from, mac_to, device_from, device_to;
};
void declare_bulk(Arguments& a, BulkChoice& o);
/// How many of --order, MAC range and device range are given, one end of a range included.
[[nodiscard]] int given(const BulkChoice& o);
/// Throws Error{bad_input} for a range without an end, back to front, or of serial numbers of different lengths.
[[nodiscard]] pki::Selection selection_of(const BulkChoice& o, const std::string& authority);

/// Devices' certificates only, in the order of the selection.
[[nodiscard]] std::vector<pki::Selected> find_many(Host& host, const pki::Selection& selection);

}  // namespace lamp::cli
