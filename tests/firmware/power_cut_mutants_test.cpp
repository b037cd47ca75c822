// Devices that do one thing wrong: the harness must find each, or its table says nothing.
#include <gmock/gmock.h>

#include <algorithm>
#include <cstdio>

#include "tests/firmware/power_cut.hpp"

namespace lamp::firmware::test {
namespace {

using device::Area;

bool is_settings(Area area) { return area == Area::settings_0 || area == Area::settings_1; }

/// A flash with another in front of it.
class FlashInFront : public device::Flash {
 public:
  explicit FlashInFront(device::Flash& behind) : behind_{behind} {}
  [[nodiscard]] std::uint64_t size(Area area) const override { return behind_.size(area); }
  [[nodiscard]] std::uint32_t erase_block(Area area) const override { return behind_.erase_block(area); }
  [[nodiscard]] std::uint32_t write_unit() const override { return behind_.write_unit(); }
  using Flash::erase;
  void erase(Area area, std::uint64_t offset, std::uint64_t length) override { behind_.erase(area, offset, length); }
  void write(Area area, std::uint64_t offset, ByteView bytes) override { behind_.write(area, offset, bytes); }
  void read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const override {
    behind_.read(area, offset, into);
  }

 protected:
  device::Flash& behind_;
};

/// Both settings pages in one place.
class OnePage final : public FlashInFront {
 public:
  using FlashInFront::erase;
  using FlashInFront::FlashInFront;
  void erase(Area area, std::uint64_t offset, std::uint64_t length) override {
    behind_.erase(one(area), offset, length);
  }
  void write(Area area, std::uint64_t offset, ByteView bytes) override { behind_.write(one(area), offset, bytes); }
  void read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const override {
    behind_.read(one(area), offset, into);
  }

 private:
  static Area one(Area area) { return is_settings(area) ? Area::settings_0 : area; }
};

/// Settings that are written while `dropping` are lost.
class Forgetful final : public FlashInFront {
 public:
  using FlashInFront::erase;
  using FlashInFront::FlashInFront;
  bool dropping = false;
  void erase(Area area, std::uint64_t offset, std::uint64_t length) override {
    if (!dropping || !is_settings(area)) behind_.erase(area, offset, length);
  }
  void write(Area area, std::uint64_t offset, ByteView bytes) override {
    if (!dropping || !is_settings(area)) behind_.write(area, offset, bytes);
  }
};

/// A write-back cache that puts slots behind settings: an image is durable only after the settings that name it.
class SlotsLast final : public FlashInFront {
 public:
  explicit SlotsLast(device::Flash& behind) : FlashInFront{behind} {
    for (const auto area : {Area::slot_a, Area::slot_b}) {
      auto& cells = slots_[static_cast<std::size_t>(area)];
      cells.resize(static_cast<std::size_t>(size(area)));
      behind.read(area, 0, cells);
    }
  }
  using FlashInFront::erase;
  void erase(Area area, std::uint64_t offset, std::uint64_t length) override {
    if (is_settings(area)) return behind_.erase(area, offset, length);
    std::fill_n(cells(area, offset), static_cast<std::size_t>(length), std::uint8_t{0xff});
    held_.push_back({Operation::erase, area, offset, Bytes(static_cast<std::size_t>(length))});
  }
  void write(Area area, std::uint64_t offset, ByteView bytes) override {
    if (!is_settings(area)) {
      std::copy(bytes.begin(), bytes.end(), cells(area, offset));
      held_.push_back({Operation::write, area, offset, {bytes.begin(), bytes.end()}});
      return;
    }
    behind_.write(area, offset, bytes);
    for (const auto& late : held_)
      if (late.kind == Operation::erase)
        behind_.erase(late.area, late.offset, late.content.size());
      else
        behind_.write(late.area, late.offset, late.content);
    held_.clear();
  }
  void read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const override {
    if (is_settings(area)) return behind_.read(area, offset, into);
    const auto& from = slots_[static_cast<std::size_t>(area)];
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
  }

 private:
  Bytes::iterator cells(Area area, std::uint64_t offset) {
    return slots_[static_cast<std::size_t>(area)].begin() + static_cast<std::ptrdiff_t>(offset);
  }
  Bytes slots_[2];
  std::vector<Operation> held_;
};

/// Believes the settings instead of hashing an image that they name.
class BlindCrypto final : public QuickCrypto {
 public:
  using QuickCrypto::QuickCrypto;
  using QuickCrypto::sha256;
  Digest sha256(const device::Flash& flash, Area area, std::uint64_t size) override {
    if (const auto settings = device::load(flash, *this))
      for (const auto& image : settings->images)
        if (&image == &settings->images[static_cast<std::size_t>(area)] && image.size == size) return image.digest;
    return QuickCrypto::sha256(flash, area, size);
  }
};

/// Takes any settings page to be whole: its digest is always as in erased flash.
class TrustingCrypto final : public QuickCrypto {
 public:
  using QuickCrypto::QuickCrypto;
  using QuickCrypto::sha256;
  Digest sha256(ByteView bytes) override {
    Digest erased{};
    erased.fill(0xff);
    return bytes.size() == device::kSettingsSize - erased.size() ? erased : QuickCrypto::sha256(bytes);
  }
};

template <class Front>
struct Holder {
  Front front;
};

/// A device behind another flash or with other cryptography.
template <class Front, class Crypto>
class With : private Holder<Front>, public Machine {
 public:
  With(device::Flash& flash, Verified& verified, const device::DeviceTrust& trust)
      : Holder<Front>{Front{flash}}, Machine{Holder<Front>::front, std::make_unique<Crypto>(verified), trust} {}

