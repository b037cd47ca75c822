#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/ca/by_quorum.hpp"
#include "cli/ca/choice.hpp"
#include "cli/ca/quorum_requests.hpp"
#include "cli/ca/site_lists.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

constexpr std::size_t kPart = 500;  // certificates in one durable step

struct RevokeOptions {
  Choice one;
  BulkChoice many;
  std::string reason = "unspecified", quorum;
  std::optional<std::uint64_t> expect;
  bool dry_run = false, json = false;
};

void declare(Arguments& a, RevokeOptions& o) {
  declare_choice(a, o.one);
  declare_bulk(a, o.many);
  a.option("--reason", o.reason, "Reason by its name in RFC 5280, such as keyCompromise");
  a.option("--expect", o.expect, "How many certificates that are, when they are many; --dry-run counts them");
  a.option("--quorum", o.quorum, "Quorum that guards the key: officers approve, the same command then does it");
  a.flag("--dry-run", o.dry_run, "Say what would be revoked and change nothing");
  a.flag("--json", o.json, "Print JSON");
}

/// Which lists have changed.
using Touched = std::map<std::string, std::set<std::int64_t>>;

struct Outcome {
  std::uint64_t revoked = 0;
  Touched touched;
};

void revoke_in(store::Transaction& t, Host& host, const pki::Selected& one, const std::string& reason,
               Outcome& outcome) {
  const auto record = pki::find(t, one.authority, one.serial);
  if (!record || !pki::revoke(t, *record, reason, host.now())) return;
  audit::record(t,
                {account_name(),
                 "ca.revoke",
                 record->identity,
                 {{"authority", record->authority},
                  {"profile", record->profile},
                  {"serial", record->serial},
                  {"was", std::string{text(record->state)}},
                  {"reason", reason}}},
                host.now(), host.world().rng);
  ++outcome.revoked;
  outcome.touched[record->authority].insert(pki::shard_in(t, record->authority, record->tbs));
}

/// Durable part by part: after a kill the same command does what is left.
Outcome revoke_all(Host& host, const std::vector<pki::Selected>& chosen, const std::string& reason) {
  Outcome all;
  for (std::size_t at = 0; at < chosen.size(); at += kPart) {
    const auto end = std::min(chosen.size(), at + kPart);
    auto part = open_register(host).write([&](store::Transaction& t) {
      Outcome outcome;
      for (std::size_t i = at; i < end; ++i) revoke_in(t, host, chosen[i], reason, outcome);
      return outcome;
    });
    all.revoked += part.revoked;
    for (auto& [authority, shards] : part.touched) all.touched[authority].merge(shards);
  }
  return all;
}

/// Publishes the lists that have changed; describes them, or says so line by line.
nlohmann::json publish_touched(Host& host, const Touched& touched, bool json) {
  auto all = nlohmann::json::array();
  for (const auto& entry : touched) {
    const auto& authority = entry.first;
    in_context("revoked and recorded, but not on a published list yet (lamp-ca crl " + authority + " makes it)", [&] {
      const auto open = open_authority(host, authority);
      const auto lists = publish_lists(host, open.authority, &entry.second);
      if (!json) report_lists(host, authority, lists);
      for (auto& list : describe_lists(host.site(), authority, lists)) all.push_back(std::move(list));
    });
  }
  return all;
}

nlohmann::json describe(const pki::Selected& one) {
  nlohmann::json all{{"authority", one.authority},
                     {"serial", one.serial},
                     {"profile", one.profile},
                     {"identity", one.identity},
                     {"state", one.state}};
  if (!one.reason.empty()) all["reason"] = one.reason;
  return all;
}

/// What is or would be revoked, as it was before; with the lists that were published.
nlohmann::json report(const RevokeOptions& o, const std::vector<pki::Selected>& chosen, std::uint64_t revoked) {
  auto certificates = nlohmann::json::array();
  for (const auto& one : chosen) certificates.push_back(describe(one));
  return {{"dry-run", o.dry_run}, {"reason", o.reason}, {"revoked", revoked}, {"before", std::move(certificates)}};
}

