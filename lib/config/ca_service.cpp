#include "lib/config/ca_service.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::config {
namespace {

using Enrolment = CaService::Enrolment;

std::string authority_at(const Node& node, const Site& site) {
  auto name = node.text();
  if (!site.authorities.contains(name)) node.refuse("no authority '" + name + "' in this site");
  return name;
}

Enrolment read_enrolment(const std::string& label, const Node& node, const Site& site) {
  node.only({"to", "vouched-by", "authority", "profile"});
  in_context(node.place(), [&] { require_name(label, "label"); });
  Enrolment rule;
  rule.label = label;
  const auto to = node.at("to");
  if (to.text() != "devices" && to.text() != "stations") to.refuse("'" + to.text() + "' is none of devices, stations");
  rule.to = to.text() == "devices" ? Enrolment::To::devices : Enrolment::To::stations;
  rule.vouched_by = authority_at(node.at("vouched-by"), site);
  rule.authority = authority_at(node.at("authority"), site);
  if (rule.authority == rule.vouched_by) node.refuse("an authority does not vouch for its own applicants");
  rule.profile = node.at("profile").text();
  return rule;
}

CaService::Responder read_responder(const Node& node, const Site& site) {
  if (!node.is_map()) return {authority_at(node, site), {}};
  node.only({"authority", "signer"});
  return {authority_at(node.at("authority"), site), node.at("signer").text()};
}

}  // namespace

Listen read_listen(const Node& node) {
  const auto text = node.text();
  const auto colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) node.refuse("ADDRESS:PORT is expected, such as 127.0.0.1:8443");
  Listen listen{text.substr(0, colon), 0};
  if (listen.address.front() == '[' && listen.address.back() == ']')
    listen.address = listen.address.substr(1, listen.address.size() - 2);
  listen.port = static_cast<std::uint16_t>(
      in_context(node.place(), [&] { return parse_number(text.substr(colon + 1), "port", 0, 65535); }));
  return listen;
}

CaService read_ca_service(const Node& node, const Site& site) {
  node.only({"https", "http", "server", "enrolment", "ocsp"});
  CaService service;
  service.https = read_listen(node.at("https"));
  service.http = read_listen(node.at("http"));
  service.server = node.at("server").text();
  if (!site.people.contains(service.server)) node.at("server").refuse("no '" + service.server + "' among people");
  for (const auto& [label, rule] : node.at("enrolment").entries())
    service.enrolment.push_back(read_enrolment(label, rule, site));
  if (const auto ocsp = node.find("ocsp"))
    for (const auto& item : ocsp->items()) service.ocsp.push_back(read_responder(item, site));
  return service;
}

}  // namespace lamp::config
