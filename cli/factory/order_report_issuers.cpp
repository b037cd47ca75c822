#include "cli/factory/order_report_issuers.hpp"

#include <algorithm>
#include <set>

#include "lib/pki/authority.hpp"
#include "lib/pki/certificate.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

std::set<Bytes> known_authorities(const fs::path& authorities) {
  std::set<Bytes> all;
  if (!fs::is_directory(authorities)) return all;
  for (const auto& entry : fs::directory_iterator{authorities}) {
    const auto chain = entry.path() / "chain.pem";
    if (!fs::exists(chain)) continue;
    for (auto& certificate : pki::load_chain(chain)) all.insert(std::move(certificate));
  }
  return all;
}

Bytes copy_of(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

std::vector<Bytes> issuers_of(const std::vector<manufacturing::ReportedUnit>& units, const fs::path& authorities) {
  std::set<Bytes> wanted;
  for (const auto& unit : units)
    if (!unit.certificate.empty()) wanted.insert(copy_of(pki::Certificate::parse(unit.certificate).tbs.issuer));
  auto left = known_authorities(authorities);
  std::vector<Bytes> found;
  for (bool is_new = true; is_new;) {
    is_new = false;
    for (auto it = left.begin(); it != left.end();) {
      const auto tbs = pki::Certificate::parse(*it).tbs;
      const bool is_root = std::ranges::equal(tbs.issuer, tbs.subject);
      if (is_root || !wanted.contains(copy_of(tbs.subject))) {
        ++it;
        continue;
      }
      wanted.insert(copy_of(tbs.issuer));
      found.push_back(*it);
      it = left.erase(it);
      is_new = true;
    }
  }
  return found;
}

}  // namespace lamp::cli
