#include "lib/rollout/plan.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/ota/release.hpp"
#include "cli/ota/tool.hpp"
#include "cli/service_session.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"

namespace lamp::cli {
namespace {

struct PlanOptions {
  std::string release, project, output, as;
  std::string policy = "canary";
};

void declare(Arguments& a, PlanOptions& o) {
  a.required("--release", o.release, "MODEL/VERSION, sealed");
  a.required("--project", o.project, "Project whose devices get it");
  a.option("--policy", o.policy, "Rollout policy: canary (default), careful, or one of the site's own");
  a.required("--output,-o", o.output, "File to write the plan to");
  a.option("--as", o.as, "Operator of site.yaml; the only one by default");
}

struct Fleet {
  std::vector<std::string> outdated;  ///< serial numbers, sorted
  std::size_t current = 0;
};

Fleet ask_for_devices(cloud::Client& client, const PlanOptions& o, const firmware::ReleaseName& release) {
  require_name(o.project, "project");
  const auto answer = client.get_json("/api/v1/projects/" + o.project + "/devices?model=" + release.model);
  return in_context("answer of the service", [&] {
    return guarded(Errc::bad_input, [&] {
      Fleet fleet;
      const auto parsed = nlohmann::json::parse(answer);
      for (const auto& device : parsed.at("devices")) {
        const auto& version = device.at("version");
        if (version.is_string() && version.get<std::string>() == release.version)
          ++fleet.current;
        else
          fleet.outdated.push_back(device.at("serial").get<std::string>());
      }
      std::sort(fleet.outdated.begin(), fleet.outdated.end());
      return fleet;
    });
  });
}

Exit make_plan(const PlanOptions& o, World& world) {
  Host host{world};
  const auto name = firmware::ReleaseName::parse(o.release);
  require_name(o.policy, "policy");
  const auto policy = rollout::Policy::load(host.site().template_file("policy/rollout", o.policy + ".yaml"));
  const auto release = load_sealed_release(host, name);
  const auto person = person_with_role(host.site(), "operator", o.as);
  auto client = connect_to_service(host, person);
  const auto fleet = ask_for_devices(client, o, name);
  if (fleet.outdated.empty())
    throw Error{Errc::denied, fleet.current == 0
                                  ? "project " + o.project + " has no " + name.model
                                  : "all " + std::to_string(fleet.current) + " run " + name.version + " already"};
  const rollout::Plan plan{o.project,
                           release.facts,
                           host.now(),
                           person,
                           policy.name,
                           policy.approvals,
                           rollout::make_waves(policy, fleet.outdated),
                           {}};
  publish(o.output, plan.yaml(), Mode::shared, Existing::refuse);
  host.record({person,
               "ota.plan",
               plan.id(),
               {{"release", name.text()},
                {"project", o.project},
                {"policy", policy.name},
                {"devices", std::to_string(plan.device_count())}}});
  print_plan(world.out, plan);
  if (fleet.current != 0) fmt::print(world.out, "left out   {} devices that run it already\n", fleet.current);
  fmt::print(world.out, "written to {}; next: lamp-ota approve {} --as OPERATOR\n", o.output, o.output);
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ota_plan(Tool& tool) {
  tool.verb<PlanOptions>("plan", "Put a project's devices into waves for a release", declare, make_plan);
}

}  // namespace lamp::cli
