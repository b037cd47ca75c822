#include "lib/firmware/credential_block.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/application.hpp"

namespace lamp::firmware {
namespace {

using cbor::Reader;
using cbor::SecureWriter;

constexpr std::uint64_t kFormat = 1;
constexpr std::size_t kMaxKeys = 16, kMaxCertificates = 8, kMaxSecrets = 32, kMaxText = 255, kMaxDeviceKeys = 8,
                      kMaxPins = 8, kPinSize = 32, kMaxPartners = 16, kMaxGrants = 256;

/// Keys of the map, in the order in which they are written.
enum Field : std::int64_t {
  vendor = 1,
  model = 2,
  serial = 3,
  mac = 4,
  cloud_url = 5,
  chain = 6,
  trust_anchors = 7,
  release_keys = 8,
  officers = 9,
  threshold = 10,
  model_kek = 11,
  commissioning_secret = 12,
  install_code = 13,
  secrets = 14,
  hybrid_keys = 15,
  device_keys = 16,
  pins = 17,
  applications = 18,
};

[[noreturn]] void refuse(const char* what) { throw Error{Errc::bad_input, std::string{"credential block: "} + what}; }

void write_list(SecureWriter& out, Field field, const std::vector<Bytes>& items) {
  out.integer(field).array(items.size());
  for (const auto& item : items) out.bytes(item);
}

template <class Purpose>
void write_secret(SecureWriter& out, Field field, const std::optional<Secret<Purpose>>& secret) {
  if (secret) out.integer(field).bytes(secret->expose_secret());
}

void write_named_secrets(SecureWriter& out, const CredentialBlock& block) {
  std::vector<const std::pair<std::string, DeviceSecret>*> sorted;
  sorted.reserve(block.secrets.size());
  for (const auto& entry : block.secrets) sorted.push_back(&entry);
  // Deterministic CBOR orders text keys by length first, because the head comes before the text.
  std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) {
    return a->first.size() != b->first.size() ? a->first.size() < b->first.size() : a->first < b->first;
  });
  out.integer(secrets).map(sorted.size());
  for (const auto* entry : sorted) out.text(entry->first).bytes(entry->second.expose_secret());
}

void write_applications(SecureWriter& out, const CredentialBlock& block) {
  out.integer(applications).array(2).unsigned_integer(block.application_slot).array(block.partners.size());
  for (const auto& partner : block.partners) {
    out.array(3).text(partner.name).bytes(partner.key).array(partner.grants.size());
    for (const auto& api : partner.grants) out.text(api);
  }
}

std::array<std::uint8_t, 6> mac_bytes(const MacAddress& address) {
  std::array<std::uint8_t, 6> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::uint8_t>(address.number() >> (8 * (5 - i)));
  return out;
}

MacAddress read_mac(ByteView bytes) {
  if (bytes.size() != 6) refuse("a MAC address that is not 6 bytes");
  std::uint64_t number = 0;
  for (const auto byte : bytes) number = number << 8U | byte;
  return MacAddress::from_number(number);
}

void expect_key(Reader& reader, Field field) {
  if (reader.integer() != field) refuse("a field missing, unknown or out of order");
}

std::string read_text(Reader& reader, Field field) {
  expect_key(reader, field);
  const auto text = reader.text();
  if (text.empty() || text.size() > kMaxText) refuse("an empty or overlong text");
  return std::string{text};
}

std::vector<Bytes> read_items(Reader& reader, std::size_t limit) {
  const auto count = reader.array();
  if (count > limit) refuse("a list that is too long");
  std::vector<Bytes> items;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto item = reader.bytes();
    if (item.empty()) refuse("an empty entry in a list");
    items.emplace_back(item.begin(), item.end());
  }
  return items;
}

std::vector<Bytes> read_list(Reader& reader, Field field, std::size_t limit) {
  expect_key(reader, field);
  return read_items(reader, limit);
}

SecureBytes read_secret(Reader& reader) {
  const auto bytes = reader.bytes();
  return {bytes.begin(), bytes.end()};
}

void read_named_secrets(Reader& reader, CredentialBlock& block) {
  const auto count = reader.map();
  if (count > kMaxSecrets) refuse("too many secrets");
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto name = reader.text();
    block.secrets.emplace_back(std::string{name}, DeviceSecret{read_secret(reader)});
  }
}

/// The optional fields and the named secrets.
void read_secrets(Reader& reader, CredentialBlock& block) {
  auto key = reader.integer();
  if (key == model_kek) {
    block.model_kek.emplace(read_secret(reader));
    key = reader.integer();
  }
  if (key == commissioning_secret) {
    block.commissioning_secret.emplace(read_secret(reader));
    key = reader.integer();
  }
  if (key == install_code) {
    block.install_code = parse_install_code(read_secret(reader));
    key = reader.integer();
  }
  if (key != secrets) refuse("a field missing, unknown or out of order");
  read_named_secrets(reader, block);
}

