#include "lib/firmware/release_settings.hpp"

#include <algorithm>

#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/firmware/application.hpp"
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

PayloadCipher read_cipher(const config::Node& node) {
  const auto name = node.text();
  if (name == "aes-256-gcm") return PayloadCipher::a256gcm;
  if (name == "aes-128-gcm") return PayloadCipher::a128gcm;
  if (name == "aes-256-ctr") return PayloadCipher::a256ctr;
  if (name == "aes-128-ctr") return PayloadCipher::a128ctr;
  node.refuse("expected aes-256-gcm, aes-128-gcm, aes-256-ctr or aes-128-ctr");
}

PayloadPlace read_place(const config::Node& node) {
  const auto name = node.text();
  if (name != "integrated" && name != "detached") node.refuse("expected integrated or detached");
  return name == "detached" ? PayloadPlace::detached : PayloadPlace::integrated;
}

}  // namespace

ReleaseSettings ReleaseSettings::read(const config::Node& node) {
  node.only({"signatures", "encryption", "payload"});
  ReleaseSettings settings;
  if (const auto list = node.find("signatures")) read_signatures(*list, settings);
  if (const auto cipher = node.find("encryption")) settings.cipher = read_cipher(*cipher);
  if (const auto place = node.find("payload")) settings.place = read_place(*place);
  return settings;
}

Bytes ReleaseSettings::encoded() const {
  if (*this == ReleaseSettings{}) return {};
  return cbor::MapWriter{}
      .add(1, cbor::Writer{}.integer(static_cast<std::int64_t>(signature)))
      .add(2, cbor::Writer{}.boolean(hybrid))
      .add(3, cbor::Writer{}.integer(static_cast<std::int64_t>(cipher)))
      .add(4, cbor::Writer{}.boolean(place == PayloadPlace::detached))
      .encoded();
}

ReleaseSettings ReleaseSettings::for_partner(std::string_view partner) const {
  ReleaseSettings settings = *this;
  settings.key = application_key(partner);
  settings.signature = cose::Algorithm::esp256;
  settings.hybrid = false;
  settings.place = PayloadPlace::integrated;
  return settings;
}

bool is_hybrid(const SignedRegion& region) { return is_of_envelope(region) && region.key == quorum::kHybridKey; }

std::vector<SignedRegion> suit_regions(ByteView suit_digest, const ReleaseSettings& settings) {
  std::vector<SignedRegion> regions{region_by(settings.key, cose::name_of(settings.signature), suit_digest)};
  if (settings.hybrid)
    regions.push_back(region_by(quorum::kHybridKey, cose::name_of(cose::Algorithm::ml_dsa_87), suit_digest));
  return regions;
}

ReleaseSettings settings_of(const std::vector<SignedRegion>& regions) {
  ReleaseSettings settings;
  if (!regions.empty() && is_application_key(regions.front().key)) {
    settings.key = regions.front().key;
    settings.signature = cose::Algorithm::esp256;
  } else if (!regions.empty() && regions.front().algorithm == cose::name_of(cose::Algorithm::ps512)) {
    settings.signature = cose::Algorithm::ps512;
  }
  settings.hybrid = std::ranges::any_of(regions, is_hybrid);
  return settings;
}

}  // namespace lamp::firmware
