#include "cli/sign/policy_check.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include "cli/sign/release_outputs.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/device_profile.hpp"

namespace lamp::cli {

firmware::ReleasePolicy release_policy(Host& host) {
  return firmware::ReleasePolicy::load(host.site().template_file("policy", "release.yaml"));
}

firmware::Circumstances circumstances(Host& host, const quorum::Roster& roster, const firmware::Terms& terms) {
  firmware::Circumstances here;
  here.now = host.now();
  here.demo = host.site().demo;
  const auto profile = firmware::device_profile(host.site(), terms.model);
  here.hardware_type = profile.hardware_type;
  here.threshold = roster.threshold;
  here.officers = roster.officers.size();
  const auto id = [](const Bytes& key) {
    return cose::key_id(*guarded(Errc::bad_input, [&] { return Botan::X509::load_key(key); }));
  };
  if (terms.application) {
    const auto& partner = terms.application->partner;
    if (profile.applications) here.grants = profile.applications->granted(partner);
    const auto key = roster.other_keys.find(firmware::application_key(partner));
    if (key != roster.other_keys.end()) here.signing_keys = {id(key->second)};
    return here;
  }
  here.signing_keys = {id(roster.release_key)};
  if (profile.release.hybrid && !roster.hybrid_key.empty()) here.signing_keys.push_back(id(roster.hybrid_key));
  return here;
}

Verdict ask_policy(Host& host, const firmware::ReleasePolicy& policy, const Dossier& dossier) {
  const auto& r = dossier.request;
  Verdict verdict = host.database().read([&](store::Transaction& t) {
    auto order = firmware::check_order(policy, firmware::history(t, r.name.line()), r.sequence, r.epoch,
                                       r.terms.extra_approvals);
    for (const auto& more :
         {firmware::check_version(t, policy, {r.name, r.epoch, r.image_digest, r.image_size, r.terms.extra_approvals}),
          firmware::check_approved(t, policy, {r.name, r.sequence, r.epoch, r.image_digest})})
      order.objections.insert(order.objections.end(), more.objections.begin(), more.objections.end());
    return order;
  });
  const auto terms = firmware::check_terms(policy, r.terms, circumstances(host, dossier.roster, r.terms));
  const auto outputs = judge_outputs(host, dossier);
  for (const auto* more : {&terms, &outputs})
    verdict.objections.insert(verdict.objections.end(), more->objections.begin(), more->objections.end());
  return verdict;
}

std::uint64_t required_approvals(const Dossier& dossier) {
  return dossier.roster.threshold + dossier.request.terms.extra_approvals;
}

Exit refuse(const std::vector<std::string>& objections, World& world) {
  for (const auto& objection : objections) world.err << "lamp-sign: refused: " << objection << '\n';
  return Exit::refused;
}

}  // namespace lamp::cli
