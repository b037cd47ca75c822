#include "lib/firmware/device/updater.hpp"

#include <algorithm>

#include "lib/base/error.hpp"

namespace lamp::firmware::device {

void provision(Flash& flash, Crypto& crypto, ByteView image, Version version, std::uint64_t sequence,
               std::uint64_t epoch) {
  check_geometry(flash);
  const auto before = attempt([&] { return load(flash, crypto); });
  if (const auto* found = std::get_if<std::optional<Settings>>(&before); found != nullptr && found->has_value())
    throw Error{Errc::exists, "the device has an image already"};
  if (image.empty() || image.size() > flash.size(Area::slot_a))
    throw Error{Errc::bad_input, "the image does not fit the slot"};
  flash.erase(Area::slot_a);
  SlotWriter writer{flash, Area::slot_a, image.size()};
  writer.take(image);
  (void)writer.finish();
  Settings first;
  first.image(Slot::a) = {image.size(), sequence, epoch, version, crypto.sha256(image)};
  first.sequence_floor = sequence;
  first.epoch_floor = epoch;
  store(flash, first, crypto);
  settle(flash, first, crypto);
}

Updater::Updater(Flash& flash, Crypto& crypto, const DeviceTrust& trust)
    : flash_{flash}, crypto_{crypto}, trust_{trust}, settings_{load(flash, crypto).value_or(Settings{})} {
  check_geometry(flash);
}

void Updater::remember(const Settings& settings) {
  store(flash_, settings, crypto_);
  settings_ = settings;
}

/// Runs a step of an update that arrives in pieces; a refusal ends the update.
template <class Step>
Reason Updater::step(Step&& what) {
  const auto reason = attempt(std::forward<Step>(what));
  const auto* error = std::get_if<Error>(&reason);
  const auto result = error != nullptr ? reason_of(*error) : std::get<Reason>(reason);
  if (result != Reason::none) abandon();
  return result;
}

Outcome Updater::offer(ByteView envelope, ByteView beside) {
  auto outcome = outcome_of_step([&] { return offer_whole(envelope, beside); });
  if (!outcome.accepted()) abandon();
  return outcome;
}

Reason Updater::begin(const EnvelopeHead& head) {
  arrival_.reset();
  return step([&] {
    Manifest manifest;
    if (const auto reason = check(head.envelope, manifest); reason != Reason::none) return reason;
    if (manifest.place == PayloadPlace::integrated && head.payload_size != manifest.payload_size)
      return Reason::payload_altered;
    return prepare(manifest);
  });
}

Reason Updater::take(ByteView payload) {
  return step([&] { return take_piece(payload); });
}

Reason Updater::finish() {
  return step([&] { return complete(); });
}

Reason Updater::offer_whole(ByteView bytes, ByteView beside) {
  arrival_.reset();
  auto envelope = parse_envelope(bytes);
  if (envelope.place == PayloadPlace::detached) envelope.payload = beside;
  Manifest manifest;
  if (const auto reason = check(envelope, manifest); reason != Reason::none) return reason;
  // All of it is at hand: a download that was damaged need not cost the slot's content.
  if (const auto reason = check_payload(envelope, manifest, crypto_); reason != Reason::none) return reason;
  if (const auto reason = prepare(manifest); reason != Reason::none) return reason;
  if (const auto reason = take_piece(envelope.payload); reason != Reason::none) return reason;
  return complete();
}

Reason Updater::check(const Envelope& envelope, Manifest& manifest) {
  if (settings_.trial == Trial::running) return Reason::trial_running;
  const auto reason = check_signed(envelope, manifest);
  if (trust_.grants)
    return reason == Reason::none ? check_permissions(manifest, *trust_.grants) : of_application(reason);
  return reason;
}

Reason Updater::check_signed(const Envelope& envelope, Manifest& manifest) {
  const auto revoked = settings_.revocations.in_force();
  if (const auto reason = authenticate(envelope, trust_.keys, crypto_, revoked); reason != Reason::none) return reason;
  manifest = parse_manifest(envelope.manifest, trust_.grants ? Content::application : Content::firmware);
  require_same_place(envelope, manifest);
  const Target target{trust_.vendor, trust_.model_class, settings_.sequence_floor, settings_.epoch_floor};
  if (const auto reason = check_target(manifest, target); reason != Reason::none) return reason;
  if (const auto reason = check_keys(envelope, manifest); reason != Reason::none) return reason;
  return manifest.image_size > flash_.size(area_of(other(settings_.active))) ? Reason::too_large : Reason::none;
}

Reason Updater::check_keys(const Envelope& envelope, const Manifest& manifest) {
  const auto reason = check_revocation(envelope, manifest, trust_.keys, settings_.revocations.in_force());
  if (reason != Reason::none) return reason;
  const std::size_t room = Revocations::kMost - settings_.revocations.count;
  return manifest.revoked.ids().size() > room ? Reason::bad_revocation : Reason::none;
}

/// Those of its keys that the device has and believes.
void Updater::announce(const RevokedKeys& revoked, Revocations& revocations) const {
  revocations.withdraw();
  const auto gone = revocations.in_force();
  for (const auto& id : revoked.ids())
    if (find_release_key(trust_.keys, id) != nullptr && std::find(gone.begin(), gone.end(), id) == gone.end())
      revocations.announce(id);
}

Reason Updater::prepare(const Manifest& manifest) {
  if (!crypto_.start_payload(parse_encryption_info(manifest.encryption_info))) return Reason::not_decryptable;
  const auto slot = other(settings_.active);
  // Before the slot is touched nothing may point to it: after a power cut its content is no image.
  auto next = settings_;
  next.trial = Trial::none;
  next.image(slot) = {};
  next.revocations.withdraw();
  if (next != settings_) remember(next);
  flash_.erase(area_of(slot));
  arrival_.emplace(Arrival{
      {manifest.image_size, manifest.sequence, manifest.security_epoch, manifest.version, manifest.image_digest},
      manifest.revoked,
      manifest.payload_digest,
      manifest.payload_size,
      SlotWriter{flash_, area_of(slot), manifest.image_size}});
  return Reason::none;
}

Reason Updater::take_piece(ByteView payload) {
  if (!arrival_) return Reason::not_begun;
  if (payload.size() > arrival_->payload_left) return Reason::payload_altered;
  arrival_->payload_left -= payload.size();
  crypto_.take_payload(payload, arrival_->writer);
  return Reason::none;
}

Reason Updater::check_arrived() {
  if (!arrival_) return Reason::not_begun;
  auto& arrival = *arrival_;
  if (arrival.payload_left != 0) return Reason::payload_altered;
  const auto end = crypto_.end_payload(arrival.writer);
  if (end.ciphertext != arrival.payload_digest) return Reason::payload_altered;
  if (!end.authentic || !arrival.writer.finish()) return Reason::not_decryptable;
  const auto area = area_of(other(settings_.active));
  return crypto_.sha256(flash_, area, arrival.image.size) == arrival.image.digest ? Reason::none
                                                                                  : Reason::image_mismatch;
}

Reason Updater::complete() {
  if (const auto reason = check_arrived(); reason != Reason::none) return reason;
  auto next = settings_;
  next.image(other(settings_.active)) = arrival_->image;
  next.trial = Trial::pending;
  announce(arrival_->revoked, next.revocations);
  remember(next);
  arrival_.reset();
  return Reason::none;
}

/// What was decrypted is not to be found in the slot by anybody. Nothing points there: it need not succeed.
void Updater::abandon() noexcept {
  if (!arrival_) return;
  arrival_.reset();
  (void)attempt([&] {
    flash_.erase(area_of(other(settings_.active)));
    return true;
  });
}

bool Updater::intact(Slot slot) {
  const auto& image = settings_.image(slot);
  return image.size != 0 && image.size <= flash_.size(area_of(slot)) &&
         crypto_.sha256(flash_, area_of(slot), image.size) == image.digest;
}

Boot Updater::boot() {
  if (running().size != 0) settle(flash_, settings_, crypto_);
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
    next.revocations.withdraw();
    remember(next);
    return intact(settings_.active) ? Boot::reverted : Boot::unbootable;
  }
  next.active = candidate;
  next.trial = Trial::running;
  remember(next);
  return Boot::trial;
}

Boot Updater::revert() {
  // With the way back damaged meanwhile, the image on trial is all there is: it was verified, and may try again.
  if (!intact(other(settings_.active))) return intact(settings_.active) ? Boot::trial : Boot::unbootable;
  auto next = settings_;
  next.image(settings_.active) = {};
  next.active = other(settings_.active);
  next.trial = Trial::none;
  next.revocations.withdraw();
  remember(next);
  return Boot::reverted;
}

void Updater::confirm() {
  if (settings_.trial != Trial::running) return;
  auto next = settings_;
  next.trial = Trial::none;
  next.sequence_floor = std::max(next.sequence_floor, running().sequence);
  next.epoch_floor = std::max(next.epoch_floor, running().epoch);
  if (!next.revocations.announced().empty()) next.image(other(next.active)) = {};
  next.revocations.put_in_force();
  remember(next);
}

}  // namespace lamp::firmware::device
