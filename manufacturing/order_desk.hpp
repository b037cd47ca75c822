// Orders that this host certifies for stations without an authority of their own: they lie, approved, in
// factory/<station>/orders/, and what a station asks for counts against them in the issuing transaction.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "lib/pki/enrolment.hpp"
#include "manufacturing/order.hpp"

namespace lamp::manufacturing {

class OrderDesk final : public pki::ProductionGate {
 public:
  /// What this host has of a model.
  struct Model {
    Bytes profile;                    ///< firmware::DeviceProfile::digest
    std::string certificate_profile;  ///< of its IDevID
    std::string hardware_type;        ///< firmware::DeviceProfile::hardware_type
  };
  struct Rules {
    std::string site;
    std::uint64_t approvals = 1;
    std::filesystem::path factory;                                  ///< folder with one folder for each station
    std::function<quorum::Roster()> roster;                         ///< read anew for each request
    std::function<std::optional<Model>(const std::string&)> model;  ///< nothing for one that this host does not know
  };
  explicit OrderDesk(Rules rules) : rules_{std::move(rules)} {}

  [[nodiscard]] Permit take(store::Transaction& transaction, const Station& station, const std::string& serial,
                            const std::string& key, Instant now) override;

 private:
  struct Kept {
    std::filesystem::file_time_type written{};
    Order order;
  };
  [[nodiscard]] const Order& read(const std::filesystem::path& file);
  [[nodiscard]] Order order_for(const std::string& station, const std::string& serial);
  void require_approved(store::Transaction& transaction, const Order& order, const Station& station, Instant now);

  Rules rules_;
  std::mutex mutex_;
  std::map<std::filesystem::path, Kept> kept_;  ///< orders by file, for as long as it stays the same
};

}  // namespace lamp::manufacturing
