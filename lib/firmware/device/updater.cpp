#include "lib/firmware/device/updater.hpp"

#include <algorithm>

#include "lib/base/error.hpp"

namespace lamp::firmware::device {
namespace {

class SlotSink final : public Sink {
 public:
  SlotSink(Flash& flash, Area area, std::uint64_t size) : flash_{flash}, area_{area}, left_{size} {}
  void take(ByteView plaintext) override {
    if (plaintext.size() > left_) throw Error{Errc::bad_input, "more plaintext than the manifest says"};
    flash_.write(area_, at_, plaintext);
    at_ += plaintext.size();
    left_ -= plaintext.size();
  }
  [[nodiscard]] bool complete() const noexcept { return left_ == 0; }

 private:
  Flash& flash_;
  Area area_;
  std::uint64_t at_ = 0, left_;
};

}  // namespace

Updater::Updater(Flash& flash, Crypto& crypto, const DeviceTrust& trust)
    : flash_{flash}, crypto_{crypto}, trust_{trust}, settings_{load(flash, crypto).value_or(Settings{})} {}

void Updater::remember(const Settings& settings) {
  store(flash_, settings, crypto_);
  settings_ = settings;
}

void Updater::provision(ByteView image, Version version, std::uint64_t sequence, std::uint64_t epoch) {
  if (load(flash_, crypto_)) throw Error{Errc::exists, "the device has an image already"};
  if (image.empty() || image.size() > flash_.size(Area::slot_a))
    throw Error{Errc::bad_input, "the image does not fit the slot"};
  flash_.erase(Area::slot_a);
  flash_.write(Area::slot_a, 0, image);
  Settings first;
  first.image(Slot::a) = {image.size(), sequence, epoch, version, crypto_.sha256(image)};
  first.sequence_floor = sequence;
  first.epoch_floor = epoch;
  remember(first);
}

Outcome Updater::offer(ByteView envelope) {
  return outcome_of_step([&] { return check_and_install(envelope); });
}

Reason Updater::check_and_install(ByteView bytes) {
  if (settings_.trial == Trial::running) return Reason::trial_running;
  const auto envelope = parse_envelope(bytes);
  if (const auto reason = authenticate(envelope, trust_.keys, crypto_); reason != Reason::none) return reason;
  const auto manifest = parse_manifest(envelope.manifest);
  const Target target{trust_.vendor, trust_.model_class, settings_.sequence_floor, settings_.epoch_floor};
  if (const auto reason = check_target(manifest, target); reason != Reason::none) return reason;
  if (manifest.image_size > flash_.size(area_of(other(settings_.active)))) return Reason::too_large;
  if (const auto reason = check_payload(envelope, manifest, crypto_); reason != Reason::none) return reason;
  return install(envelope, manifest);
}

Reason Updater::install(const Envelope& envelope, const Manifest& manifest) {
  const auto slot = other(settings_.active);
  const auto area = area_of(slot);
  // Before the slot is touched nothing may point to it: after a power cut its content is no image.
  auto next = settings_;
  next.trial = Trial::none;
  next.image(slot) = {};
  if (next != settings_) remember(next);

  flash_.erase(area);
  SlotSink sink{flash_, area, manifest.image_size};
  const bool decrypted = crypto_.decrypt(parse_encryption_info(manifest.encryption_info), envelope.payload, sink);
  auto reason = decrypted && sink.complete() ? Reason::none : Reason::not_decryptable;
  if (reason == Reason::none && crypto_.sha256(flash_, area, manifest.image_size) != manifest.image_digest)
    reason = Reason::image_mismatch;
  if (reason != Reason::none) {
    flash_.erase(area);
    return reason;
  }
  next.image(slot) = {manifest.image_size, manifest.sequence, manifest.security_epoch, manifest.version,
                      manifest.image_digest};
  next.trial = Trial::pending;
  remember(next);
  return Reason::none;
}

bool Updater::intact(Slot slot) {
  const auto& image = settings_.image(slot);
  return image.size != 0 && image.size <= flash_.size(area_of(slot)) &&
         crypto_.sha256(flash_, area_of(slot), image.size) == image.digest;
}

Boot Updater::boot() {
  switch (settings_.trial) {
    case Trial::pending: return start_trial();
    case Trial::running: return revert();
    case Trial::none: break;
  }
  if (intact(settings_.active)) return Boot::normal;
  // A former image below the epoch floor has a known weakness: damaging the flash must not bring it back.
  const auto former = other(settings_.active);
  if (settings_.image(former).epoch < settings_.epoch_floor || !intact(former)) return Boot::unbootable;
  auto next = settings_;
  next.active = former;
  remember(next);
  return Boot::recovered;
}

Boot Updater::start_trial() {
  const auto candidate = other(settings_.active);
  auto next = settings_;
  if (!intact(candidate)) {
    next.trial = Trial::none;
    next.image(candidate) = {};
    remember(next);
    return intact(settings_.active) ? Boot::reverted : Boot::unbootable;
  }
  next.active = candidate;
  next.trial = Trial::running;
  remember(next);
  return Boot::trial;
}

Boot Updater::revert() {
  auto next = settings_;
  next.image(settings_.active) = {};
  next.active = other(settings_.active);
  next.trial = Trial::none;
  remember(next);
  return intact(settings_.active) ? Boot::reverted : Boot::unbootable;
}

void Updater::confirm() {
  if (settings_.trial != Trial::running) return;
  auto next = settings_;
  next.trial = Trial::none;
  next.sequence_floor = std::max(next.sequence_floor, running().sequence);
  next.epoch_floor = std::max(next.epoch_floor, running().epoch);
  remember(next);
}

}  // namespace lamp::firmware::device
