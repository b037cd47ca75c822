// A station's line server: `lamp-ca serve`, or another server for enrolment over secure transport (RFC 7030), asked
// with the station's certificate.
#pragma once

#include <mutex>
#include <string>

#include "cli/host.hpp"
#include "lib/cloud/client.hpp"
#include "manufacturing/station_flow.hpp"

namespace lamp::cli {

class EstLineServer final : public manufacturing::LineServer {
 public:
  /// `plan` and `host` must outlive it. Connects at the first request. Throws Error{denied} when the station's
  /// certificate has ended, saying what to do.
  EstLineServer(Host& host, const std::string& station, const config::LineServer& plan);

  [[nodiscard]] Bytes enrol(ByteView request) override;

 private:
  [[nodiscard]] cloud::Response ask(const std::string& body);
  [[nodiscard]] Bytes certificate_in(const cloud::Response& response) const;

  const config::LineServer& plan_;
  std::string path_;
  std::mutex one_at_a_time_;  ///< the connection is shared by the ports
  cloud::Client client_;
};

}  // namespace lamp::cli
