// Puts a station together from its site: order, trust, model keys, issuing authority. Everything that can refuse does
// so here, before a device is touched.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "cli/host.hpp"
#include "manufacturing/station_flow.hpp"

namespace lamp::cli {

class StationSetup {
 public:
  /// Brings the tables up to date and reads the rosters. Logs in to nothing.
  StationSetup(Host& host, manufacturing::Order order, std::string station);
  StationSetup(const StationSetup&) = delete;
  StationSetup& operator=(const StationSetup&) = delete;

  /// What stands against the order.
  [[nodiscard]] Verdict judge() const;
  /// Opens the station's token, unwraps the model keys and keeps the order in the journal.
  void open();
  /// After open(). Lives as long as this object.
  [[nodiscard]] manufacturing::Station station();
  [[nodiscard]] const manufacturing::Order& order() const noexcept { return order_; }

 private:
  void read_kits();
  void read_trust(const std::vector<Bytes>& issuer_chain);
  [[nodiscard]] std::string authority_name() const;
  /// Opens what certifies devices; gives the certificates of the authority that signs them.
  [[nodiscard]] std::vector<Bytes> open_issuer();

  Host& host_;
  manufacturing::Order order_;
  std::string station_;
  quorum::Roster order_roster_, release_roster_;
  std::map<std::string, manufacturing::ModelKit> kits_;
  manufacturing::StationTrust trust_;
  std::shared_ptr<Botan::Private_Key> issuing_key_;
  std::unique_ptr<pki::Authority> authority_;               ///< in the station's token, or
  std::unique_ptr<manufacturing::LineServer> line_server_;  ///< in its place
};

}  // namespace lamp::cli
