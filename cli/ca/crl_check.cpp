#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

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

std::vector<std::int64_t> scopes_of(Host& host, const std::string& authority) {
  std::vector<std::int64_t> scopes{pki::kWholeList};
  for (const auto& shard :
       open_register(host).read([&](store::Transaction& t) { return pki::shards_of(t, authority); }))
    scopes.push_back(shard.number);
  return scopes;
}

}  // namespace

std::vector<std::string> list_complaints(Host& host, const std::string& authority) {
  std::vector<std::string> all;
  for (const auto scope : scopes_of(host, authority))
    for (const auto& complaint : complaints_about(host, authority, scope))
      all.push_back(shown(host.site(), list_file(host.site(), authority, scope)) + ": " + complaint);
  return all;
}

Exit check_lists(Host& host, const std::string& authority, bool json) {
  std::vector<std::string> names;
  for (const auto& [name, token] : host.site().authorities)
    if (authority.empty() && std::filesystem::exists(authority_file(host.site(), name, "chain.pem")))
      names.push_back(name);
  if (!authority.empty()) names.push_back(authority);
  std::size_t lists = 0;
  bool well = true;
  auto described = nlohmann::json::array();
  for (const auto& name : names) {
    lists += scopes_of(host, name).size();
    const auto complaints = list_complaints(host, name);
    described.push_back({{"authority", name}, {"complaints", complaints}});
    if (json) {
      well = well && complaints.empty();
      continue;
    }
    for (const auto& complaint : complaints) fmt::print(host.world().err, "lamp-ca: refused: {}\n", complaint);
    if (complaints.empty()) continue;
    fmt::print(host.world().err, "lamp-ca: to do: lamp-ca crl {}, then publish its files\n", name);
    well = false;
  }
  if (json)
    host.world().out << described.dump(2) << '\n';
  else if (well)
    fmt::print(host.world().out, "{} lists are current\n", lists);
  return well ? Exit::ok : Exit::refused;
}

}  // namespace lamp::cli
