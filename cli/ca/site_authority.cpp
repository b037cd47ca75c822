#include "cli/ca/site_authority.hpp"

#include <botan/pk_keys.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/pki/records.hpp"

namespace lamp::cli {
namespace {

hsm::KeyKind kind_of(pki::KeyKind kind) {
  if (kind == pki::KeyKind::rsa3072) return hsm::KeyKind::rsa3072;
  return kind == pki::KeyKind::p384 ? hsm::KeyKind::p384 : hsm::KeyKind::p256;
}

hsm::KeyUse use_of(pki::KeyUse use) {
  return use == pki::KeyUse::sign_with_pin ? hsm::KeyUse::sign_with_pin : hsm::KeyUse::sign;
}

/// How long the authority's lists hold is in the profile that it was made with.
std::uint64_t list_days(Host& host, const std::string& name, ByteView certificate) {
  const auto records = open_register(host).read([&](store::Transaction& t) {
    pki::Filter filter;
    filter.identity = name;
    return pki::list(t, filter);
  });
  for (const auto& record : records) {
    if (!std::ranges::equal(record.certificate, certificate)) continue;
    const auto profile = load_profile(host.site(), record.profile);
    if (profile.authority) return profile.authority->crl_days;
  }
  return pki::AuthorityRule{}.crl_days;
}

}  // namespace

pki::Profile load_profile(const config::Site& site, const std::string& name) {
  require_name(name, "profile");
  return pki::Profile::load(site.template_file("profiles", name + ".yaml"));
}

store::Database& open_register(Host& host) {
  auto& database = host.database();
  database.migrate(pki::schema());
  return database;
}

std::shared_ptr<Botan::Private_Key> key_in_token(Host& host, const std::string& token, const std::string& label,
                                                 const pki::KeyRule& rule) {
  auto& open = host.token(token);
  // A token takes two keys of one label without a word; then neither can be used any more.
  const FileLock lock{host.site().state_database.parent_path() / ".keys.lock"};
  if (!open.has_key(label)) open.generate_key(kind_of(rule.kind), use_of(rule.use), label);
  return open.signing_key(label);
}

const std::string& authority_token(const config::Site& site, const std::string& name) {
  require_name(name, "authority");
  const auto found = site.authorities.find(name);
  if (found != site.authorities.end()) return found->second;
  std::string names;
  for (const auto& [known, token] : site.authorities) names += (names.empty() ? "" : ", ") + known;
  throw Error{Errc::not_found, "site.yaml names no authority '" + name + "' with its token; it has " + names};
}

std::filesystem::path authority_file(const config::Site& site, const std::string& name, const std::string& file) {
  return site.root / "ca" / name / file;
}

std::vector<Bytes> authority_chain(const config::Site& site, const std::string& name) {
  require_name(name, "authority");
  return pki::load_chain(authority_file(site, name, "chain.pem"));
}

OpenAuthority open_authority(Host& host, const std::string& name) {
  const auto& token = authority_token(host.site(), name);
  auto chain = authority_chain(host.site(), name);
  auto key = in_context("key of authority " + name, [&] { return host.token(token).signing_key(name); });
  pki::Authority authority{name, std::move(chain), *key};
  return {std::move(key), std::move(authority)};
}

pki::RevocationList publish_list(Host& host, const pki::Authority& authority) {
  const auto& name = authority.name();
  // Held until the file is there, so that an older list never replaces a newer one.
  const FileLock lock{authority_file(host.site(), name, ".crl.lock")};
  const auto days = list_days(host, name, authority.chain().front());
  const auto list = pki::make_list(open_register(host), authority, days, host.now(), host.world().rng,
                                   [&](store::Transaction& t, const pki::RevocationList& made) {
                                     audit::record(t,
                                                   {account_name(),
                                                    "ca.crl",
                                                    name,
                                                    {{"number", std::to_string(made.number)},
                                                     {"entries", std::to_string(made.entries)},
                                                     {"next-update", format_instant(made.next_update)}}},
                                                   host.now(), host.world().rng);
                                   });
  publish(authority_file(host.site(), name, "crl.der"), ByteView{list.der});
  return list;
}

void publish_if_other(const std::filesystem::path& file, std::string_view content) {
  if (std::filesystem::exists(file) && read_text_file(file) == content) return;
  publish(file, content);
}

std::string shown(const config::Site& site, const std::filesystem::path& file) {
  const auto relative = file.lexically_relative(site.root);
  return relative.empty() || *relative.begin() == ".." ? file.string() : relative.string();
}

}  // namespace lamp::cli
