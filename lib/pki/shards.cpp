#include "lib/pki/shards.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki {
namespace {

constexpr std::uint8_t kUri = 0x86;  // [6] in GeneralName

std::string url_of(const std::string& text, std::uint64_t shard) {
  auto url = text;
  const auto at = url.find(kShardPlaceholder);
  return url.replace(at, kShardPlaceholder.size(), std::to_string(shard));
}

/// CRLDistributionPoints ::= SEQUENCE OF SEQUENCE { [0] DistributionPointName, ... }
std::vector<std::string> distribution_urls(ByteView value) {
  der::Reader outer{value};
  auto points = outer.enter(der::kSequence, "CRL distribution points");
  std::vector<std::string> urls;
  while (!points.at_end()) {
    auto point = points.enter(der::kSequence, "CRL distribution point");
    const auto name = point.next_if(der::constructed_context(0), "distribution point name");
    if (!name) continue;
    for (auto& url : urls_in(name->content)) urls.push_back(std::move(url));
  }
  return urls;
}

}  // namespace

std::optional<std::string> crl_url_of(const Profile& profile, ByteView serial) {
  if (!profile.crl_url || profile.crl_shards == 0) return profile.crl_url;
  std::uint64_t last = 0;
  for (const auto octet : serial.last(std::min<std::size_t>(serial.size(), 4))) last = last << 8 | octet;
  return url_of(*profile.crl_url, last % profile.crl_shards);
}

void note_shards(store::Transaction& transaction, const std::string& authority, const Profile& profile) {
  if (!profile.crl_url || profile.crl_shards == 0) return;
  // The last one is there when all are: they are written together.
  const auto last = url_of(*profile.crl_url, profile.crl_shards - 1);
  if (transaction.query_one("SELECT shard FROM certificate_list_address WHERE authority = ? AND url = ?",
                            {authority, last}))
    return;
  for (std::uint64_t shard = 0; shard < profile.crl_shards; ++shard)
    transaction.execute(
        "INSERT INTO certificate_list_address (authority, url, shard) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
        {authority, url_of(*profile.crl_url, shard), static_cast<std::int64_t>(shard)});
}

std::vector<Shard> shards_of(store::Transaction& transaction, const std::string& authority) {
  std::vector<Shard> shards;
  for (const auto& row : transaction.query(
           "SELECT shard, url FROM certificate_list_address WHERE authority = ? ORDER BY shard, url", {authority})) {
    if (shards.empty() || shards.back().number != row.integer(0)) shards.push_back({row.integer(0), {}});
    shards.back().urls.push_back(row.text(1));
  }
  return shards;
}

std::int64_t shard_in(store::Transaction& transaction, const std::string& authority, ByteView tbs) {
  if (tbs.empty()) return kWholeList;
  const auto parsed = Tbs::parse(tbs);
  const auto* points = parsed.find(oid::kCrlDistributionPoints);
  if (points == nullptr) return kWholeList;
  for (const auto& url : distribution_urls(points->value)) {
    const auto row = transaction.query_one("SELECT shard FROM certificate_list_address WHERE authority = ? AND url = ?",
                                           {authority, url});
    if (row) return row->integer(0);
  }
  return kWholeList;
}

std::vector<std::string> urls_in(ByteView distribution_point_name) {
  der::Reader outer{distribution_point_name};
  std::vector<std::string> urls;
  const auto full = outer.next_if(der::constructed_context(0), "fullName");
  if (!full) return urls;
  der::Reader names{full->content};
  while (!names.at_end()) {
    const auto name = names.next("name of a distribution point");
    if (name.tag == kUri) urls.push_back(to_text(name.content));
  }
  return urls;
}

}  // namespace lamp::pki
