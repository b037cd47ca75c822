// A station in miniature for tests: makes credential blocks for a virtual device and talks its protocol without a
// cable.
#pragma once

#include <string>

#include "cli/sim/virtual_device.hpp"
#include "lib/firmware/credential_block.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::test {

/// A model with small image slots.
[[nodiscard]] firmware::DeviceProfile small_profile(const std::string& model);

/// Self-signed by the device's own key: the device asks only whether the certificate holds its key.
[[nodiscard]] Bytes certificate_for(const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng);

[[nodiscard]] firmware::CredentialBlock credential_block(const std::string& model, const Bytes& certificate);

/// The request that a station would send, and the answer, both through the codec.
[[nodiscard]] manufacturing::ResponseBody ask(sim::VirtualDevice& device, manufacturing::RequestBody body);

/// The block sealed for a session.
[[nodiscard]] manufacturing::Install install_request(const firmware::CredentialBlock& block,
                                                     const manufacturing::Identity& identity,
                                                     Botan::RandomNumberGenerator& rng);

/// identify, generate, install.
void provision(sim::VirtualDevice& device, Botan::RandomNumberGenerator& rng);

}  // namespace lamp::test
