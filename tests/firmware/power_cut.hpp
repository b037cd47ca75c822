// Cuts the power of a device at every block erased and every unit programmed during a story, leaves that block or unit
// in every torn state, powers on, and judges what the device starts and whether the update can still be completed.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/firmware/device/software_crypto.hpp"
#include "lib/firmware/device/updater.hpp"
#include "tests/firmware/flash_model.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace lamp::firmware::test {

/// SoftwareCrypto that remembers which signatures it has verified: a story verifies the same few ten thousand times.
using Verified = std::vector<std::pair<Bytes, bool>>;
class QuickCrypto : public device::Crypto {
 public:
  explicit QuickCrypto(Verified& verified) : verified_{verified} {}
  using Crypto::sha256;
  Digest sha256(ByteView bytes) override { return crypto_.sha256(bytes); }
  bool verifies(const cose::Sign1& message, ByteView public_key, ByteView payload) override;
  bool start_payload(const EncryptionInfo& info) override { return crypto_.start_payload(info); }
  void take_payload(ByteView ciphertext, device::Sink& sink) override { crypto_.take_payload(ciphertext, sink); }
  End end_payload(device::Sink& sink) override { return crypto_.end_payload(sink); }
  Digest sha256(const device::Flash& flash, device::Area area, std::uint64_t size) override {
    return crypto_.sha256(flash, area, size);
  }

 private:
  device::SoftwareCrypto crypto_{kek()};
  Verified& verified_;
};

/// A device from power-on to power-off. Mutants replace a part of it by a wrong one.
class Machine {
 public:
  Machine(device::Flash& flash, std::unique_ptr<device::Crypto> crypto, const device::DeviceTrust& trust)
      : crypto_{std::move(crypto)}, updater_{flash, *crypto_, trust} {}
  virtual ~Machine() = default;
  virtual device::Boot boot() { return updater_.boot(); }
  virtual Reason offer(ByteView envelope);  ///< as it would arrive: in pieces
  virtual void confirm() { updater_.confirm(); }
  [[nodiscard]] const device::Settings& settings() const { return updater_.settings(); }
  [[nodiscard]] const device::Image& running() const { return updater_.running(); }

 protected:
  std::unique_ptr<device::Crypto> crypto_;
  device::Updater updater_;
};
/// How a kind of device is made.
struct Model {
  std::unique_ptr<device::Crypto> (*crypto)(Verified&);  ///< what the factory's program has, too
  std::unique_ptr<Machine> (*power_up)(FlashModel&, Verified&, const device::DeviceTrust&);
};

/// An image that may run, and the release that brings it; the first is the factory's.
struct Genuine {
  Recipe recipe;
  Made made;
};

enum class Act { provision, offer, restart, confirm };
struct Step {
  Act act;
  std::size_t release = 0;  ///< to offer
};
/// The last release that is offered is the one that the device has to end with.
struct Story {
  const char* name;
  std::vector<Step> steps;
};

struct Tally {
  std::size_t erases = 0, writes = 0;  ///< points at which power was cut
  std::size_t cuts = 0, second_cuts = 0;
  std::size_t boots[5] = {};  ///< by device::Boot
  std::size_t unverified = 0, below_floor = 0, bricked = 0, unfinished = 0;
  std::size_t believed = 0;  ///< a release by a key that had been revoked was taken
  std::string first;         ///< what went wrong first
  [[nodiscard]] bool clean() const { return unverified + below_floor + bricked + unfinished + believed == 0; }
};

class PowerCuts {
 public:
  explicit PowerCuts(const std::vector<Genuine>& releases, const device::DeviceTrust& trust, const Model& model);
  [[nodiscard]] Tally run(const Story& story, const Geometry& geometry = {});

 private:
  /// What must hold from now on, because the device said so.
  struct Known {
    bool provisioned = false;
    std::uint64_t sequence_floor = 0, epoch_floor = 0;
    bool key_revoked = false;
  };

  void perform(const Step& step, FlashModel& flash, std::unique_ptr<Machine>& machine);
  void cut(const FlashModel& flash, const Operation& operation);
  void recover(FlashModel& flash, Known& known, const std::string& where);
  void provision(FlashModel& flash, Known& known);
  void finish(FlashModel& flash, Known& known);
  std::unique_ptr<Machine> power_on_and_boot(FlashModel& flash, const Known& known);
  void judge(FlashModel& flash, const Machine& machine, device::Boot boot, const Known& known);
  void try_revoked_key(Machine& machine);
  void confirm(Machine& machine, Known& known);
  [[nodiscard]] bool complete(const Machine& machine) const;
  void blame(std::size_t& count, const std::string& what);

  const std::vector<Genuine>& releases_;
  const device::DeviceTrust& trust_;
  Model model_;
  Verified verified_;
  std::mt19937 dice_{4711};  // NOLINT(cert-msc32-c,cert-msc51-cpp): the same cuts each time
  Known known_;
  std::size_t target_ = 0;
  std::string where_;
  Tally tally_;
};

/// The device as it is.
[[nodiscard]] Model right_model();

/// The factory's image, three releases by the first key, each above the one before in sequence, the last two in epoch;
/// one by the second key that revokes the first; and one more by the first.
[[nodiscard]] const std::vector<Genuine>& genuine_releases();
[[nodiscard]] const std::vector<Story>& stories();

}  // namespace lamp::firmware::test
