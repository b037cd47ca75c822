#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <optional>

#include "cli/sign/dossier.hpp"
#include "cli/sign/policy_check.hpp"
#include "cli/sign/release_outputs.hpp"
#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/quorum/hybrid.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::cli {
namespace {

struct ApproveOptions {
  std::string release;
  std::string officer;
  std::string image;
};

void declare(Arguments& a, ApproveOptions& o) {
  a.positional("release", o.release, "MODEL/VERSION");
  a.required("--as", o.officer, "The officer who approves, as the roster names them");
  a.option("--image", o.image, "An image that the officer built, to be the same as the requested one");
}

bool approved_already(const Dossier& dossier, const std::string& officer, Instant now) {
  if (!std::filesystem::exists(dossier.files.approval(officer))) return false;
  const auto tally = count_approvals(dossier, now);
  return std::find(tally.approved.begin(), tally.approved.end(), officer) != tally.approved.end();
}

/// The contribution of an earlier run, when its approval still counts.
std::optional<quorum::Contribution> earlier(const Dossier& dossier, const std::string& officer, Instant now) {
  if (!approved_already(dossier, officer, now)) return std::nullopt;
  const auto it = std::ranges::find(dossier.contributions, officer, &quorum::Contribution::officer);
  return it == dossier.contributions.end() ? std::nullopt : std::optional{*it};
}

/// The share of the PIN and, for a hybrid release only, that of the ML-DSA key.
void hand_over_shares(Host& host, const Dossier& dossier, const quorum::Officer& officer,
                      quorum::Contribution& contribution) {
  const auto& person = host.site().person(officer.name);
  const auto key = host.token(person.token).agreement_key(person.share_key);
  const auto& request = dossier.request;
  contribution.sealed_share = quorum::hand_over_share(dossier.roster, dossier.dealing, officer, *key,
                                                      request.session_point, request.digest(), host.world().rng);
  if (hybrid_in(request) == firmware::Hybrid::yes)
    contribution.sealed_hybrid_share = quorum::hand_over_hybrid_share(
        dossier.roster, dossier.dealing, officer, *key, request.session_point, request.digest(), host.world().rng);
  contribution.dealing = dossier.dealing.number;
}

/// An officer's own build of the same sources.
std::vector<std::string> compare_builds(const std::string& image, const firmware::Request& request) {
  if (image.empty()) return {};
  const auto own = sha256_of_file(image);
  if (own == request.image_digest) return {};
  return {"the image " + image + " has SHA-256 " + hex(own) + ", the one requested " + hex(request.image_digest) +
          ": find out why the two builds differ"};
}

std::vector<std::string> objections(Host& host, const firmware::ReleasePolicy& policy, const Dossier& dossier,
                                    const ApproveOptions& options) {
  host.database().migrate(firmware::release_schema());
  auto all = ask_policy(host, policy, dossier).objections;
  for (auto& why : compare_builds(options.image, dossier.request)) all.push_back(std::move(why));
  return all;
}

void record(Host& host, const Dossier& dossier, const std::string& officer, Instant expires) {
  const auto& request = dossier.request;
  const audit::Event event{officer,
                           "sign.approve",
                           request.name.text(),
                           {{"request", hex(request.digest())}, {"expires", format_instant(expires)}}};
  host.database().write([&](store::Transaction& t) {
    firmware::record_approval(t, {request.name, request.sequence, request.epoch, request.image_digest}, host.now());
    audit::record(t, event, host.now(), host.world().rng);
  });
}

/// The PIN was renewed since, which voided the share and nothing else.
void repeat_share(Host& host, const Dossier& dossier, const quorum::Officer& officer,
                  quorum::Contribution contribution) {
  hand_over_shares(host, dossier, officer, contribution);
  host.record({officer.name,
               "sign.share",
               dossier.request.name.text(),
               {{"request", hex(dossier.request.digest())}, {"dealing", std::to_string(contribution.dealing)}}});
  publish(dossier.files.approval(officer.name), ByteView{contribution.encode()});
  fmt::print(host.world().out, "{} hands in a share of dealing {}; the approval given before still counts.\n",
             officer.name, contribution.dealing);
}

void give_approval(Host& host, const Dossier& dossier, const quorum::Officer& officer,
                   const firmware::ReleasePolicy& policy) {
  const auto& request = dossier.request;
  const Instant expires = std::min(host.now() + policy.approval_lifetime, request.expires);
  quorum::Contribution contribution{officer.name, {}, {}, dossier.dealing.number};
  contribution.approval = quorum::approve(*host.person_key(officer.name), dossier.roster, request.suit_digest,
                                          quorum::kReleaseContext, expires, host.world().rng, request.digest());
  hand_over_shares(host, dossier, officer, contribution);
  record(host, dossier, officer.name, expires);
  publish(dossier.files.approval(officer.name), ByteView{contribution.encode()});
  fmt::print(host.world().out, "{} approves; this counts until {}.\n", officer.name, format_instant(expires));
}

Exit approve(const ApproveOptions& options, World& world) {
  Host host{world};
  const auto dossier = load_dossier(host, firmware::ReleaseName::parse(options.release));
  const auto* officer = dossier.roster.find(options.officer);
  if (officer == nullptr)
    throw Error{Errc::denied, options.officer + " is not an officer of roster " + dossier.roster.name};
  print_request(world.out, dossier);
  const auto before = earlier(dossier, officer->name, host.now());
  if (before && before->dealing >= dossier.dealing.number) {
    fmt::print(world.out, "{} approved this before; nothing was changed.\n", officer->name);
    return Exit::ok;
  }
  if (std::filesystem::exists(dossier.files.sealed()))
    throw Error{Errc::denied, dossier.request.name.text() + " is sealed already; there is nothing left to approve"};
  const auto policy = release_policy(host);
  if (const auto why = objections(host, policy, dossier, options); !why.empty()) return refuse(why, world);
  if (before)
    repeat_share(host, dossier, *officer, *before);
  else
    give_approval(host, dossier, *officer, policy);
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_sign_approve(Tool& tool) {
  tool.verb<ApproveOptions>("approve", "Approve exactly these bytes as an officer", declare, approve);
}

}  // namespace lamp::cli
