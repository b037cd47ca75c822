// What a model of device is and what the factory puts into it: templates/devices/<model>.yaml, lamp-device(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/firmware/application.hpp"
#include "lib/firmware/content_key.hpp"
#include "lib/firmware/dfuse_settings.hpp"
#include "lib/firmware/esp_settings.hpp"
#include "lib/firmware/output_plan.hpp"
#include "lib/firmware/release_settings.hpp"

namespace lamp::config {
struct Site;
}

namespace lamp::firmware {

enum class Credential {
  idevid,                    ///< the certificate of the key that the device made
  ble_commissioning_secret,  ///< 32 random bytes, escrowed
  zigbee_install_code,       ///< 16 random bytes and their CRC, escrowed
  claim_code,                ///< what the label says; the service learns a verifier only
  model_kek,                 ///< unwraps the content keys of this model's releases
  trust_anchors,             ///< root certificates
  release_key,               ///< the key whose signature on a release the device asks for
  officers,                  ///< the keys whose approvals the device counts
  ble_static_key,            ///< P-256 key pair for key agreement over BLE; the private half goes nowhere else
  curve_key,                 ///< X25519 key pair for ZeroMQ CURVE; the public half is kept as Z85
  spki_pins,                 ///< pins of the service's keys
};
[[nodiscard]] std::string_view name_of(Credential credential) noexcept;

/// How a line station talks to the model's parts.
enum class AdapterKind {
  lamp_protocol,  ///< lamp-provisioning(7): the device makes its own key
  dfuse,          ///< STM32's boot loader: the station writes key and block, and the option bytes
  esp_efuse,      ///< Espressif's eFuses, by espefuse
};
[[nodiscard]] std::string_view name_of(AdapterKind adapter) noexcept;

enum class LabelKind { lamp, gateway };
enum class DeviceApprovals { none, officers };

struct DeviceProfile {
  std::string model;
  std::string vendor;         ///< the maker's domain name, of which SUIT's vendor id is made
  std::string hardware_type;  ///< dotted OID, goes into the certificate's HardwareModuleName
  std::string serial_prefix;  ///< "SL" gives SL-26-000001
  std::string certificate_profile;
  AdapterKind adapter = AdapterKind::lamp_protocol;
  LabelKind label = LabelKind::lamp;
  DeviceApprovals approvals = DeviceApprovals::none;  ///< what a device asks for beside the release key's signature
  std::uint64_t slot_size = 0;                        ///< bytes that a firmware image may have
  std::set<Credential> credentials;
  std::optional<DfuseSettings> dfuse;               ///< there when the adapter is dfuse
  std::optional<EspSettings> esp;                   ///< there when the adapter is esp-efuse
  ReleaseSettings release;                          ///< how a release of the model is signed and encrypted
  OutputPlan outputs;                               ///< what a release becomes beside its SUIT envelope
  std::optional<ApplicationSettings> applications;  ///< there when partners may bring applications
  Bytes digest;  ///< SHA-256 of deterministic CBOR of all the above: what an order names

  /// The same for releases of a partner's applications: one slot, one signing key, the envelope alone. Throws
  /// Error{denied} for a model that takes no applications.
  [[nodiscard]] DeviceProfile for_partner(const std::string& partner) const;
  [[nodiscard]] bool has(Credential credential) const { return credentials.count(credential) != 0; }
  /// Throws Error{bad_input} with file, line and column.
  [[nodiscard]] static DeviceProfile load(const std::filesystem::path& file);
};

/// The site's own profile of a model, or the delivered one. Error{not_found} lists the models that there are.
[[nodiscard]] DeviceProfile device_profile(const config::Site& site, const std::string& model);
/// Labels of the token's keys that sign the outputs of any model, or any partner's applications.
[[nodiscard]] std::set<std::string> output_key_labels(const config::Site& site);
/// All models, with the size of the content keys that their profiles ask for.
[[nodiscard]] std::vector<KeyedModel> keyed_models(const config::Site& site);
/// Whether any model's releases have a signature by ML-DSA-87.
[[nodiscard]] bool any_hybrid_model(const config::Site& site);
/// All models for which there is a profile, sorted.
[[nodiscard]] std::vector<std::string> device_models(const config::Site& site);

}  // namespace lamp::firmware
