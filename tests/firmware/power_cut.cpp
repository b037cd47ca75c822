#include "tests/firmware/power_cut.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/device/receiver.hpp"

namespace lamp::firmware::test {
namespace {

using device::Boot;
using device::Trial;

constexpr int kRounds = 5;          // restarts within which an update must be through
constexpr std::size_t kSecond = 4;  // every so many recoveries lose power once more
constexpr std::uint64_t kRevokingSequence = 8;
constexpr std::size_t kHeadBuffer = 2048, kPiece = 700;
constexpr const char* kTornNames[] = {"untouched", "prefix", "bits", "zeros", "noise", "unstable"};

std::string describe_cut(const Operation& operation, Torn torn) {
  return std::string{operation.kind == Operation::erase ? "erase" : "write"} + " of area " +
         std::to_string(static_cast<int>(operation.area)) + " at " + std::to_string(operation.offset) + ", left " +
         kTornNames[static_cast<std::size_t>(torn)];
}

enum class Signed { by_first, by_second_revoking_first };

Genuine genuine(Version version, std::uint64_t sequence, std::uint64_t epoch, std::size_t size, std::uint8_t fill,
                Signed is = Signed::by_first) {
  Genuine out;
  out.recipe = {.version = version, .sequence = sequence, .epoch = epoch, .image = Bytes(size)};
  for (std::size_t i = 0; i < size; ++i) out.recipe.image[i] = static_cast<std::uint8_t>(fill + i * i / 7);
  if (is == Signed::by_second_revoking_first) {
    out.recipe.release_signature = false;
    out.recipe.second_signature = true;
    out.recipe.revoked = {id_of(keys().release)};
  }
  out.made = make_release(out.recipe);
  return out;
}

}  // namespace

bool QuickCrypto::verifies(const cose::Sign1& message, ByteView public_key, ByteView payload) {
  Bytes question{message.signature.begin(), message.signature.end()};
  append(question, public_key);
  append(question, payload);
  const auto known =
      std::find_if(verified_.begin(), verified_.end(), [&](const auto& entry) { return entry.first == question; });
  if (known != verified_.end()) return known->second;
  const bool valid = crypto_.verifies(message, public_key, payload);
  verified_.emplace_back(std::move(question), valid);
  return valid;
}

Reason Machine::offer(ByteView envelope) {
  std::array<std::uint8_t, kHeadBuffer> head{};
  device::Receiver receiver{updater_, head};
  while (!envelope.empty()) {
    const auto piece = envelope.first(std::min(kPiece, envelope.size()));
    if (const auto reason = receiver.take(piece); reason != Reason::none) return reason;
    envelope = envelope.subspan(piece.size());
  }
  return receiver.finish();
}

Model right_model() {
  return {[](Verified& verified) -> std::unique_ptr<device::Crypto> { return std::make_unique<QuickCrypto>(verified); },
          [](FlashModel& flash, Verified& verified, const device::DeviceTrust& trust) {
            return std::make_unique<Machine>(flash, std::make_unique<QuickCrypto>(verified), trust);
          }};
}

const std::vector<Genuine>& genuine_releases() {
  static const std::vector<Genuine> all{genuine({1, 0, 0}, 4, 2, 1500, 0x11),
                                        genuine({1, 1, 0}, 5, 2, 3001, 0x22),
                                        genuine({1, 2, 0}, 6, 3, 2000, 0x33),
                                        genuine({1, 3, 0}, 7, 4, 4096, 0x44),
                                        genuine({1, 4, 0}, 8, 4, 2500, 0x55, Signed::by_second_revoking_first),
                                        genuine({1, 5, 0}, 9, 5, 300, 0x66)};
  return all;
}

const std::vector<Story>& stories() {
  static const std::vector<Story> all{
      {"factory", {{Act::provision}, {Act::restart}, {Act::restart}}},
      {"update", {{Act::provision}, {Act::restart}, {Act::offer, 1}, {Act::restart}, {Act::confirm}, {Act::restart}}},
      {"revert",
       {{Act::provision},
        {Act::restart},
        {Act::offer, 2},
        {Act::restart},
        {Act::restart},
        {Act::offer, 2},
        {Act::restart},
        {Act::confirm}}},
      {"second update",
       {{Act::provision},
        {Act::restart},
        {Act::offer, 1},
        {Act::restart},
        {Act::confirm},
        {Act::offer, 2},
        {Act::restart},
        {Act::confirm},
        {Act::offer, 3},
        {Act::restart},
        {Act::confirm}}},
      {"key revocation",
       {{Act::provision},
        {Act::restart},
        {Act::offer, 1},
        {Act::restart},
        {Act::confirm},
        {Act::offer, 4},
        {Act::restart},
        {Act::restart},
        {Act::offer, 4},
        {Act::restart},
        {Act::confirm},
        {Act::restart}}},
      {"replaced while pending",
       {{Act::provision}, {Act::restart}, {Act::offer, 1}, {Act::offer, 3}, {Act::restart}, {Act::confirm}}},
  };
  return all;
}

PowerCuts::PowerCuts(const std::vector<Genuine>& releases, const device::DeviceTrust& trust, const Model& model)
    : releases_{releases}, trust_{trust}, model_{model} {}

Tally PowerCuts::run(const Story& story, const Geometry& geometry) {
  tally_ = {};
  known_ = {};
  target_ = 0;
  for (const auto& step : story.steps) target_ = std::max(target_, step.release);
  FlashModel flash{geometry};
  flash.before = [&](const Operation& operation) { cut(flash, operation); };
  std::unique_ptr<Machine> machine;
  const auto ran = attempt([&] {
    for (const auto& step : story.steps) perform(step, flash, machine);
    return true;
  });
  machine.reset();
  power_on(flash);
  if (const auto* error = std::get_if<Error>(&ran)) blame(tally_.bricked, error->what());
  recover(flash, known_, "after the story");
  return tally_;
}

void PowerCuts::perform(const Step& step, FlashModel& flash, std::unique_ptr<Machine>& machine) {
  where_ = "in the story itself";
  switch (step.act) {
    case Act::provision: return provision(flash, known_);
    case Act::offer:
      if (machine->offer(releases_[step.release].made.envelope) != Reason::none)
        blame(tally_.unfinished, "an offer was refused");
      return;
    case Act::restart:
      machine.reset();
      machine = power_on_and_boot(flash, known_);
      return;
    case Act::confirm: confirm(*machine, known_); return;
  }
}

void PowerCuts::cut(const FlashModel& flash, const Operation& operation) {
  ++(operation.kind == Operation::erase ? tally_.erases : tally_.writes);
  for (const auto torn : kTorn) {
    auto copy = flash;
    power_on(copy);
    copy.tear(operation, torn, dice_);
    auto known = known_;
    recover(copy, known, describe_cut(operation, torn));
  }
}

void PowerCuts::recover(FlashModel& flash, Known& known, const std::string& where) {
  where_ = where;
  ++tally_.cuts;
  if (tally_.cuts % kSecond == 0) {
    ++tally_.second_cuts;
    cut_power_after(flash, 1 + dice_() % 250, kTorn[dice_() % std::size(kTorn)], dice_);
    try {
      finish(flash, known);
    } catch (const PowerCut&) {
      where_ += "; and once more in the recovery";
    }
    power_on(flash);
  }
  finish(flash, known);
}

/// In the factory, again when power was cut.
void PowerCuts::provision(FlashModel& flash, Known& known) {
  const auto& first = releases_.front().recipe;
  const auto crypto = model_.crypto(verified_);
  const auto done = attempt([&] {
    device::provision(flash, *crypto, first.image, first.version, first.sequence, first.epoch);
    return true;
  });
  if (const auto* error = std::get_if<Error>(&done); error != nullptr && error->code() != Errc::exists)
    throw Error{*error};
  known = {true, first.sequence, first.epoch};
}

void PowerCuts::finish(FlashModel& flash, Known& known) {
  const auto done = attempt([&] {
    if (!known.provisioned) provision(flash, known);
    for (int round = 0; round < kRounds; ++round) {
      const auto machine = power_on_and_boot(flash, known);
      if (complete(*machine)) return true;
      if (machine->settings().trial == Trial::running)
        confirm(*machine, known);
      else
        (void)machine->offer(releases_[target_].made.envelope);
    }
    return false;
  });
  if (const auto* error = std::get_if<Error>(&done))
    blame(tally_.bricked, error->what());
  else if (!std::get<bool>(done))
    blame(tally_.unfinished, "the update was not completed");
}

std::unique_ptr<Machine> PowerCuts::power_on_and_boot(FlashModel& flash, const Known& known) {
  auto machine = model_.power_up(flash, verified_, trust_);
  const auto boot = machine->boot();
  ++tally_.boots[static_cast<std::size_t>(boot)];
  judge(flash, *machine, boot, known);
  if (known.key_revoked) try_revoked_key(*machine);
  return machine;
}

/// Looks at the cells themselves, and believes nothing that the updater says of them.
void PowerCuts::judge(FlashModel& flash, const Machine& machine, Boot boot, const Known& known) {
  if (boot == Boot::unbootable) return blame(tally_.bricked, "unbootable");
  const auto& cells = flash.bytes(device::area_of(machine.settings().active));
  const auto& running = machine.running();
  const auto found = std::find_if(releases_.begin(), releases_.end(), [&](const Genuine& release) {
    const auto& image = release.recipe.image;
    return running.version.text() == release.recipe.version.text() && running.size == image.size() &&
           std::equal(image.begin(), image.end(), cells.begin());
  });
  if (found == releases_.end()) return blame(tally_.unverified, "code that nobody signed was started");
  const auto& settings = machine.settings();
  if (found->recipe.epoch < std::max(known.epoch_floor, settings.epoch_floor))
    blame(tally_.below_floor, "an image below the floor was started");
  if (settings.epoch_floor < known.epoch_floor || settings.sequence_floor < known.sequence_floor)
    blame(tally_.below_floor, "a floor fell");
}

void PowerCuts::try_revoked_key(Machine& machine) {
  if (machine.offer(releases_.back().made.envelope) == Reason::none)
    blame(tally_.believed, "a release by a revoked key was taken");
}

void PowerCuts::confirm(Machine& machine, Known& known) {
  machine.confirm();
  if (machine.running().sequence == kRevokingSequence) known.key_revoked = true;
  known.epoch_floor = std::max(known.epoch_floor, machine.running().epoch);
  known.sequence_floor = std::max(known.sequence_floor, machine.running().sequence);
}

bool PowerCuts::complete(const Machine& machine) const {
  const auto& target = releases_[target_].recipe;
  const auto& settings = machine.settings();
  return settings.trial == Trial::none && machine.running().sequence == target.sequence &&
         settings.sequence_floor == target.sequence && settings.epoch_floor == target.epoch;
}

void PowerCuts::blame(std::size_t& count, const std::string& what) {
  ++count;
  if (tally_.first.empty()) tally_.first = what + ": " + where_;
}

}  // namespace lamp::firmware::test
