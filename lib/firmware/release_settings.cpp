#include "lib/firmware/release_settings.hpp"

#include <algorithm>

#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/firmware/suit.hpp"
#include "lib/quorum/hybrid.hpp"

namespace lamp::firmware {
namespace {

SignedRegion region_by(std::string_view key, std::string_view algorithm, ByteView suit_digest) {
  const auto digest = sha256(suit_digest);
  return {"suit", std::string{key}, std::string{algorithm}, {digest.begin(), digest.end()}, suit_digest.size()};
}

void read_signatures(const config::Node& list, ReleaseSettings& settings) {
  const auto names = list.texts();
  const auto count = [&](std::string_view name) { return std::ranges::count(names, name); };
  const auto rsa = count("ps256") + count("ps512"), hybrid = count("ml-dsa-87");
  if (rsa != 1 || hybrid > 1 || names.size() != static_cast<std::size_t>(rsa + hybrid))
    list.refuse("expected ps256 or ps512, and perhaps ml-dsa-87 beside it");
  settings.signature = count("ps512") == 1 ? cose::Algorithm::ps512 : cose::Algorithm::ps256;
  settings.hybrid = hybrid == 1;
}

}  // namespace

ReleaseSettings ReleaseSettings::read(const config::Node& node) {
  node.only({"signatures"});
  ReleaseSettings settings;
  if (const auto list = node.find("signatures")) read_signatures(*list, settings);
  return settings;
}

Bytes ReleaseSettings::encoded() const {
  if (*this == ReleaseSettings{}) return {};
  return cbor::MapWriter{}
      .add(1, cbor::Writer{}.integer(static_cast<std::int64_t>(signature)))
      .add(2, cbor::Writer{}.boolean(hybrid))
      .encoded();
}

bool is_hybrid(const SignedRegion& region) { return is_of_envelope(region) && region.key == quorum::kHybridKey; }

std::vector<SignedRegion> suit_regions(ByteView suit_digest, const ReleaseSettings& settings) {
  std::vector<SignedRegion> regions{region_by("release", cose::name_of(settings.signature), suit_digest)};
  if (settings.hybrid)
    regions.push_back(region_by(quorum::kHybridKey, cose::name_of(cose::Algorithm::ml_dsa_87), suit_digest));
  return regions;
}

ReleaseSettings settings_of(const std::vector<SignedRegion>& regions) {
  ReleaseSettings settings;
  if (!regions.empty() && regions.front().algorithm == cose::name_of(cose::Algorithm::ps512))
    settings.signature = cose::Algorithm::ps512;
  settings.hybrid = std::ranges::any_of(regions, is_hybrid);
  return settings;
}

}  // namespace lamp::firmware
