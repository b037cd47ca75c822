// What the verbs of lamp-ca share: a site's profiles, its authorities with their token keys.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "cli/host.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/records.hpp"

namespace lamp::cli {

[[nodiscard]] pki::Profile load_profile(const config::Site& site, const std::string& name);

/// The host's database with the register's tables.
[[nodiscard]] store::Database& open_register(Host& host);

/// A key in a token of the site, made as the profile says when it is not there yet.
[[nodiscard]] std::shared_ptr<Botan::Private_Key> key_in_token(Host& host, const std::string& token,
                                                               const std::string& label, const pki::KeyRule& rule,
                                                               const std::string& role);

/// The token that site.yaml gives to an authority. Throws Error{not_found} that says what to add.
[[nodiscard]] const std::string& authority_token(const config::Site& site, const std::string& name);

/// Where an authority's files lie: ca/<name>/<file>.
[[nodiscard]] std::filesystem::path authority_file(const config::Site& site, const std::string& name,
                                                   const std::string& file);

/// The authority's own certificate and those of its issuers. Throws Error{not_found} that says to create it.
[[nodiscard]] std::vector<Bytes> authority_chain(const config::Site& site, const std::string& name);

/// An authority with the token key that it signs with.
struct OpenAuthority {
  std::shared_ptr<Botan::Private_Key> key;
  pki::Authority authority;
};
[[nodiscard]] OpenAuthority open_authority(Host& host, const std::string& name);

/// The one certificate of the register with this serial number. Throws Error{not_found}, and Error{bad_input} when
/// several authorities issued it and none is named.
[[nodiscard]] pki::Record find_certificate(Host& host, const std::string& serial, const std::string& authority);

/// Writes the file unless it holds these bytes already.
void publish_if_other(const std::filesystem::path& file, std::string_view content);

/// Path as a user of the site would write it.
[[nodiscard]] std::string shown(const config::Site& site, const std::filesystem::path& file);

}  // namespace lamp::cli
