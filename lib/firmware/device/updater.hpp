// The updater that a device runs: checks an envelope, decrypts it into the slot that does not run, tries it once, and
// keeps it only when the new firmware says that it works. Does not allocate, except to word a refusal.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/firmware/check.hpp"
#include "lib/firmware/device/flash.hpp"
#include "lib/firmware/device/settings.hpp"
#include "lib/firmware/device/slot_writer.hpp"
#include "lib/firmware/encryption.hpp"

namespace lamp::firmware::device {

/// A device's cryptography; holds the key-encryption key, which the updater never sees.
class Crypto : public Verifier {
 public:
  /// Makes ready for one payload, and forgets any other. False when the content key does not unwrap.
  [[nodiscard]] virtual bool start_payload(const EncryptionInfo& info) = 0;
  /// The payload's next bytes, pieces of any size. The sink may take plaintext of them, which must not be used before
  /// end_payload() said that it is authentic.
  virtual void take_payload(ByteView ciphertext, Sink& sink) = 0;
  struct End {
    Digest ciphertext{};     ///< SHA-256 of all that was taken
    bool authentic = false;  ///< always true for encryption without an authentication tag
  };
  [[nodiscard]] virtual End end_payload(Sink& sink) = 0;
  /// SHA-256 of `size` bytes of a flash area.
  [[nodiscard]] virtual Digest sha256(const Flash& flash, Area area, std::uint64_t size) = 0;
  using Verifier::sha256;
};

/// Whom a device believes and what it is; from its credential block. The same for one partner's application, which has
/// a flash part with slots, floors and an updater of its own: `keys` then hold the partner's key in place of release
/// keys, and the class is the application's.
struct DeviceTrust {
  ReleaseKeys keys;
  Uuid vendor{}, model_class{};
  std::optional<std::vector<std::string>> grants{};  ///< of an application: the APIs that it may ask for
};

enum class Boot {
  normal,      ///< the confirmed image
  trial,       ///< a new image, which has to be confirmed; once, unless the former one is damaged meanwhile
  reverted,    ///< the trial was not confirmed, or its image is damaged: the former image again
  recovered,   ///< the confirmed image is damaged: the former image, when that is still there
  unbootable,  ///< no slot holds an intact image
};

/// In the factory, on a part that holds no valid settings: writes the first image and its floors. May be repeated when
/// power was cut. Throws Error{exists} for a device that has been provisioned, and Error{bad_input} when the image does
/// not fit.
void provision(Flash& flash, Crypto& crypto, ByteView image, Version version, std::uint64_t sequence,
               std::uint64_t epoch);

class Updater {
 public:
  /// All three must outlive the updater. Throws Error{unavailable} when the flash cannot be read or
  /// both settings pages are damaged: floors that are lost are not taken to be zero.
  Updater(Flash& flash, Crypto& crypto, const DeviceTrust& trust);

  /// An update from an envelope that is at hand as a whole, `beside` being the payload of one that has it detached:
  /// begin(), take() and finish() in one, with words for a refusal. Never throws; a refusal leaves the running image
  /// and the floors as they were.
  Outcome offer(ByteView envelope, ByteView beside = {});

  /// An update that arrives in pieces; Receiver cuts an envelope into these. None of the three throws or words
  /// anything; after a refusal the next update begins again with begin().
  /// Authenticates the envelope by its head; then forgets and erases the slot that does not run.
  [[nodiscard]] Reason begin(const EnvelopeHead& head);
  /// The payload's next bytes, pieces of any size: decrypted into the slot.
  [[nodiscard]] Reason take(ByteView payload);
  /// Checks the payload's digest, its authentication tag, and the image read back; only then marks it pending.
  [[nodiscard]] Reason finish();

  /// What the boot code does at every start. The decision is durable before the image runs.
  Boot boot();

  /// The new firmware works: floors rise to its sequence and epoch, and the keys that its release revokes are believed
  /// no longer. One of those may have signed the former image, which is therefore forgotten then. Nothing happens when
  /// no trial runs.
  void confirm();

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  /// The image of the active slot.
  [[nodiscard]] const Image& running() const noexcept { return settings_.image(settings_.active); }

 private:
  /// An update under way.
  struct Arrival {
    Image image;
    RevokedKeys revoked;
    Digest payload_digest{};
    std::uint64_t payload_left = 0;
    SlotWriter writer;
  };

  template <class Step>
  [[nodiscard]] Reason step(Step&& what);
  [[nodiscard]] Reason offer_whole(ByteView envelope, ByteView beside);
  [[nodiscard]] Reason check(const Envelope& envelope, Manifest& manifest);
  [[nodiscard]] Reason check_signed(const Envelope& envelope, Manifest& manifest);
  [[nodiscard]] Reason check_keys(const Envelope& envelope, const Manifest& manifest);
  [[nodiscard]] Reason prepare(const Manifest& manifest);
  [[nodiscard]] Reason take_piece(ByteView payload);
  [[nodiscard]] Reason complete();
  [[nodiscard]] Reason check_arrived();
  void announce(const RevokedKeys& revoked, Revocations& revocations) const;
  void abandon() noexcept;
  [[nodiscard]] bool intact(Slot slot);
  void remember(const Settings& settings);
  Boot start_trial();
  Boot revert();

  Flash& flash_;
  Crypto& crypto_;
  const DeviceTrust& trust_;
  Settings settings_;
  std::optional<Arrival> arrival_;
};

}  // namespace lamp::firmware::device
