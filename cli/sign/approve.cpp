#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/sign/dossier.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::cli {
namespace {

constexpr const char* kShareKey = "share";

struct ApproveOptions {
  std::string release;
  std::string officer;
};

void declare(Arguments& a, ApproveOptions& o) {
  a.positional("release", o.release, "MODEL/VERSION");
  a.required("--as", o.officer, "The officer who approves, as the roster names them");
}

bool approved_already(const Dossier& dossier, const std::string& officer, Instant now) {
  if (!std::filesystem::exists(dossier.files.approval(officer))) return false;
  const auto tally = count_approvals(dossier, now);
  return std::find(tally.approved.begin(), tally.approved.end(), officer) != tally.approved.end();
}

/// The officer's share leaves the roster's box for one that only this request's session key opens.
Bytes reseal_share(Host& host, const Dossier& dossier, const quorum::Officer& officer) {
  const auto key = host.token(host.site().person(officer.name).token).agreement_key(kShareKey);
  const auto share =
      quorum::open_share(officer.sealed_share, *key, quorum::roster_share_context(dossier.roster, officer), officer);
  return quorum::seal_share(share, dossier.request.session_point,
                            quorum::request_share_context(dossier.request.digest(), officer.name), host.world().rng);
}

Exit approve(const ApproveOptions& options, World& world) {
  Host host{world};
  const auto dossier = load_dossier(host, firmware::ReleaseName::parse(options.release));
  const auto* officer = dossier.roster.find(options.officer);
  if (officer == nullptr)
    throw Error{Errc::denied, options.officer + " is not an officer of roster " + dossier.roster.name};
  print_request(world.out, dossier);
  if (approved_already(dossier, officer->name, host.now())) {
    fmt::print(world.out, "{} approved this before; nothing was changed.\n", officer->name);
    return Exit::ok;
  }
  if (std::filesystem::exists(dossier.files.sealed()))
    throw Error{Errc::denied, dossier.request.name.text() + " is sealed already; there is nothing left to approve"};
  const auto policy = firmware::ReleasePolicy::load(host.site().template_file("policy", "release.yaml"));
  const Instant expires = host.now() + policy.approval_lifetime;
  quorum::Contribution contribution{officer->name, {}, {}};
  contribution.approval = quorum::approve(*host.person_key(officer->name), dossier.roster, dossier.request.suit_digest,
                                          quorum::kReleaseContext, expires, world.rng, dossier.request.digest());
  contribution.sealed_share = reseal_share(host, dossier, *officer);
  host.record({officer->name,
               "sign.approve",
               dossier.request.name.text(),
               {{"request", hex(dossier.request.digest())}, {"expires", format_instant(expires)}}});
  publish(dossier.files.approval(officer->name), ByteView{contribution.encode()});
  fmt::print(world.out, "{} approves; this counts until {}.\n", officer->name, format_instant(expires));
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_sign_approve(Tool& tool) {
  tool.verb<ApproveOptions>("approve", "Approve exactly these bytes as an officer", declare, approve);
}

}  // namespace lamp::cli