 protected:
  Front& front() { return Holder<Front>::front; }
};

/// Does not make the confirmation durable.
class LosesConfirmation final : public With<Forgetful, QuickCrypto> {
 public:
  using With::With;
  void confirm() override {
    front().dropping = true;
    Machine::confirm();
    front().dropping = false;
  }
};

/// Raises the floors when the image is installed, not when it is confirmed.
class RaisesEarly final : public With<FlashInFront, QuickCrypto> {
 public:
  using With::With;
  Reason offer(ByteView envelope) override {
    const auto reason = Machine::offer(envelope);
    if (reason != Reason::none) return reason;
    auto settings = *device::load(front(), *crypto_);
    settings.epoch_floor = settings.image(device::other(settings.active)).epoch;
    device::store(front(), settings, *crypto_);
    return reason;
  }
};

/// Revokes keys for as long as there is power.
class ForgetsRevocation final : public With<FlashInFront, QuickCrypto> {
 public:
  using With::With;
  void confirm() override {
    Machine::confirm();
    auto settings = *device::load(front(), *crypto_);
    settings.revocations = {};
    device::store(front(), settings, *crypto_);
  }
};

/// Switches to the new slot without a trial: no way back, and no floor.
class SwitchesAtOnce final : public With<FlashInFront, BlindCrypto> {
 public:
  using With::With;
  Reason offer(ByteView envelope) override {
    auto settings = *device::load(front(), *crypto_);
    const auto slot = device::other(settings.active);
    settings.active = slot;
    settings.image(slot) = {4096, 7, 4, {1, 3, 0}, {}};
    device::store(front(), settings, *crypto_);
    return Machine::offer(envelope);
  }
};

template <class M, class Crypto = QuickCrypto>
Model model() {
  return {[](Verified& verified) -> std::unique_ptr<device::Crypto> { return std::make_unique<Crypto>(verified); },
          [](FlashModel& flash, Verified& verified, const device::DeviceTrust& trust) -> std::unique_ptr<Machine> {
            return std::make_unique<M>(flash, verified, trust);
          }};
}

struct Mutant {
  const char* name;
  Model model;
  std::size_t Tally::* found;  ///< what it must be found by
};
void PrintTo(const Mutant& m, std::ostream* os) { *os << m.name; }

class PowerCutMutant : public testing::TestWithParam<Mutant> {};

TEST_P(PowerCutMutant, IsFoundByTheHarness) {
  const auto trust = lamp_trust();
  PowerCuts cuts{genuine_releases(), trust, GetParam().model};
  std::size_t found = 0;
  for (const auto& story : stories()) {
    const auto tally = cuts.run(story);
    found = tally.*GetParam().found;
    if (found == 0) continue;
    std::printf("  %s: %s\n", story.name, tally.first.c_str());
    break;
  }
  EXPECT_GT(found, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Table, PowerCutMutant,
    testing::Values(
        Mutant{"OneSettingsPage", model<With<OnePage, QuickCrypto>>(), &Tally::bricked},
        Mutant{"SettingsWithoutDigest", model<With<FlashInFront, TrustingCrypto>, TrustingCrypto>(), &Tally::bricked},
        Mutant{"ConfirmationDropped", model<LosesConfirmation>(), &Tally::below_floor},
        Mutant{"FloorsRaisedEarly", model<RaisesEarly>(), &Tally::below_floor},
        Mutant{"RevocationForgotten", model<ForgetsRevocation>(), &Tally::believed},
        Mutant{"SwitchedAtOnce", model<SwitchesAtOnce>(), &Tally::unverified},
        Mutant{"SlotAfterSettings", model<With<SlotsLast, QuickCrypto>>(), &Tally::bricked},
        Mutant{"SlotAfterSettingsAndNoCheckAtStart", model<With<SlotsLast, BlindCrypto>>(), &Tally::unverified}),
    [](const auto& test) { return std::string{test.param.name}; });

/// A digest checked at every start is the second protection, behind the order of the writes.
TEST(PowerCut, TheOrderAloneKeepsUnverifiedCodeFromStarting) {
  const auto trust = lamp_trust();
  PowerCuts cuts{genuine_releases(), trust, model<With<FlashInFront, BlindCrypto>>()};
  const auto tally = cuts.run(stories()[3]);
  EXPECT_TRUE(tally.clean()) << tally.first;
}

}  // namespace
}  // namespace lamp::firmware::test
