// A conversation with one device: typed calls over a fixture.
#pragma once

#include <cstdint>
#include <string>

#include "manufacturing/fixture.hpp"
#include "manufacturing/lamp_protocol.hpp"
#include "manufacturing/part.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::manufacturing {

/// Every call throws Error{unavailable} when the device does not answer or says internal, Error{denied} when it
/// refuses, Error{bad_input} when its answer is malformed. A call may be repeated after any of them.
class DeviceSession {
 public:
  /// Sequence numbers start at random, so that an answer to an earlier program is never taken for one of ours.
  DeviceSession(Fixture& fixture, Botan::RandomNumberGenerator& rng);

  [[nodiscard]] Identity identify();
  /// Verifies the signature with the key itself; a wrong one is Error{denied}.
  [[nodiscard]] GeneratedKey generate();
  [[nodiscard]] Installed install(ByteView box);
  /// Verifies the signature by `spki` over a fresh nonce; a wrong one is Error{denied}.
  [[nodiscard]] Evidence prove(ByteView spki);
  /// A certificate request (DER) by the device's key for this serial number, as it came: nothing of it was checked.
  [[nodiscard]] Bytes request(const std::string& serial);
  void lock();
  void reset();

 private:
  template <class Answer>
  Answer call(RequestBody body);
  Fixture& fixture_;
  Botan::RandomNumberGenerator& rng_;
  std::uint32_t sequence_;
};

}  // namespace lamp::manufacturing
