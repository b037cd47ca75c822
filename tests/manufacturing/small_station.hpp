// A line station with software keys and virtual devices on a bench without a cable. Whatever the station does next can
// be made its last act.
#pragma once

#include <botan/ecdh.h>
#include <botan/ecdsa.h>
#include <botan/pk_ops.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cli/sim/usb_dfuse.hpp"
#include "cli/sim/virtual_device.hpp"
#include "lib/pki/authority.hpp"
#include "manufacturing/line.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {

/// What a kill looks like from inside: nothing of ours catches it.
struct Killed {};

/// Counts everything that could be the last thing a process does.
class Fate {
 public:
  void kill_at(std::uint64_t moment) { left_ = moment; }
  void live() { left_.reset(); }
  void moment() {
    if (left_ && (*left_)-- == 0) throw Killed{};
  }

 private:
  std::optional<std::uint64_t> left_;
};

class SmallBench final : public manufacturing::Bench {
 public:
  explicit SmallBench(Fate& fate) : fate_{fate} {}
  void plug_in(const std::string& port, sim::VirtualDevice& device);
  void unplug(const std::string& port);
  std::vector<std::string> occupied_ports() override;
  manufacturing::Plug open(const std::string& port) override;
  std::uint64_t arrival(const std::string& port) override;
  void wait(std::chrono::milliseconds time) override;

  /// Changes what the device says on its way to the station.
  std::function<void(manufacturing::Response&)> falsify = [](manufacturing::Response&) {};
  bool silent_after_reset = false;
  std::chrono::milliseconds waited{0};

 private:
  friend class SmallFixture;
  struct Plugged {
    sim::VirtualDevice* device;
    std::uint64_t arrival;
  };
  Fate& fate_;
  std::recursive_mutex mutex_;  ///< ports are worked on at once, and a device may be unplugged by what it answers
  std::map<std::string, Plugged> devices_;
  std::uint64_t arrivals_ = 0;
};

/// A key as in a token that may be pulled out.
class LosableKey final : public Botan::ECDSA_PublicKey, public Botan::Private_Key {
 public:
  explicit LosableKey(const Botan::ECDSA_PrivateKey& key)
      : Botan::EC_PublicKey{key}, Botan::ECDSA_PublicKey{key}, key_{key} {}
  Botan::secure_vector<std::uint8_t> private_key_bits() const override { return key_.private_key_bits(); }
  std::unique_ptr<Botan::Public_Key> public_key() const override { return key_.public_key(); }
  std::unique_ptr<Botan::PK_Ops::Signature> create_signature_op(Botan::RandomNumberGenerator& rng,
                                                                std::string_view parameters,
                                                                std::string_view provider) const override;
  std::atomic<bool> is_lost = false;

 private:
  Botan::ECDSA_PrivateKey key_;
};

/// A line server without a wire: what it does is durable at the server, and the request or the answer may be lost.
/// Counts its certificates in a database of its own.
class SmallLineServer final : public manufacturing::LineServer {
 public:
  SmallLineServer(Fate& fate, const Clock& clock, const Botan::Private_Key& key, std::vector<Bytes> chain,
                  const manufacturing::Order& order, const std::map<std::string, manufacturing::ModelKit>& kits);
  [[nodiscard]] Bytes enrol(ByteView request) override;
  [[nodiscard]] std::uint64_t certificates_issued();

  /// Called before it does anything: throws what the server or the wire does.
  std::function<void()> before = [] {};
  /// Changes what arrives at the station.
  std::function<void(Bytes&)> falsify = [](Bytes&) {};

 private:
  [[nodiscard]] Bytes issue(const std::string& serial, const Botan::Public_Key& key);

  Fate& fate_;
  const Clock& clock_;
  const manufacturing::Order& order_;
  const std::map<std::string, manufacturing::ModelKit>& kits_;
  TemporaryDirectory folder_;
  store::Database database_{folder_ / "server.db"};
  pki::Authority authority_;
};

class SmallStation {
 public:
  SmallStation();
  /// From now on devices are certified there, and no more by the station's own authority.
  SmallLineServer& use_line_server();
  /// Back to the station's own authority.
  void forget_line_server() { line_server_.reset(); }
  /// A new chip of the model.
  sim::VirtualDevice& new_device(const std::string& model);
  [[nodiscard]] manufacturing::Outcome run(const std::string& port) { return run_on(bench, port); }
  [[nodiscard]] manufacturing::Outcome run_on(manufacturing::Bench& its_bench, const std::string& port);
  /// A new part of a model with the adapter dfuse.
  sim::UsbDfusePart& new_dfuse_part(const std::string& model);
  /// Adds two of a model to the order.
  void order_model(const std::string& model);
  [[nodiscard]] const firmware::DeviceProfile& profile(const std::string& model) { return kits_.at(model).device; }
  [[nodiscard]] manufacturing::Station station();
  [[nodiscard]] std::vector<manufacturing::Unit> units();
  /// What is wrong with the only unit and its device, as an auditor would find; empty when they agree in everything.
  [[nodiscard]] std::vector<std::string> problems() { return problems_of(*devices_.front()); }
  [[nodiscard]] std::vector<std::string> problems_of(sim::VirtualDevice& device);
  [[nodiscard]] std::uint64_t certificates_issued();

  Fate fate;
  SmallBench bench{fate};
  LosableKey issuing_key;
  manufacturing::Order order;

 private:
  void read_kits();
  void make_authority();
  class Listener;
  TemporaryDirectory folder_;
  FixedClock clock_{parse_instant("2026-11-22T13:00:00Z")};
  store::Database database_{folder_ / "state.db"};
  Botan::ECDH_PrivateKey escrow_key_;
  std::unique_ptr<pki::Authority> authority_;
  std::unique_ptr<SmallLineServer> line_server_;
  std::map<std::string, manufacturing::ModelKit> kits_;
  manufacturing::StationTrust trust_;
  std::vector<std::unique_ptr<sim::VirtualDevice>> devices_;
  std::vector<std::unique_ptr<sim::UsbDfusePart>> parts_;
};

}  // namespace lamp::test
