// What a station hands over: batches of finished units with their orders, and what is done with the service's answers.
#pragma once

#include <string>
#include <vector>

#include "cli/host.hpp"
#include "lib/cloud/client.hpp"
#include "lib/cloud/factory_batch.hpp"

namespace lamp::cli {

/// What a signed file of batches, and one of answers, is signed for.
inline constexpr const char* kRecordsContext = "lamp-records-v1";
inline constexpr const char* kAnswersContext = "lamp-answers-v1";

struct StationBatch {
  std::string station;
  cloud::FactoryBatch content;
  [[nodiscard]] const std::string& last() const { return content.records.back().serial; }
};

/// The next finished units after a serial number, of one station: `wanted`, or that of the first unit.
[[nodiscard]] StationBatch next_batch(store::Database& database, const std::string& wanted, const std::string& after);

/// The station's certificate with its issuers. Throws Error{denied} when it has ended or is not valid yet, saying what
/// to do and that nothing is lost.
[[nodiscard]] std::vector<Bytes> current_certificates(Host& host, const std::string& station);

/// The root that the service's certificate must lead to, whatever else is in a TLS message or file.
[[nodiscard]] Bytes service_anchor(const config::Site& site);
[[nodiscard]] cloud::Client connect_station(Host& host, const std::string& station);

struct SyncTotals {
  std::uint64_t accepted = 0, parked = 0;
  std::vector<cloud::RecordAnswer> refusals;  ///< the parked ones
};
/// Keeps the answers in one transaction, with its audit record.
void keep_answers(Host& host, const std::string& station, const std::vector<cloud::RecordAnswer>& answers,
                  SyncTotals& totals);

}  // namespace lamp::cli
