#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/ota/tool.hpp"
#include "cli/service_session.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::cli {
namespace {

struct SteerOptions {
  std::string rollout, as;
};

void declare(Arguments& a, SteerOptions& o) {
  a.positional("rollout", o.rollout, "The rollout's id, as 'lamp-ota status' prints it");
  a.option("--as", o.as, "Operator of site.yaml; the only one by default");
}

Exit steer(const SteerOptions& o, World& world, const std::string& verb) {
  Host host{world};
  require_name(o.rollout, "rollout");
  const auto person = person_with_role(host.site(), "operator", o.as);
  auto client = connect_to_service(host, person);
  const auto answer = client.post_json("/api/v1/rollouts/" + o.rollout + "/" + verb, "{}");
  const auto state = in_context("answer of the service", [&] {
    return guarded(Errc::bad_input, [&] { return nlohmann::json::parse(answer).at("state").get<std::string>(); });
  });
  host.record({person, "ota." + verb, o.rollout, {}});
  fmt::print(world.out, "rollout {} is {}\n", o.rollout, state);
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ota_steer(Tool& tool) {
  tool.verb<SteerOptions>("pause", "Offer a rollout to no further device", declare,
                          [](const SteerOptions& o, World& w) { return steer(o, w, "pause"); });
  tool.verb<SteerOptions>("resume", "Go on with a paused rollout; failures so far are forgiven", declare,
                          [](const SteerOptions& o, World& w) { return steer(o, w, "resume"); });
  tool.verb<SteerOptions>("abort", "End a rollout for good", declare,
                          [](const SteerOptions& o, World& w) { return steer(o, w, "abort"); });
}

}  // namespace lamp::cli
