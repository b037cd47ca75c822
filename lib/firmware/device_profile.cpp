#include "lib/firmware/device_profile.hpp"

#include <botan/hash.h>

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/site.hpp"
#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/firmware/images/swu_cipher.hpp"

namespace lamp::firmware {
namespace {

constexpr std::array<std::string_view, 11> kCredentials{"idevid",
                                                        "ble-commissioning-secret",
                                                        "zigbee-install-code",
                                                        "claim-code",
                                                        "model-kek",
                                                        "trust-anchors",
                                                        "release-key",
                                                        "officers",
                                                        "ble-static-key",
                                                        "curve-key",
                                                        "spki-pins"};

Credential read_credential(const config::Node& node) {
  const auto name = node.text();
  const auto found = std::find(kCredentials.begin(), kCredentials.end(), name);
  if (found == kCredentials.end()) node.refuse("'" + name + "' is not a credential; see lamp-device(5)");
  return static_cast<Credential>(found - kCredentials.begin());
}

constexpr std::array<std::string_view, 3> kAdapters{"lamp-protocol", "dfuse", "esp-efuse"};

AdapterKind read_adapter(const config::Node& node) {
  const auto name = node.text();
  const auto found = std::find(kAdapters.begin(), kAdapters.end(), name);
  if (found == kAdapters.end())
    node.refuse("'" + name + "' is not an adapter; expected lamp-protocol, dfuse or esp-efuse");
  return static_cast<AdapterKind>(found - kAdapters.begin());
}

template <class Choice>
Choice read_choice(const config::Node& node, std::string_view first, std::string_view second) {
  const auto text = node.text();
  if (text != first && text != second) node.refuse("expected " + std::string{first} + " or " + std::string{second});
  return static_cast<Choice>(text == second ? 1 : 0);
}

bool is_oid(std::string_view text) {
  const auto arcs = split(text, '.');
  return arcs.size() >= 3 && std::all_of(arcs.begin(), arcs.end(), [](std::string_view arc) {
           return !arc.empty() && arc.size() <= 10 && (arc.size() == 1 || arc[0] != '0') &&
                  std::all_of(arc.begin(), arc.end(), [](char c) { return c >= '0' && c <= '9'; });
         });
}

void check(const DeviceProfile& profile, const config::Node& root) {
  require_name(profile.model, root.at("model").place());
  require_name(profile.certificate_profile, root.at("certificate-profile").place());
  if (!is_name(profile.vendor) || profile.vendor.find('.') == std::string::npos)
    root.at("vendor").refuse("expected the maker's domain name, like lighting.example");
  if (!is_oid(profile.hardware_type)) root.at("hardware-type").refuse("expected an OID like 1.3.6.1.4.1.32473.1.1");
  const auto& prefix = profile.serial_prefix;
  if (prefix.size() > 8 || !std::all_of(prefix.begin(), prefix.end(),
                                        [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }))
    root.at("serial-prefix").refuse("expected at most 8 capital letters and digits");
  const auto list = root.at("credentials");
  if (!profile.has(Credential::idevid)) list.refuse("a device without idevid has no identity");
  if (profile.approvals == DeviceApprovals::officers && !profile.has(Credential::officers))
    list.refuse("a device that counts approvals needs the officers' keys");
  if (profile.label == LabelKind::gateway && !profile.has(Credential::claim_code))
    list.refuse("a gateway's label needs a claim-code");
  if (profile.applications && !profile.has(Credential::model_kek))
    list.refuse("a device that takes applications needs model-kek: they are encrypted as its firmware is");
}

/// A Zigbee file carries the envelope alone, and SWUpdate's images take a key of 256 bits.
void check_release(const DeviceProfile& profile, const config::Node& root) {
  const auto& outputs = profile.outputs;
  if (profile.release.place == PayloadPlace::detached && outputs.zigbee &&
      outputs.zigbee->around == ZigbeePlan::Around::suit)
    root.at("release").refuse("output zigbee is around suit, whose payload must be integrated then");
  if (outputs.swu && outputs.swu->encrypted && key_size(profile.release.cipher) != swu::kImageKeySize)
    root.at("release").refuse("output swu is encrypted, which takes a content key of 256 bits");
}

/// The adapter and what it needs to know, which must be there for it and for no other.
void read_adapters_part(DeviceProfile& profile, const config::Node& root) {
  if (const auto adapter = root.find("adapter")) profile.adapter = read_adapter(*adapter);
  const auto dfuse = root.find("dfuse");
  const bool is_dfuse = profile.adapter == AdapterKind::dfuse;
  if (dfuse && !is_dfuse) dfuse->refuse("the adapter is " + std::string{name_of(profile.adapter)});
  if (is_dfuse) profile.dfuse = DfuseSettings::read(root.at("dfuse"));
  const auto esp = root.find("esp-efuse");
  const bool is_esp = profile.adapter == AdapterKind::esp_efuse;
  if (esp && !is_esp) esp->refuse("the adapter is " + std::string{name_of(profile.adapter)});
  if (is_esp) profile.esp = EspSettings::read(root.at("esp-efuse"));
}

Bytes digest_of(const DeviceProfile& p) {
  cbor::Writer credentials;
  credentials.array(p.credentials.size());
  for (const auto c : p.credentials) credentials.text(name_of(c));
  cbor::MapWriter canonical;
  canonical.add(1, cbor::Writer{}.text(p.model))
      .add(2, cbor::Writer{}.text(p.vendor))
      .add(3, cbor::Writer{}.text(p.hardware_type))
      .add(4, cbor::Writer{}.text(p.serial_prefix))
      .add(5, cbor::Writer{}.text(p.certificate_profile))
      .add(6, cbor::Writer{}.integer(static_cast<int>(p.label)))
      .add(7, cbor::Writer{}.integer(static_cast<int>(p.approvals)))
      .add(8, cbor::Writer{}.unsigned_integer(p.slot_size))
      .add(9, std::move(credentials))
      .add(10, cbor::Writer{}.raw(p.outputs.encoded()))
      .add(11, cbor::Writer{}.text(name_of(p.adapter)));
  if (p.dfuse) canonical.add(12, p.dfuse->encoded());
  if (p.esp) canonical.add(14, p.esp->encoded());
  if (const auto release = p.release.encoded(); !release.empty()) canonical.add(13, cbor::Writer{}.raw(release));
  if (p.applications) canonical.add(15, cbor::Writer{}.raw(p.applications->encoded()));
  return guarded(Errc::internal, [&] {
    const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
    hash->update(canonical.encoded());
    return hash->final_stdvec();
  });
}

void add_models(const std::filesystem::path& folder, std::set<std::string>& models) {
  guarded(Errc::unavailable, [&] {
    if (!std::filesystem::is_directory(folder)) return;
    for (const auto& entry : std::filesystem::directory_iterator{folder})
      if (entry.path().extension() == ".yaml" && is_name(entry.path().stem().string()))
        models.insert(entry.path().stem().string());
  });
}

}  // namespace

std::string_view name_of(Credential credential) noexcept { return kCredentials[static_cast<std::size_t>(credential)]; }

std::string_view name_of(AdapterKind adapter) noexcept { return kAdapters[static_cast<std::size_t>(adapter)]; }

DeviceProfile DeviceProfile::load(const std::filesystem::path& file) {
  const auto root = config::Node::load(file);
  root.only({"model", "vendor", "hardware-type", "serial-prefix", "certificate-profile", "adapter", "label",
             "device-approvals", "slot-size", "credentials", "release", "outputs", "dfuse", "esp-efuse",
             "applications"});
  DeviceProfile profile;
  profile.model = root.at("model").text();
  profile.vendor = root.at("vendor").text();
  profile.hardware_type = root.at("hardware-type").text();
  profile.serial_prefix = root.at("serial-prefix").text();
  profile.certificate_profile = root.at("certificate-profile").text();
  read_adapters_part(profile, root);
  profile.label = read_choice<LabelKind>(root.at("label"), "lamp", "gateway");
  profile.approvals = read_choice<DeviceApprovals>(root.at("device-approvals"), "none", "officers");
  profile.slot_size = root.at("slot-size").number(4096, 1ULL << 32);
  for (const auto& item : root.at("credentials").items())
    if (!profile.credentials.insert(read_credential(item)).second) item.refuse("named twice");
  if (const auto release = root.find("release")) profile.release = ReleaseSettings::read(*release);
  if (const auto outputs = root.find("outputs")) profile.outputs = OutputPlan::read(*outputs, file.parent_path());
  if (const auto applications = root.find("applications"))
    profile.applications = ApplicationSettings::read(*applications);
  check(profile, root);
  check_release(profile, root);
  profile.digest = digest_of(profile);
  return profile;
}

DeviceProfile DeviceProfile::for_partner(const std::string& partner) const {
  if (!applications)
    throw Error{Errc::denied, "model " + model + " takes no applications: its device profile grants nothing"};
  DeviceProfile profile = *this;
  profile.slot_size = applications->slot_size;
  profile.release = release.for_partner(partner);
  profile.outputs = {};
  return profile;
}

DeviceProfile device_profile(const config::Site& site, const std::string& model) {
  const auto models = device_models(site);
  if (std::find(models.begin(), models.end(), model) == models.end()) {
    std::string known;
    for (const auto& name : models) known += (known.empty() ? "" : ", ") + name;
    throw Error{Errc::not_found, "no device profile for model '" + model + "'; there are: " + known};
  }
  const auto file = site.template_file("devices", model + ".yaml");
  auto profile = DeviceProfile::load(file);
  if (profile.model != model)
    throw Error{Errc::bad_input, file.string() + ": is the profile of model " + profile.model + ", not " + model};
  return profile;
}

std::set<std::string> output_key_labels(const config::Site& site) {
  std::set<std::string> labels;
  for (const auto& model : device_models(site)) {
    const auto root = config::Node::load(site.template_file("devices", model + ".yaml"));
    if (const auto applications = root.find("applications"))
      for (const auto& [partner, grants] : ApplicationSettings::read(*applications).partners)
        labels.insert(application_key(partner));
    const auto outputs = root.find("outputs");
    if (!outputs) continue;
    for (auto& label : OutputPlan::key_labels(*outputs)) labels.insert(std::move(label));
  }
  return labels;
}

std::vector<KeyedModel> keyed_models(const config::Site& site) {
  std::vector<KeyedModel> keyed;
  for (const auto& model : device_models(site)) {
    const auto release = config::Node::load(site.template_file("devices", model + ".yaml")).find("release");
    keyed.push_back({model, key_size((release ? ReleaseSettings::read(*release) : ReleaseSettings{}).cipher)});
  }
  return keyed;
}

bool any_hybrid_model(const config::Site& site) {
  const auto models = device_models(site);
  return std::any_of(models.begin(), models.end(), [&](const std::string& model) {
    const auto release = config::Node::load(site.template_file("devices", model + ".yaml")).find("release");
    return release && ReleaseSettings::read(*release).hybrid;
  });
}

std::vector<std::string> device_models(const config::Site& site) {
  std::set<std::string> models;
  add_models(site.root / "devices", models);
  add_models(config::templates_directory() / "devices", models);
  return {models.begin(), models.end()};
}

}  // namespace lamp::firmware
