// Production orders as the service sees them: the approved bytes, read again, and every record held against them. A
// station that holds a CA key can make more certificates than were ordered; here is where they stop.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/cloud/factory_batch.hpp"

namespace lamp::quorum {
struct Roster;
}

namespace lamp::cloud {

struct OrderPolicy {
  std::string site;
  Bytes device_authority;        ///< DER; issues devices' certificates
  std::filesystem::path roster;  ///< quorum whose officers approve orders; read anew for each batch
  std::uint64_t approvals = 1;
  /// By order: the authority (DER) that issues certificates for its devices alone, where there is one.
  std::map<std::string, Bytes> order_authorities{};
};

/// The part of an order's canonical form (lamp-order(5)) that admission needs.
struct OrderTerms {
  struct Line {
    std::string model;
    std::uint64_t quantity = 0;
    std::string serial_prefix;
    std::uint64_t serial_first = 0, mac_first = 0;
  };
  std::string id, site, station;
  Instant not_after;
  std::vector<Line> lines;

  /// Throws Error{bad_input} for anything but the canonical form.
  [[nodiscard]] static OrderTerms read(ByteView canonical);
};

/// What speaks against the order itself: its form, its site and station, its approvals as of `at`.
[[nodiscard]] Verdict judge_order(const OrderEvidence& order, const OrderPolicy& policy, const quorum::Roster& roster,
                                  const std::string& station, Instant at);
/// What speaks against a record under an order that holds: serial number, address and date within its terms.
[[nodiscard]] Verdict judge_record(const registry::FactoryRecord& record, const OrderTerms& terms, Instant now);

/// Judges many certificates of one authority. For one thread at a time.
class CertificateJudge {
 public:
  /// `authority` is DER. Throws Error{bad_input} when it is no certificate.
  explicit CertificateJudge(const Bytes& authority);
  CertificateJudge(const CertificateJudge&) = default;
  CertificateJudge& operator=(const CertificateJudge&) = delete;
  ~CertificateJudge();
  /// What speaks against a record's certificate: not the authority's, for another serial number, or no certificate.
  [[nodiscard]] Verdict judge(const registry::FactoryRecord& record) const;

 private:
  struct Authority;
  std::shared_ptr<const Authority> authority_;
};

}  // namespace lamp::cloud
