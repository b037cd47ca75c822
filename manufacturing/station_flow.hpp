// One device, from whatever state it is in to locked and proven. Every step is durable in the journal before the next
// one touches the device, and every step may be repeated: the same call after a kill at any instant goes on where it
// was.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "lib/audit/record.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/secret.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/profile.hpp"
#include "lib/store/database.hpp"
#include "manufacturing/adapter.hpp"
#include "manufacturing/credentials.hpp"
#include "manufacturing/journal.hpp"
#include "manufacturing/meter.hpp"
#include "manufacturing/order.hpp"

namespace lamp::manufacturing {

/// What the station needs to make devices of one model.
struct ModelKit {
  firmware::DeviceProfile device;
  pki::Profile certificate;
  SymmetricKey kek;
};

/// Certifies the keys of a station that has no authority of its own. Thread-safe.
class LineServer {
 public:
  virtual ~LineServer() = default;
  /// The certificate (DER) for a certificate request (PKCS#10, DER), as it came: nothing of it was checked. The same
  /// request again gives the same certificate, also when an earlier answer was lost. Throws Error{denied} with the
  /// server's reason, Error{unavailable} when it did not answer, Error{bad_input} when its answer is malformed.
  [[nodiscard]] virtual Bytes enrol(ByteView request) = 0;
};

/// Who certifies devices: the authority whose key is in the station's token, or a line server.
using Issuer = std::variant<const pki::Authority*, LineServer*>;

/// Everything that stays the same for a run. Non-owning.
struct Station {
  std::string name;
  std::filesystem::path devices;  ///< folder of certificates and labels
  const Order& order;
  const std::map<std::string, ModelKit>& kits;
  const StationTrust& trust;
  Issuer issuer;
  store::Database& database;
  Clock& clock;
  Botan::RandomNumberGenerator& rng;
};

/// Hears of every step when it has become durable, or when the device has answered.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void step(const std::string& port, const std::string& serial, std::string_view step) = 0;
};

struct Outcome {
  enum class Result {
    good,     ///< done: locked, as the device itself said
    refused,  ///< not a device of this order, or its content contradicts the journal: nothing was changed on it
    stopped,  ///< the line was to stop: left between two steps, for the next run to take up
  };
  Result result = Result::good;
  std::string serial, model;
  std::string reason;  ///< of a refusal
};

/// One device. Flows on different ports may run at once when the station's database, issuer and random numbers may
/// be used so.
class StationFlow {
 public:
  /// When `stop` is requested, a device whose lock was not begun is left between two steps; another one is finished.
  StationFlow(const Station& station, Bench& bench, Watcher& watcher, std::stop_token stop = {});

  /// Throws Error{unavailable} when the device does not answer or is gone, Error{denied} when it refuses or proves
  /// something else than expected. Either leaves a unit that the next call takes up.
  [[nodiscard]] Outcome run(const std::string& port);

  /// After run(), also when it threw.
  [[nodiscard]] const Times& times() const noexcept { return times_; }
  /// Bench::arrival() of the device that was spoken to last.
  [[nodiscard]] std::uint64_t arrival() const noexcept { return bench_.last_arrival(); }
  /// After run() threw Error{unavailable}: whether it was not the device but the station's own journal or token.
  [[nodiscard]] bool failed_at_station() const noexcept { return at_station_; }

 private:
  [[nodiscard]] Outcome work(const std::string& port);
  [[nodiscard]] bool bring_to_proven(Unit& unit, const Part& part, Adapter& adapter);
  [[nodiscard]] Reservation reserve(const Part& part, const std::string& port);
  void make_key(Unit& unit, Adapter& adapter);
  void certify(Unit& unit, Adapter& adapter);
  void issue(Unit& unit, const pki::Authority& authority);
  void enrol(Unit& unit, Adapter& adapter, LineServer& server);
  [[nodiscard]] Bytes request_for(const Unit& unit, Adapter& adapter);
  void keep_certificate(Unit& unit, const Bytes& certificate, const std::function<void(store::Transaction&)>& also);
  void inject(Unit& unit, const Part& part, Adapter& adapter);
  void prove_provisioned(Unit& unit, Adapter& adapter);
  void lock(Unit& unit, Adapter& adapter);
  void await_return(const Unit& unit, Adapter& adapter);
  void prove_locked(Unit& unit, Adapter& adapter, const std::string& evidence);
  void publish_files(const Unit& unit, const UnitCredentials& made);
  void keep(Unit& unit, UnitState state, std::string_view step, const audit::Event& event);
  void tell(const Unit& unit, std::string_view step) { watcher_.step(unit.port, unit.serial, step); }
  [[nodiscard]] audit::Event event(const Unit& unit, std::string_view what,
                                   std::vector<std::pair<std::string, std::string>> details) const;
  [[nodiscard]] const ModelKit& kit(const Unit& unit) const;
  [[nodiscard]] pki::Profile certificate_profile(const Unit& unit) const;
  template <class Act>
  auto write(Act&& act) {
    const Stopwatch watch{times_.journal};
    return at_station([&] { return station_.database.write(std::forward<Act>(act)); });
  }
  template <class Deed>
  auto at_station(Deed&& deed) {
    at_station_ = true;
    if constexpr (std::is_void_v<decltype(deed())>) {
      std::forward<Deed>(deed)();
      at_station_ = false;
    } else {
      auto done = std::forward<Deed>(deed)();
      at_station_ = false;
      return done;
    }
  }

  const Station& station_;
  Times times_;
  MeteredBench bench_;
  Watcher& watcher_;
  std::stop_token stop_;
  bool at_station_ = false;  ///< where it is, and where it was when it threw
  Models models_;
};

}  // namespace lamp::manufacturing