void write_device_keys(SecureWriter& out, const std::vector<DeviceKey>& keys) {
  out.integer(device_keys).array(keys.size());
  for (const auto& key : keys) write_device_key(out, key);
}

std::vector<DeviceKey> read_device_keys(Reader& reader) {
  const auto count = reader.array();
  if (count > kMaxDeviceKeys) refuse("a list that is too long");
  std::vector<DeviceKey> keys;
  for (std::uint64_t i = 0; i < count; ++i) keys.push_back(read_device_key(reader));
  return keys;
}

TrustedPartner read_partner(Reader& reader) {
  reader.array(3);
  TrustedPartner partner;
  partner.name = reader.text();
  const auto key = reader.bytes();
  partner.key.assign(key.begin(), key.end());
  const auto count = reader.array();
  if (count > kMaxGrants) refuse("a list that is too long");
  for (std::uint64_t i = 0; i < count; ++i) partner.grants.emplace_back(reader.text());
  return partner;
}

void read_applications(Reader& reader, CredentialBlock& block) {
  reader.array(2);
  block.application_slot = reader.unsigned_integer();
  const auto count = reader.array();
  if (count == 0 || count > kMaxPartners) refuse("no partner, or too many");
  for (std::uint64_t i = 0; i < count; ++i) block.partners.push_back(read_partner(reader));
}

template <class Item>
std::vector<Item> not_empty(std::vector<Item> items) {
  if (items.empty()) refuse("an empty list");
  return items;
}

/// What came later than the format, in the order of its numbers; each is left out where there is nothing of it.
void read_additions(Reader& reader, CredentialBlock& block) {
  std::int64_t last = secrets;
  while (!reader.at_end()) {
    const auto key = reader.integer();
    if (key <= last) refuse("a field out of order");
    switch (last = key) {
      case hybrid_keys: block.hybrid_keys = not_empty(read_items(reader, kMaxKeys)); break;
      case device_keys: block.device_keys = not_empty(read_device_keys(reader)); break;
      case pins: block.pins = not_empty(read_items(reader, kMaxPins)); break;
      case applications: read_applications(reader, block); break;
      default: refuse("an unknown field");
    }
  }
}

void check_partners(const CredentialBlock& block) {
  if (!block.partners.empty() && block.application_slot == 0) refuse("applications without room");
  for (auto partner = block.partners.begin(); partner != block.partners.end(); ++partner) {
    if (!is_partner_name(partner->name) || partner->key.empty()) refuse("a partner without a proper name or key");
    const auto& grants = partner->grants;
    if (!std::ranges::all_of(grants, is_name) ||
        std::ranges::adjacent_find(grants, std::ranges::greater_equal{}) != grants.end())
      refuse("grants that are no names, repeated or out of order");
    if (std::any_of(block.partners.begin(), partner,
                    [&](const auto& other) { return other.name == partner->name || other.key == partner->key; }))
      refuse("two partners of one name or key");
  }
}

/// A key has one role: by content a release of firmware and one of an application differ as well, and still.
void check_roles(const CredentialBlock& block) {
  const auto has = [](const std::vector<Bytes>& keys, const Bytes& key) {
    return std::ranges::find(keys, key) != keys.end();
  };
  for (const auto& partner : block.partners)
    if (has(block.release_keys, partner.key) || has(block.officers, partner.key) || has(block.hybrid_keys, partner.key))
      refuse("a partner's key that is a release key or an officer's too");
}

void check_additions(const CredentialBlock& block) {
  check_partners(block);
  check_roles(block);
  for (const auto& pin : block.pins)
    if (pin.size() != kPinSize) refuse("a pin that is no SHA-256");
  for (auto key = block.device_keys.begin(); key != block.device_keys.end(); ++key)
    if (std::any_of(block.device_keys.begin(), key, [&](const auto& other) { return other.name == key->name; }))
      refuse("two keys of one name");
}

void check_values(const CredentialBlock& block) {
  if (!is_name(block.model)) refuse("a model that is no name");
  if (block.threshold > block.officers.size()) refuse("a threshold above the number of officers");
  if (block.model_kek && block.model_kek->size() != 32 && block.model_kek->size() != 16)
    refuse("a model key of the wrong length");
  if (block.commissioning_secret && block.commissioning_secret->size() != 32)
    refuse("a commissioning secret of the wrong length");
  for (const auto& [name, secret] : block.secrets)
    if (!is_name(name) || secret.size() == 0) refuse("a secret without a proper name or content");
  check_additions(block);
}

