#include "cli/ca/site_lists.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/file.hpp"
#include "lib/pki/records.hpp"

namespace lamp::cli {
namespace {

pki::RevocationList publish_one(Host& host, const pki::Authority& authority, std::uint64_t days,
                                const pki::Shard& scope) {
  const auto& name = authority.name();
  const auto list = pki::make_list(
      open_register(host), authority, days, host.now(), host.world().rng,
      [&](store::Transaction& t, const pki::RevocationList& made) {
        audit::Event event{account_name(),
                           "ca.crl",
                           name,
                           {{"number", std::to_string(made.number)},
                            {"entries", std::to_string(made.entries)},
                            {"next-update", format_instant(made.next_update)}}};
        if (made.shard != pki::kWholeList) event.details.emplace_back("shard", std::to_string(made.shard));
        audit::record(t, event, host.now(), host.world().rng);
      },
      scope);
  publish(list_file(host.site(), name, list.shard), ByteView{list.der});
  return list;
}

}  // namespace

std::uint64_t list_days(Host& host, const std::string& authority) {
  const auto certificate = authority_chain(host.site(), authority).front();
  const auto records = open_register(host).read([&](store::Transaction& t) {
    pki::Filter filter;
    filter.identity = authority;
    return pki::list(t, filter);
  });
  for (const auto& record : records) {
    if (!std::ranges::equal(record.certificate, certificate)) continue;
    const auto profile = load_profile(host.site(), record.profile);
    if (profile.authority) return profile.authority->crl_days;
  }
  return pki::AuthorityRule{}.crl_days;
}

std::filesystem::path list_file(const config::Site& site, const std::string& authority, std::int64_t shard) {
  return authority_file(site, authority,
                        shard == pki::kWholeList ? "crl.der" : "crl-" + std::to_string(shard) + ".der");
}

std::vector<pki::RevocationList> publish_lists(Host& host, const pki::Authority& authority,
                                               const std::set<std::int64_t>* only) {
  const auto& name = authority.name();
  // Held until the files are there, so that an older list never replaces a newer one.
  const FileLock lock{authority_file(host.site(), name, ".crl.lock")};
  const auto days = list_days(host, name);
  const auto shards = open_register(host).read([&](store::Transaction& t) { return pki::shards_of(t, name); });
  std::vector<pki::RevocationList> lists{publish_one(host, authority, days, {})};
  for (const auto& shard : shards)
    if (only == nullptr || only->contains(shard.number)) lists.push_back(publish_one(host, authority, days, shard));
  return lists;
}

void report_lists(Host& host, const std::string& authority, const std::vector<pki::RevocationList>& lists) {
  const auto& whole = lists.front();
  fmt::print(host.world().out, "CRL {} of {}: {} revoked, until {}: {}\n", whole.number, authority, whole.entries,
             format_instant(whole.next_update), shown(host.site(), list_file(host.site(), authority, whole.shard)));
  if (lists.size() == 1) return;
  fmt::print(host.world().out, "and {} of its shards, {} to {}\n", lists.size() - 1,
             shown(host.site(), list_file(host.site(), authority, lists[1].shard)),
             list_file(host.site(), authority, lists.back().shard).filename().string());
}

nlohmann::json describe_lists(const config::Site& site, const std::string& authority,
                              const std::vector<pki::RevocationList>& lists) {
  auto all = nlohmann::json::array();
  for (const auto& list : lists) {
    nlohmann::json one{{"authority", authority},
                       {"number", list.number},
                       {"revoked", list.entries},
                       {"next-update", format_instant(list.next_update)},
                       {"file", shown(site, list_file(site, authority, list.shard))}};
    if (list.shard != pki::kWholeList) one["shard"] = list.shard;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace lamp::cli
