#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/ca/site_lists.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/crl_reader.hpp"

namespace lamp::cli {
namespace {

constexpr std::uint64_t kListLimit = 256ULL << 20;

std::vector<std::string> complaints_about(Host& host, const std::string& authority, std::int64_t shard) {
  const auto file = list_file(host.site(), authority, shard);
  if (!std::filesystem::exists(file)) return {"there is no such list, and certificates may name it"};
  const auto checked = attempt([&] {
    const auto der = read_file(file, kListLimit);
    const auto list = pki::ListFacts::parse(der);
    pki::require_signed(list, authority_chain(host.site(), authority).front());
    if (list.part_for.has_value() != (shard != pki::kWholeList))
      throw Error{Errc::denied, "a part of the list where the whole one is expected, or the reverse"};
    const auto state = open_register(host).read(
        [&](store::Transaction& t) { return pki::list_state(t, authority, shard, list.this_update); });
    return pki::complaints(list, state, list_days(host, authority), host.now());
  });
  if (const auto* error = std::get_if<Error>(&checked)) return {error->what()};
  return std::get<0>(checked);
}

struct Count {
  std::size_t lists = 0, bad = 0;
};

void check_authority(Host& host, const std::string& authority, Count& count) {
  std::vector<std::int64_t> scopes{pki::kWholeList};
  for (const auto& shard :
       open_register(host).read([&](store::Transaction& t) { return pki::shards_of(t, authority); }))
    scopes.push_back(shard.number);
  bool well = true;
  for (const auto scope : scopes) {
    const auto all = complaints_about(host, authority, scope);
    for (const auto& complaint : all)
      fmt::print(host.world().err, "lamp-ca: refused: {}: {}\n",
                 shown(host.site(), list_file(host.site(), authority, scope)), complaint);
    ++count.lists;
    if (!all.empty()) ++count.bad;
    well = well && all.empty();
  }
  if (!well) fmt::print(host.world().err, "lamp-ca: to do: lamp-ca crl {}, then publish its files\n", authority);
}

}  // namespace

Exit check_lists(Host& host, const std::string& authority) {
  Count count;
  if (!authority.empty()) {
    check_authority(host, authority, count);
  } else {
    for (const auto& [name, token] : host.site().authorities)
      if (std::filesystem::exists(authority_file(host.site(), name, "chain.pem"))) check_authority(host, name, count);
  }
  if (count.bad == 0) fmt::print(host.world().out, "{} lists are current\n", count.lists);
  return count.bad == 0 ? Exit::ok : Exit::refused;
}

}  // namespace lamp::cli