std::string named(const pki::Selected& one) {
  return fmt::format("certificate {} of {} ({} by {})", one.serial, one.identity, one.profile, one.authority);
}

pki::Selected selected(const pki::Record& record) {
  return {record.authority, record.serial, record.profile, record.identity, std::string{text(record.state)},
          record.reason};
}

Exit try_out(const RevokeOptions& o, const std::vector<pki::Selected>& chosen, std::ostream& out) {
  if (o.json) {
    out << report(o, chosen, 0).dump(2) << '\n';
    return Exit::ok;
  }
  for (const auto& one : chosen) fmt::print(out, "would revoke {}: it is {}\n", named(one), one.state);
  if (given(o.one) == 0) fmt::print(out, "{} certificates fit\n", chosen.size());
  return Exit::ok;
}

void say(const RevokeOptions& o, const std::vector<pki::Selected>& chosen, std::uint64_t revoked, std::ostream& out) {
  if (given(o.one) == 0) {
    fmt::print(out, "{} certificates revoked: {}; {} were before\n", revoked, o.reason, chosen.size() - revoked);
    return;
  }
  const auto& one = chosen.front();
  fmt::print(out, "{} {}: {}\n", named(one), revoked != 0 ? "revoked" : "was revoked before",
             revoked != 0 ? o.reason : one.reason);
}

void revoke_and_publish(const RevokeOptions& o, Host& host, const std::vector<pki::Selected>& chosen,
                        std::ostream& out) {
  auto outcome = revoke_all(host, chosen, o.reason);
  if (!o.json) say(o, chosen, outcome.revoked, out);
  // Also when nothing changed: the run that revoked it may have been killed before it published.
  for (const auto& one : chosen) outcome.touched.try_emplace(one.authority);
  auto lists = publish_touched(host, outcome.touched, o.json);
  if (!o.json) return;
  auto all = report(o, chosen, outcome.revoked);
  all["lists"] = std::move(lists);
  out << all.dump(2) << '\n';
}

void require_expected(const RevokeOptions& o, std::size_t found) {
  if (o.expect == found) return;
  const auto say = o.expect ? fmt::format("{} certificates fit, not {}", found, *o.expect)
                            : fmt::format("{} certificates fit", found);
  throw Error{Errc::denied, say + "; nothing was revoked: look with --dry-run, then say --expect and their number"};
}

std::vector<pki::Selected> choose(const RevokeOptions& o, Host& host) {
  if (given(o.one) == 1) return {selected(find_record(host, o.one))};
  auto chosen = find_many(host, selection_of(o.many, o.one.authority));
  if (!o.dry_run) require_expected(o, chosen.size());
  return chosen;
}

Exit revoke(const RevokeOptions& o, World& world) {
  if (given(o.one) + given(o.many) != 1) {
    throw UsageError{
        "say what to revoke, in one way: --serial, --certificate, --device, --order, "
        "--mac-from with --mac-to, or --device-from with --device-to"};
  }
  auto aside = o.json ? with_prose_aside(world) : world;
  Host host{aside};
  (void)pki::reason_code(o.reason);
  const auto chosen = choose(o, host);
  if (o.dry_run) return try_out(o, chosen, world.out);
  const auto work = [&] { revoke_and_publish(o, host, chosen, world.out); };
  if (!o.quorum.empty() && !chosen.empty()) {
    const auto& authority = chosen.front().authority;
    return by_quorum(host, key_of_authority(host.site(), o.quorum, authority), to_revoke(authority, chosen, o.reason),
                     work, o.json ? &world.out : nullptr);
  }
  work();
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_revoke(Tool& tool) {
  tool.verb<RevokeOptions>("revoke", "Revoke certificates, or withdraw a reservation, and publish the CRL", declare,
                           revoke);
}

}  // namespace lamp::cli
