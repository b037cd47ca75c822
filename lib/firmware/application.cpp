#include "lib/firmware/application.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::firmware {
namespace {

constexpr std::string_view kKind = "lamp-permissions-v1";
constexpr std::string_view kKeyPrefix = "application.";

[[noreturn]] void refuse(const char* what) {
  throw Error{Errc::bad_input, std::string{"permission manifest: "} + what};
}

/// Sorted; the same API twice in a list that people write is a slip to be shown.
std::vector<std::string> read_apis(const config::Node& list) {
  std::vector<std::string> apis;
  for (const auto& item : list.items()) {
    auto api = item.text();
    require_name(api, item.place());
    if (std::ranges::find(apis, api) != apis.end()) item.refuse("'" + api + "' is named twice");
    apis.push_back(std::move(api));
  }
  std::ranges::sort(apis);
  return apis;
}

std::string read_partner_name(const config::Node& node) {
  auto name = node.text();
  if (!is_partner_name(name))
    node.refuse("'" + name + "' is not a name here (a letter, then lower-case letters, digits, '_' and '-'; at most " +
                std::to_string(kMaxPartnerLength) + ")");
  return name;
}

void write_apis(cbor::Writer& out, const std::vector<std::string>& apis) {
  out.array(apis.size());
  for (const auto& api : apis) out.text(api);
}

}  // namespace

bool is_partner_name(std::string_view text) noexcept {
  return is_name(text) && text.size() <= kMaxPartnerLength && text.front() >= 'a' &&
         text.find('.') == std::string_view::npos;
}

PermissionManifest PermissionManifest::parse(ByteView encoded) {
  PermissionManifest manifest;
  cbor::Reader reader{encoded};
  reader.array(4);
  if (reader.text() != kKind) refuse("of another kind");
  manifest.partner_ = reader.text();
  manifest.application_ = reader.text();
  if (!is_partner_name(manifest.partner_)) refuse("a partner that is no name");
  if (!is_partner_name(manifest.application_)) refuse("an application that is no name");
  const auto count = reader.array();
  if (count > kMaxPermissions) refuse("more permissions than one application takes");
  for (; manifest.count_ < count; ++manifest.count_) {
    const auto api = reader.text();
    if (!is_name(api)) refuse("an API that is no name");
    if (manifest.count_ > 0 && manifest.apis_[manifest.count_ - 1] >= api) refuse("APIs repeated or out of order");
    manifest.apis_[manifest.count_] = api;
  }
  reader.end();
  return manifest;
}

Application Application::load(const std::string& file) {
  const auto root = config::Node::load(file);
  root.only({"partner", "application", "permissions"});
  Application application{read_partner_name(root.at("partner")), read_partner_name(root.at("application")),
                          read_apis(root.at("permissions"))};
  if (application.permissions.size() > kMaxPermissions)
    root.at("permissions").refuse("more than " + std::to_string(kMaxPermissions) + " permissions");
  return application;
}

Application Application::parse(ByteView encoded) {
  const auto read = PermissionManifest::parse(encoded);
  return {std::string{read.partner()}, std::string{read.application()}, {read.apis().begin(), read.apis().end()}};
}

Bytes Application::encode() const {
  cbor::Writer out;
  out.array(4).text(kKind).text(partner).text(name);
  write_apis(out, permissions);
  auto encoded = std::move(out).encoded();
  (void)PermissionManifest::parse(encoded);  // what no device would take must not be signed
  return encoded;
}

std::string application_key(std::string_view partner) { return std::string{kKeyPrefix}.append(partner); }

bool is_application_key(std::string_view label) noexcept { return label.starts_with(kKeyPrefix); }

Uuid application_class(const Uuid& model_class, std::string_view partner, std::string_view application) {
  return class_id(model_class, std::string{partner}.append(".").append(application));
}

ApplicationSettings ApplicationSettings::read(const config::Node& node) {
  node.only({"slot-size", "grants", "partners"});
  ApplicationSettings settings;
  settings.slot_size = node.at("slot-size").number(4096, 1ULL << 32);
  settings.grants = read_apis(node.at("grants"));
  const auto partners = node.find("partners");
  if (!partners) return settings;
  for (const auto& [name, list] : partners->entries()) {
    if (!is_partner_name(name)) list.refuse("'" + name + "' is no partner's name");
    auto apis = read_apis(list);
    for (const auto& api : beyond(apis, settings.grants)) list.refuse("'" + api + "' is not among the model's grants");
    settings.partners.emplace(name, std::move(apis));
  }
  return settings;
}

Bytes ApplicationSettings::encoded() const {
  cbor::Writer out;
  out.array(3).unsigned_integer(slot_size);
  write_apis(out, grants);
  out.array(partners.size());
  for (const auto& [name, apis] : partners) {
    out.array(2).text(name);
    write_apis(out, apis);
  }
  return std::move(out).encoded();
}

std::optional<std::vector<std::string>> ApplicationSettings::granted(const std::string& partner) const {
  const auto found = partners.find(partner);
  return found == partners.end() ? std::nullopt : std::optional{found->second};
}

std::vector<std::string> beyond(std::span<const std::string> permissions, const std::vector<std::string>& grants) {
  std::vector<std::string> all;
  std::ranges::copy_if(permissions, std::back_inserter(all),
                       [&](const std::string& api) { return std::ranges::find(grants, api) == grants.end(); });
  return all;
}

}  // namespace lamp::firmware
