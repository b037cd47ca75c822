// A PIV card (NIST SP 800-73-4 part 2) in software: what OpenSC asks of one, answered as a card of the YubiKey 4 family
// does. Three key slots: 9A authentication, 9C signature (the PIN before every use), 9D key management.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "lib/base/bytes.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::test {

class PivCard {
 public:
  enum class Keys { p256, rsa2048 };
  /// `holder` goes into the subject of the card's certificates; OpenSC calls the token by that of slot 9A.
  PivCard(const std::string& holder, const std::string& pin, Keys keys, Botan::RandomNumberGenerator& rng);
  PivCard(const PivCard&) = delete;
  PivCard& operator=(const PivCard&) = delete;
  ~PivCard();

  /// Answer to reset; OpenSC enables elliptic curves for card families that it knows by it.
  [[nodiscard]] static Bytes answer_to_reset();
  /// Power on or reset: forgets that the PIN was given.
  void reset();
  /// The response APDU, status word included. What it does not know gets a status word as ISO 7816-4 has it.
  [[nodiscard]] Bytes answer(ByteView command);

 private:
  struct Command;
  void make_key(std::uint8_t slot, Keys keys);
  [[nodiscard]] Bytes dispatch(const Command& command);
  [[nodiscard]] Bytes select(const Command& command);
  [[nodiscard]] Bytes get_data(const Command& command);
  [[nodiscard]] Bytes verify_pin(const Command& command);
  [[nodiscard]] Bytes authenticate(const Command& command);
  [[nodiscard]] Bytes use_key(const Botan::Private_Key& key, const std::map<std::uint8_t, Bytes>& fields);
  [[nodiscard]] Bytes respond(Bytes data, std::size_t expected);

  Botan::RandomNumberGenerator& rng_;
  std::string holder_, pin_;
  unsigned tries_ = 3;
  bool verified_ = false;                                             ///< since the reset
  bool fresh_ = false;                                                ///< the PIN was the command just before
  Bytes chained_;                                                     ///< of a command that comes in several
  Bytes waiting_;                                                     ///< of a response that goes out in several
  std::map<std::uint8_t, std::unique_ptr<Botan::Private_Key>> keys_;  ///< by slot
  std::map<Bytes, Bytes> objects_;                                    ///< by tag
};

}  // namespace lamp::test
