// The updater that a device runs: checks an envelope, decrypts it into the slot that does not run, tries it once, and
// keeps it only when the new firmware says that it works. Does not allocate, except to word a refusal.
#pragma once

#include <cstdint>

#include "lib/firmware/check.hpp"
#include "lib/firmware/device/flash.hpp"
#include "lib/firmware/device/settings.hpp"
#include "lib/firmware/encryption.hpp"

namespace lamp::firmware::device {

/// Takes the plaintext in order, piece by piece.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void take(ByteView plaintext) = 0;
};

/// A device's cryptography; holds the key-encryption key, which the updater never sees.
class Crypto : public Verifier {
 public:
  /// Unwraps the content key and decrypts. False when the key does not unwrap or the ciphertext is not authentic; the
  /// sink may have taken plaintext by then, which must not be used.
  [[nodiscard]] virtual bool decrypt(const EncryptionInfo& info, ByteView ciphertext, Sink& sink) = 0;
  /// SHA-256 of `size` bytes of a flash area.
  [[nodiscard]] virtual Digest sha256(const Flash& flash, Area area, std::uint64_t size) = 0;
  using Verifier::sha256;
};

/// Whom a device believes and what it is; from its credential block.
struct DeviceTrust {
  ReleaseKeys keys;
  Uuid vendor{}, model_class{};
};

enum class Boot {
  normal,      ///< the confirmed image
  trial,       ///< a new image, for the first and only time until it is confirmed
  reverted,    ///< the trial was not confirmed, or its image is damaged: the former image again
  recovered,   ///< the confirmed image is damaged: the former image, when that is still there
  unbootable,  ///< no slot holds an intact image
};

class Updater {
 public:
  /// All three must outlive the updater. Throws Error{unavailable} when the flash cannot be read or
  /// both settings pages are damaged: floors that are lost are not taken to be zero.
  Updater(Flash& flash, Crypto& crypto, const DeviceTrust& trust);

  /// In the factory, on a blank part: writes the first image and its floors. Throws Error{exists} on any other, and
  /// Error{bad_input} when the image does not fit.
  void provision(ByteView image, Version version, std::uint64_t sequence, std::uint64_t epoch);

  /// Authenticates, checks, decrypts into the other slot, reads back, marks pending. Never throws; a refusal leaves the
  /// running image and the floors as they were.
  Outcome offer(ByteView envelope);

  /// What the boot code does at every start. The decision is durable before the image runs.
  Boot boot();

  /// The new firmware works: floors rise to its sequence and epoch. Nothing happens when no trial runs.
  void confirm();

  [[nodiscard]] const Settings& settings() const noexcept { return settings_; }
  /// The image of the active slot.
  [[nodiscard]] const Image& running() const noexcept { return settings_.image(settings_.active); }

 private:
  [[nodiscard]] Reason check_and_install(ByteView envelope);
  [[nodiscard]] Reason install(const Envelope& envelope, const Manifest& manifest);
  [[nodiscard]] bool intact(Slot slot);
  void remember(const Settings& settings);
  Boot start_trial();
  Boot revert();

  Flash& flash_;
  Crypto& crypto_;
  const DeviceTrust& trust_;
  Settings settings_;
};

}  // namespace lamp::firmware::device
