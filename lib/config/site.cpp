#include "lib/config/site.hpp"

#include <cstdlib>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/ca_service.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::config {
namespace {

namespace fs = std::filesystem;

fs::path below(const fs::path& root, const std::string& path) {
  const fs::path p{path};
  return p.is_absolute() ? p : root / p;
}

std::optional<fs::path> optional_path(const Node& node, std::string_view key, const fs::path& root) {
  const auto value = node.find(key);
  if (!value) return std::nullopt;
  return below(root, value->text());
}

TokenPlace read_token(const std::string& name, const Node& node, const fs::path& root) {
  node.only({"module", "module-init", "uri", "pin-file"});
  TokenPlace token;
  token.name = name;
  token.module = node.at("module").text();
  if (!token.module.is_absolute()) node.at("module").refuse("a module is named by its absolute path");
  token.uri = node.at("uri").text();
  token.pin_file = optional_path(node, "pin-file", root);
  if (const auto init = node.find("module-init")) token.module_init = init->text();
  return token;
}

Person read_person(const std::string& name, const Node& node, const Site& site) {
  node.only({"token", "key", "certificate", "share-key"});
  Person person{name, node.at("token").text(), node.at("key").text(), below(site.root, node.at("certificate").text()),
                node.text_or("share-key", "share")};
  if (!site.tokens.contains(person.token)) node.at("token").refuse("no token '" + person.token + "' in this site");
  return person;
}

void read_cloud(Site& site, const Node& node) {
  node.only({"url", "listen", "database", "artifacts"});
  site.cloud_url = node.at("url").text();
  auto listen = read_listen(node.at("listen"));
  site.cloud_listen_address = std::move(listen.address);
  site.cloud_listen_port = listen.port;
  site.cloud_database = below(site.root, node.at("database").text());
  site.cloud_artifacts = below(site.root, node.at("artifacts").text());
}

LineServer read_line_server(const Node& node) {
  node.only({"url", "label", "authority"});
  LineServer server{node.at("url").text(), node.text_or("label", ""), node.at("authority").text()};
  if (!server.url.starts_with("https://")) node.at("url").refuse("https://HOST:PORT is expected");
  if (!server.label.empty()) require_name(server.label, node.at("label").place());
  require_name(server.authority, node.at("authority").place());
  return server;
}

void read_quorums(Site& site, const Node& node) {
  node.only({"release", "order", "order-approvals"});
  site.release_quorum = node.at("release").text();
  site.order_quorum = node.at("order").text();
  site.order_approvals = node.at("order-approvals").number(1, 16);
}

std::string names_of(const auto& map) {
  std::string names;
  for (const auto& [name, value] : map) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

template <class Map>
const auto& named(const Map& map, const std::string& name, const char* what) {
  const auto found = map.find(name);
  if (found == map.end())
    throw Error{Errc::not_found,
                std::string{"no "} + what + " '" + name + "' in this site; there are: " + names_of(map)};
  return found->second;
}

}  // namespace

Site Site::load(const fs::path& file) {
  const auto document = Node::load(file);
  document.only({"site", "demo", "softhsm-config", "tokens", "authorities", "people", "quorums", "cloud", "ca-service",
                 "line-server", "state", "log"});
  Site site;
  site.root = fs::absolute(file).parent_path();
  site.name = document.at("site").text();
  site.demo = document.find("demo") && document.at("demo").boolean();
  site.softhsm_config = optional_path(document, "softhsm-config", site.root);
  for (const auto& [name, node] : document.at("tokens").entries()) {
    in_context(node.place(), [&] { require_name(name, "token"); });
    site.tokens.emplace(name, read_token(name, node, site.root));
  }
  for (const auto& [name, node] : document.at("authorities").entries()) {
    const auto token = node.text();
    if (!site.tokens.contains(token)) node.refuse("no token '" + token + "' in this site");
    site.authorities.emplace(name, token);
  }
  for (const auto& [name, node] : document.at("people").entries())
    site.people.emplace(name, read_person(name, node, site));
  read_quorums(site, document.at("quorums"));
  read_cloud(site, document.at("cloud"));
  if (const auto service = document.find("ca-service")) site.ca_service = read_ca_service(*service, site);
  if (const auto server = document.find("line-server")) site.line_server = read_line_server(*server);
  site.state_database = below(site.root, document.at("state").text());
  const auto log = document.at("log");
  log.only({"directory", "origin"});
  site.log_directory = below(site.root, log.at("directory").text());
  site.log_origin = log.at("origin").text();
  return site;
}

Site Site::find(const std::string& option) {
  const auto file_of = [](const fs::path& place) { return fs::is_directory(place) ? place / "site.yaml" : place; };
  if (!option.empty()) return load(file_of(option));
  if (const char* named_by_environment = std::getenv("LAMP_SITE");
      named_by_environment != nullptr && *named_by_environment != '\0')
    return load(file_of(named_by_environment));
  for (const fs::path& place : {fs::path{"site.yaml"}, fs::path{"/etc/lamp/site.yaml"}})
    if (fs::exists(place)) return load(place);
  throw Error{
      Errc::not_found,
      "no site here: looked for --site, $LAMP_SITE, ./site.yaml and /etc/lamp/site.yaml; 'lamp init DIR --demo' "
      "makes one"};
}

const TokenPlace& Site::token(const std::string& token_name) const { return named(tokens, token_name, "token"); }

const Person& Site::person(const std::string& person_name) const { return named(people, person_name, "person"); }

fs::path Site::template_file(std::string_view folder, std::string_view file) const {
  auto own = root / folder / file;
  if (fs::exists(own)) return own;
  auto delivered = templates_directory() / folder / file;
  if (fs::exists(delivered)) return delivered;
  throw Error{Errc::not_found, "no " + std::string{file} + ": neither " + own.string() + " nor " + delivered.string()};
}

fs::path templates_directory() {
  if (const char* named_by_environment = std::getenv("LAMP_TEMPLATES");
      named_by_environment != nullptr && *named_by_environment != '\0')
    return named_by_environment;
  const fs::path source{LAMP_SOURCE_TEMPLATES};
  return fs::exists(source) ? source : fs::path{LAMP_INSTALLED_TEMPLATES};
}

}  // namespace lamp::config
