// An authority's revocation lists as files of the site: ca/<name>/crl.der, and crl-<shard>.der where it has shards.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "cli/ca/site_authority.hpp"
#include "cli/command.hpp"
#include "lib/pki/crl.hpp"

namespace lamp::cli {

/// How long the authority's lists hold: `crl-days` of the profile that it was made with.
[[nodiscard]] std::uint64_t list_days(Host& host, const std::string& authority);

[[nodiscard]] std::filesystem::path list_file(const config::Site& site, const std::string& authority,
                                              std::int64_t shard);

/// Makes and publishes the authority's next whole list, then those of its shards: all, or only these.
std::vector<pki::RevocationList> publish_lists(Host& host, const pki::Authority& authority,
                                               const std::set<std::int64_t>* only = nullptr);

/// One line for the whole list, one for all shards together.
void report_lists(Host& host, const std::string& authority, const std::vector<pki::RevocationList>& lists);

/// Each list as an object, for --json.
[[nodiscard]] nlohmann::json describe_lists(const config::Site& site, const std::string& authority,
                                            const std::vector<pki::RevocationList>& lists);

/// What is wrong with the authority's published lists, whole and in parts, each with its file's name.
[[nodiscard]] std::vector<std::string> list_complaints(Host& host, const std::string& authority);

/// Complaints about what is published, for every authority or for this one: exit status 1 when there are any.
[[nodiscard]] Exit check_lists(Host& host, const std::string& authority, bool json);

}  // namespace lamp::cli
