#include "lib/cloud/plan_check.hpp"

#include <botan/x509cert.h>

#include <algorithm>
#include <set>

#include "lib/base/file.hpp"
#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/identity.hpp"
#include "lib/firmware/suit.hpp"
#include "lib/registry/project.hpp"

namespace lamp::cloud {
namespace {

constexpr std::size_t kMostNamed = 5;

/// Unlike a caller's, this certificate did not come through TLS: its chain is checked here.
std::optional<Caller> holder_of(const Bytes& certificate, ClientTrust& trust, store::Database& database) {
  const auto leaf = guarded(Errc::bad_input, [&] { return Botan::X509_Certificate{certificate}; });
  if (trust.fault_in({leaf})) return std::nullopt;
  return Identifier{trust, database}(certificate);
}

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kMostNamed); ++i) text += (i == 0 ? "" : ", ") + names[i];
  if (names.size() > kMostNamed) text += " and " + std::to_string(names.size() - kMostNamed) + " more";
  return text;
}

}  // namespace

CountedApprovals count_approvals(const rollout::Plan& plan, ClientTrust& trust, store::Database& database,
                                 Instant now) {
  CountedApprovals counted;
  std::set<std::string> names;
  for (const auto& approval : plan.approvals) {
    if (const auto verdict = rollout::check_approval(approval, plan, now); !verdict.acceptable()) {
      counted.objections.push_back(verdict.objections.front());
      continue;
    }
    const auto holder = holder_of(approval.certificate, trust, database);
    if (holder && holder->role == Role::fleet_operator)
      names.insert(holder->name);
    else
      counted.objections.push_back("the approval by " + approval.approver + " is not by an operator known here");
  }
  counted.operators.assign(names.begin(), names.end());
  return counted;
}

Verdict check_artifact(const rollout::Plan& plan, ArtifactStore& artifacts) {
  const auto& release = plan.release;
  const auto artifact = artifacts.find(hex(release.artifact));
  if (!artifact) return Verdict{{"the release was not uploaded"}};
  if (artifact->size != release.size) return Verdict{{"the release has another size than the plan says"}};
  const auto bytes = read_file(artifact->file);
  const auto fits = attempt([&] {
    const auto manifest = firmware::parse_manifest(firmware::parse_envelope(bytes).manifest);
    return manifest.model == release.model && manifest.version.text() == release.version &&
           manifest.sequence == release.sequence;
  });
  if (const auto* error = std::get_if<Error>(&fits)) return Verdict{{std::string{"the artifact: "} + error->what()}};
  if (!std::get<bool>(fits)) return Verdict{{"the artifact is not the release that the plan names"}};
  return {};
}

Verdict check_members(store::Transaction& transaction, const rollout::Plan& plan, std::string_view user,
                      const std::vector<std::string>& approvers) {
  Verdict verdict;
  const auto devices = registry::project_devices(transaction, plan.project, user, plan.release.model);
  if (!devices) return Verdict{{"you have no project " + plan.project}};
  std::set<std::string> known;
  for (const auto& device : *devices) known.insert(device.serial);
  std::vector<std::string> strangers;
  for (const auto& wave : plan.waves)
    for (const auto& serial : wave.devices)
      if (!known.contains(serial)) strangers.push_back(serial);
  if (!strangers.empty())
    verdict.objections.push_back("not a " + plan.release.model + " of project " + plan.project + ": " +
                                 listed(strangers));
  for (const auto& approver : approvers)
    if (!registry::is_member(transaction, plan.project, approver, role_text(Role::fleet_operator)))
      verdict.objections.push_back(approver + " is no operator of project " + plan.project);
  return verdict;
}

}  // namespace lamp::cloud
