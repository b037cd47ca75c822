#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/bind/tool.hpp"
#include "cli/service_session.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::cli {
namespace {

using nlohmann::json;

struct CreateOptions {
  std::string name, gateway, as;
  bool json = false;
};

void declare_create(Arguments& a, CreateOptions& o) {
  a.positional("name", o.name, "The network's name");
  a.required("--gateway", o.gateway, "MAC address of a claimed gateway, which makes the network's key itself");
  a.option("--as", o.as, "Installer of site.yaml; the only one by default");
  a.flag("--json", o.json, "Print JSON");
}

struct AddOptions {
  std::string name, as;
  std::vector<std::string> serials;
  bool json = false;
};

void declare_add(Arguments& a, AddOptions& o) {
  a.positional("name", o.name, "The network's name");
  a.positionals("serial", o.serials, "Serial numbers of the devices");
  a.option("--as", o.as, "Installer of site.yaml; the only one by default");
  a.flag("--json", o.json, "Print JSON");
}

struct ListOptions {
  std::string as;
  bool json = false;
};

void declare_list(Arguments& a, ListOptions& o) {
  a.option("--as", o.as, "Installer of site.yaml; the only one by default");
  a.flag("--json", o.json, "Print JSON");
}

cloud::Client connect_as_installer(Host& host, const std::string& named) {
  return connect_to_service(host, person_with_role(host.site(), "installer", named));
}

json parse(const std::string& answer) {
  return guarded(Errc::unavailable, [&] { return json::parse(answer); });
}

void print(const json& network, std::ostream& out) {
  guarded(Errc::unavailable, [&] {
    fmt::print(out, "network {} in project {}: gateway {}, PAN 0x{:04x}, extended PAN {}, {} devices\n",
               network.at("name").get<std::string>(), network.at("project").get<std::string>(),
               network.at("gateway").get<std::string>(), network.at("pan_id").get<unsigned>(),
               network.at("extended_pan_id").get<std::string>(), network.at("devices").size());
    for (const auto& device : network.at("devices")) fmt::print(out, "  {}\n", device.get<std::string>());
  });
}

Exit show(const std::string& answer, bool as_json, std::ostream& out) {
  if (as_json)
    out << answer << '\n';
  else
    print(parse(answer), out);
  return Exit::ok;
}

Exit create(const CreateOptions& o, World& world) {
  Host host{world};
  require_name(o.name, "the network's name");
  const json body{{"name", o.name}, {"gateway", MacAddress::parse(o.gateway).text()}};
  auto client = connect_as_installer(host, o.as);
  return show(client.post_json("/api/v1/networks", body.dump()), o.json, world.out);
}

Exit add(const AddOptions& o, World& world) {
  Host host{world};
  require_name(o.name, "the network's name");
  auto client = connect_as_installer(host, o.as);
  const auto path = "/api/v1/networks/" + o.name + "/devices";
  return show(client.post_json(path, json{{"serials", o.serials}}.dump()), o.json, world.out);
}

Exit list(const ListOptions& o, World& world) {
  Host host{world};
  auto client = connect_as_installer(host, o.as);
  const auto answer = client.get_json("/api/v1/networks");
  if (o.json) {
    world.out << answer << '\n';
    return Exit::ok;
  }
  const auto networks = parse(answer).at("networks");
  for (const auto& network : networks) print(network, world.out);
  if (networks.empty()) world.out << "no network in your projects\n";
  return Exit::ok;
}

}  // namespace

void add_bind_network(Tool& tool) {
  tool.verb<CreateOptions>("network create", "Make a Zigbee network on a claimed gateway", declare_create, create);
  tool.verb<AddOptions>("network add", "Bring devices into a network, and so to its project", declare_add, add);
  tool.verb<ListOptions>("list", "List the networks of your projects with their devices", declare_list, list);
}

}  // namespace lamp::cli
