// One way to make any kind of device: identify, claim, write or make its key, read back or prove by use, lock, reset,
// prove the lock. A device profile says which adapter its model needs; StationFlow knows this interface only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/firmware/device_key.hpp"
#include "lib/firmware/device_profile.hpp"
#include "manufacturing/fixture.hpp"
#include "manufacturing/part.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::manufacturing {

/// What shows that a part is locked.
enum class LockEvidence {
  signature,  ///< of the program in it, over a fresh nonce
  read_back,  ///< what its boot loader says of its own fuses: unsigned, and recorded as such
};

enum class KeyOrigin {
  made_in_device,   ///< its private key never leaves it
  made_by_station,  ///< made in the station's memory and written into the part
};

/// Makes a public key (SubjectPublicKeyInfo) durable before its private key goes into a part.
using BeforeEffect = std::function<void(ByteView spki)>;

/// One device in one port. Every call may be repeated, also by another process after a kill: what is done already is
/// found done. Throws Error{unavailable} when the device does not answer, stalls or is gone, Error{denied} when it
/// refuses or says something that cannot be, Error{bad_input} when its answer is malformed. Not thread-safe; adapters
/// of different ports are independent.
class Adapter {
 public:
  virtual ~Adapter() = default;
  [[nodiscard]] virtual KeyOrigin key_origin() const noexcept = 0;
  /// Asks the device; changes nothing on it.
  [[nodiscard]] virtual Part identify() = 0;
  /// The device's IDevID key as SubjectPublicKeyInfo; the same at every call once there is one. `before_effect` is
  /// called only where the station makes the key; `announced` is what it made durable last for this part, or empty: all
  /// that is known of a key that the part never shows again.
  [[nodiscard]] virtual Bytes make_key(ByteView announced, const BeforeEffect& before_effect) = 0;
  /// A certificate request (PKCS#10, DER) that names the serial number and is signed by the key of make_key(), for
  /// whoever certifies it elsewhere. A device makes it itself; nothing of what it says was checked.
  [[nodiscard]] virtual Bytes request(const std::string& serial) = 0;
  /// The private key that make_key() put into the part and that belongs into its credential block; nothing when the
  /// part keeps it elsewhere.
  [[nodiscard]] virtual std::optional<firmware::DeviceKey> key_for_block() = 0;
  /// Gives the credential_digest() of the block as it was read back.
  [[nodiscard]] virtual Bytes install(ByteView block) = 0;
  /// That the part holds the private key of `spki`, and its state. Signed over a fresh nonce where the part runs; an
  /// unsigned one (read back by a boot loader) proves a lock only where lock_evidence() says so.
  [[nodiscard]] virtual Evidence prove(ByteView spki) = 0;
  /// Closes the debug port for good and gives what the part said of it at once, for the record; may be empty.
  [[nodiscard]] virtual std::string lock() = 0;
  /// Of what prove() gives now.
  [[nodiscard]] virtual LockEvidence lock_evidence() const noexcept { return LockEvidence::signature; }
  virtual void reset() = 0;
  /// After reset(): whether the device is back after its restart. From then on this adapter speaks to what came back.
  /// Throws as a device on its way out or in may; only its return counts.
  [[nodiscard]] virtual bool has_returned() = 0;
};

using Models = std::vector<const firmware::DeviceProfile*>;

/// The adapter for what is in the port now; nothing when the port is empty. `bench`, `models` and `rng` must outlive
/// it. Throws what Bench::open throws.
[[nodiscard]] std::unique_ptr<Adapter> open_adapter(Bench& bench, const std::string& port, const Models& models,
                                                    Botan::RandomNumberGenerator& rng);

}  // namespace lamp::manufacturing
