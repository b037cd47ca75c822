// A device's side of hawkBit's Direct Device Integration (DDI) over mutual TLS with the device's own certificate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/cloud/client.hpp"

namespace lamp::sim {

struct Attributes {
  std::string model, serial, version;
  std::uint64_t sequence = 0, epoch = 0;
};

struct Offer {
  std::string action;
  std::string version;
  std::string sha256;  ///< of the artifact, lower-case hex; empty when the service does not say
  std::uint64_t size = 0;
  std::string artifact_path;
};

enum class Progress { proceeding, success, failure };

class DdiClient {
 public:
  /// `url` is the service's https://host:port; `serial` the device's id there.
  DdiClient(const std::string& url, const std::string& serial, cloud::Client client);

  /// The open deployment, if any; acknowledges a cancellation on the way. All calls throw Error{denied} when the
  /// service says no, Error{unavailable} when it does not answer, Error{bad_input} when the answer is not DDI.
  [[nodiscard]] std::optional<Offer> poll();
  void report(const Attributes& attributes);
  void feed_back(const std::string& action, Progress progress, std::string_view detail);
  /// Throws Error{bad_input} when size or hash differ from the offer's.
  [[nodiscard]] Bytes download(const Offer& offer);

 private:
  [[nodiscard]] std::string path_of(const std::string& href) const;
  void post_feedback(const std::string& path, Progress progress, std::string_view detail);

  std::string url_;
  std::string base_;  ///< path of the device's base resource
  cloud::Client client_;
};

}  // namespace lamp::sim
