#include "cli/ca/site_authority.hpp"

#include <botan/pk_keys.h>

#include "cli/new_key.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"

namespace lamp::cli {
namespace {

hsm::KeyKind kind_of(pki::KeyKind kind) {
  if (kind == pki::KeyKind::rsa3072) return hsm::KeyKind::rsa3072;
  return kind == pki::KeyKind::p384 ? hsm::KeyKind::p384 : hsm::KeyKind::p256;
}

hsm::KeyUse use_of(pki::KeyUse use) {
  return use == pki::KeyUse::sign_with_pin ? hsm::KeyUse::sign_with_pin : hsm::KeyUse::sign;
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
                                                 const pki::KeyRule& rule, const std::string& role) {
  auto& open = host.token(token);
  // A token takes two keys of one label without a word; then neither can be used any more.
  const FileLock lock{host.site().state_database.parent_path() / ".keys.lock"};
  if (!open.has_key(label)) host.record(make_key(host, {token, label, kind_of(rule.kind), use_of(rule.use), role}));
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

pki::Record find_certificate(Host& host, const std::string& serial, const std::string& authority) {
  pki::Filter filter;
  filter.serial = hex(from_hex(serial));
  filter.authority = authority;
  auto records = open_register(host).read([&](store::Transaction& t) { return pki::list(t, filter); });
  if (records.empty())
    throw Error{Errc::not_found,
                "no certificate " + filter.serial + " in this host's register; lamp-ca list shows all"};
  if (records.size() > 1)
    throw Error{Errc::bad_input, "several authorities issued " + filter.serial + "; name one with --authority"};
  return std::move(records.front());
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