ByteView open_frame(ByteView encoded) {
  Reader frame{encoded};
  frame.array(3);
  if (frame.unsigned_integer() != kFormat) refuse("an unknown format version");
  const auto content = frame.bytes();
  const auto digest = frame.bytes();
  frame.end();
  if (!equal_constant_time(sha256(content), digest)) refuse("damaged: its digest does not match");
  return content;
}

std::vector<TrustedKey> trusted(const std::vector<Bytes>& keys, cose::Use use = cose::Use::general) {
  std::vector<TrustedKey> out;
  out.reserve(keys.size());
  for (const auto& key : keys) out.emplace_back(key, use);
  return out;
}

}  // namespace

SecureBytes encode(const CredentialBlock& block) {
  check_values(block);
  const auto optional =
      static_cast<std::uint64_t>(block.model_kek.has_value()) +
      static_cast<std::uint64_t>(block.commissioning_secret.has_value()) +
      static_cast<std::uint64_t>(block.install_code.has_value()) +
      static_cast<std::uint64_t>(!block.hybrid_keys.empty()) + static_cast<std::uint64_t>(!block.device_keys.empty()) +
      static_cast<std::uint64_t>(!block.pins.empty()) + static_cast<std::uint64_t>(!block.partners.empty());
  SecureWriter map;
  map.map(11 + optional).integer(vendor).text(block.vendor).integer(model).text(block.model);
  map.integer(serial).text(block.serial).integer(mac).bytes(mac_bytes(block.mac));
  map.integer(cloud_url).text(block.cloud_url);
  write_list(map, chain, block.chain);
  write_list(map, trust_anchors, block.trust_anchors);
  write_list(map, release_keys, block.release_keys);
  write_list(map, officers, block.officers);
  map.integer(threshold).unsigned_integer(block.threshold);
  write_secret(map, model_kek, block.model_kek);
  write_secret(map, commissioning_secret, block.commissioning_secret);
  write_secret(map, install_code, block.install_code);
  write_named_secrets(map, block);
  if (!block.hybrid_keys.empty()) write_list(map, hybrid_keys, block.hybrid_keys);
  if (!block.device_keys.empty()) write_device_keys(map, block.device_keys);
  if (!block.pins.empty()) write_list(map, pins, block.pins);
  if (!block.partners.empty()) write_applications(map, block);
  SecureWriter frame;
  frame.array(3).unsigned_integer(kFormat).bytes(map.encoded()).bytes(sha256(map.encoded()));
  auto encoded = std::move(frame).encoded();
  (void)parse_credential_block(encoded);  // what no device would take must not leave the station
  return encoded;
}

CredentialBlock parse_credential_block(ByteView encoded) {
  const auto content = open_frame(encoded);
  Reader whole{content};
  (void)whole.item();  // deterministic at every depth, no repeated keys
  whole.end();
  Reader reader{content};
  (void)reader.map();
  auto vendor_text = read_text(reader, vendor);
  auto model_text = read_text(reader, model);
  auto serial_text = read_text(reader, serial);
  expect_key(reader, mac);
  CredentialBlock block{std::move(vendor_text),
                        std::move(model_text),
                        std::move(serial_text),
                        read_mac(reader.bytes()),
                        read_text(reader, cloud_url),
                        read_list(reader, chain, kMaxCertificates),
                        read_list(reader, trust_anchors, kMaxCertificates),
                        read_list(reader, release_keys, kMaxKeys),
                        read_list(reader, officers, kMaxKeys),
                        0,
                        std::nullopt,
                        std::nullopt,
                        std::nullopt,
                        {},
                        {},
                        {},
                        {}};
  expect_key(reader, threshold);
  block.threshold = reader.unsigned_integer();
  read_secrets(reader, block);
  read_additions(reader, block);
  reader.end();
  check_values(block);
  return block;
}

const DeviceKey* CredentialBlock::key(std::string_view name) const noexcept {
  const auto found =
      std::find_if(device_keys.begin(), device_keys.end(), [&](const auto& k) { return k.name == name; });
  return found == device_keys.end() ? nullptr : &*found;
}

device::DeviceTrust device_trust(const CredentialBlock& block) {
  const auto vendor_uuid = vendor_id(block.vendor);
  return {{trusted(block.release_keys), trusted(block.officers), block.threshold,
           trusted(block.hybrid_keys, cose::Use::hybrid_release)},
          vendor_uuid,
          class_id(vendor_uuid, block.model)};
}

std::optional<device::DeviceTrust> application_trust(const CredentialBlock& block, std::string_view partner,
                                                     std::string_view application) {
  const auto known = std::ranges::find(block.partners, partner, &TrustedPartner::name);
  if (known == block.partners.end()) return std::nullopt;
  auto trust = device_trust(block);
  trust.keys.release = trusted({known->key});
  trust.keys.hybrid.clear();
  trust.model_class = application_class(trust.model_class, partner, application);
  trust.grants = known->grants;
  return trust;
}

}  // namespace lamp::firmware
