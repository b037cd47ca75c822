#include <botan/x509cert.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/cloud/cloud_site.hpp"
#include "cli/cloud/timezone.hpp"
#include "cli/cloud/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/authority.hpp"
#include "lib/registry/project.hpp"

namespace lamp::cli {
namespace {

struct CreateOptions {
  std::string name, timezone;
  std::vector<std::string> members;
};

void declare(Arguments& a, CreateOptions& o) {
  a.positional("name", o.name, "The project's name");
  a.required("--timezone", o.timezone, "IANA time zone of its maintenance windows, such as Europe/Berlin");
  a.option("--member", o.members, "Person of site.yaml who may reach the project; in a demo site all by default");
}

struct Member {
  std::string name, role;
};

/// The name and role that the service will read from the person's certificate.
Member member_of(const config::Person& person) {
  const auto certificates = pki::load_certificates(person.certificate);
  return in_context(person.certificate.string(), [&] {
    return guarded(Errc::bad_input, [&] {
      const Botan::X509_Certificate leaf{certificates.at(0)};
      return Member{leaf.subject_info("X520.CommonName").at(0), leaf.subject_info("X520.OrganizationalUnit").at(0)};
    });
  });
}

bool works_in_projects(const Member& member) { return member.role == "operator" || member.role == "installer"; }

std::vector<Member> named_members(const config::Site& site, const std::vector<std::string>& names) {
  std::vector<Member> members;
  for (const auto& name : names) {
    members.push_back(member_of(site.person(name)));
    if (!works_in_projects(members.back()))
      throw Error{Errc::bad_input, name + " is " + members.back().role + "; members are operators and installers"};
  }
  return members;
}

/// One host holds every role of a demo site; nobody is left out of a first project.
std::vector<Member> demo_members(const config::Site& site) {
  std::vector<Member> members;
  for (const auto& [name, person] : site.people) {
    const bool is_client = person.certificate.parent_path() == site.root / "ca" / "client" / "certs";
    if (!is_client || !std::filesystem::exists(person.certificate)) continue;
    if (auto member = member_of(person); works_in_projects(member)) members.push_back(std::move(member));
  }
  return members;
}

Exit create(const CreateOptions& o, World& world) {
  Host host{world};
  require_timezone(o.timezone);
  const auto members =
      o.members.empty() && host.site().demo ? demo_members(host.site()) : named_members(host.site(), o.members);
  const auto database = open_registry(host.site());
  database->write([&](store::Transaction& t) {
    registry::create_project(t, {o.name, o.timezone}, host.now());
    audit::Event event{account_name(), "cloud.project.create", o.name, {{"timezone", o.timezone}}};
    for (const auto& member : members) {
      registry::add_member(t, o.name, member.name, member.role);
      event.details.emplace_back("member", member.name + " (" + member.role + ")");
    }
    audit::record(t, event, host.now(), world.rng);
  });
  fmt::print(world.out, "project {} ({})\n", o.name, o.timezone);
  for (const auto& member : members) fmt::print(world.out, "  member {} ({})\n", member.name, member.role);
  if (members.empty()) fmt::print(world.out, "  without members nobody reaches it; see --member\n");
  finish_cloud(host, *database);
  return Exit::ok;
}

struct ProjectListOptions {
  bool json = false;
};

void declare_list(Arguments& a, ProjectListOptions& o) { a.flag("--json", o.json, "Print JSON"); }

void print_json(const std::vector<registry::ProjectSummary>& projects, std::ostream& out) {
  auto all = nlohmann::json::array();
  for (const auto& p : projects)
    all.push_back(
        {{"name", p.project.name}, {"timezone", p.project.timezone}, {"members", p.members}, {"devices", p.devices}});
  out << all.dump(2) << '\n';
}

Exit list(const ProjectListOptions& o, World& world) {
  Host host{world};
  const auto projects = open_registry(host.site())->read([](store::Transaction& t) { return registry::projects(t); });
  if (o.json) {
    print_json(projects, world.out);
    return Exit::ok;
  }
  fmt::print(world.out, "{:<20} {:<20} {:>7}  {}\n", "PROJECT", "TIME ZONE", "DEVICES", "MEMBERS");
  for (const auto& p : projects) {
    std::string members;
    for (const auto& member : p.members) members += (members.empty() ? "" : ", ") + member;
    fmt::print(world.out, "{:<20} {:<20} {:>7}  {}\n", p.project.name, p.project.timezone, p.devices, members);
  }
  return Exit::ok;
}

}  // namespace

void add_cloud_project(Tool& tool) {
  tool.verb<CreateOptions>("project create", "Make a project, with those who may reach it", declare, create);
  tool.verb<ProjectListOptions>("project list", "List projects", declare_list, list);
}

}  // namespace lamp::cli
