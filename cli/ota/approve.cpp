#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/ota/release.hpp"
#include "cli/ota/tool.hpp"
#include "cli/service_session.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

/// Long enough to collect a second operator's approval, short enough that a forgotten plan does not start by surprise.
constexpr std::chrono::hours kLifetime{7 * 24};

struct ApproveOptions {
  std::string plan, as;
};

void declare(Arguments& a, ApproveOptions& o) {
  a.positional("plan", o.plan, "Rollout plan, lamp-plan(5)");
  a.required("--as", o.as, "The operator who approves, as site.yaml names them");
}

Exit approve(const ApproveOptions& o, World& world) {
  Host host{world};
  auto plan = rollout::Plan::load(o.plan);
  print_plan(world.out, plan);
  const auto person = person_with_role(host.site(), "operator", o.as);
  const auto certificate = certificates_of(host.site(), person).front();
  const auto own = [&](const rollout::PlanApproval& approval) { return approval.certificate == certificate; };
  const auto before = std::find_if(plan.approvals.begin(), plan.approvals.end(), own);
  if (before != plan.approvals.end() && rollout::check_approval(*before, plan, host.now()).acceptable()) {
    fmt::print(world.out, "{} approved this before; nothing was changed.\n", person);
    return Exit::ok;
  }
  plan.approvals.erase(std::remove_if(plan.approvals.begin(), plan.approvals.end(), own), plan.approvals.end());
  const Instant expires = host.now() + kLifetime;
  plan.approvals.push_back(rollout::approve(*host.person_key(person), person, certificate, plan, expires, world.rng));
  host.record({person, "ota.approve", plan.id(), {{"expires", format_instant(expires)}}});
  publish(o.plan, plan.yaml());
  fmt::print(world.out, "{} approves; this counts until {}.\n", person, format_instant(expires));
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ota_approve(Tool& tool) {
  tool.verb<ApproveOptions>("approve", "Approve exactly this plan as an operator", declare, approve);
}

}  // namespace lamp::cli
