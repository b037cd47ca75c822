// What became of an order: every unit with its evidence, in one document that the station signs. lamp-report(5).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/store/database.hpp"
#include "manufacturing/lock_proof.hpp"
#include "manufacturing/order.hpp"

namespace lamp::manufacturing {

/// What the station signs it for: the COSE external_aad.
inline constexpr const char* kReportContext = "lamp-report-v1";

struct ReportedUnit {
  struct Step {
    std::string step;
    Instant at{};
    std::string port;
  };
  struct Note {
    std::string by;  ///< who did it, or what the service answered
    Instant at{};
    std::string reason;
  };
  std::string serial, model, chip_id;
  MacAddress mac = MacAddress::from_number(2);
  std::string state;               ///< name_of(UnitState)
  std::string certificate_serial;  ///< empty, as the next two, for a unit that came not so far
  Bytes certificate;               ///< DER
  Bytes block_digest;              ///< of what was written into the device
  std::string lock;                ///< as the device answered; "unproven" while it has not
  std::vector<Step> steps;
  std::uint64_t label_prints = 0;
  std::optional<Instant> label_checked{};  ///< a scan that agreed
  std::optional<Note> answer{};            ///< the service's: "accepted" or "parked"
  std::optional<Note> scrap{};
  std::optional<LockProof> proof{};  ///< what the device signed of its lock

  [[nodiscard]] Bytes fingerprint() const;  ///< SHA-256 of the certificate; empty without one
};

struct OrderReport {
  struct Counts {
    std::uint64_t total = 0, begun = 0, done = 0, scrapped = 0;
    bool operator==(const Counts&) const = default;
  };
  struct Log {
    std::string origin;
    std::uint64_t size = 0;
    Bytes root;
  };
  std::string site, station, program;
  Instant made_at{};
  std::string made_by;           ///< the account that asked for the report
  Bytes order;                   ///< Order::canonical(): what the officers approved
  std::vector<Bytes> approvals;  ///< COSE_Sign1, quorum::kOrderContext
  std::optional<Instant> closed;
  Counts counts;
  std::vector<ReportedUnit> units;  ///< by serial number
  std::optional<Log> log;           ///< the host's log when the report was made
  std::vector<Bytes> issuers;       ///< DER: of the units' certificates and of each other, without the roots

  /// Deterministic CBOR.
  [[nodiscard]] Bytes encoded() const;
  /// Strict. Throws Error{bad_input} naming the unit and field.
  [[nodiscard]] static OrderReport parse(ByteView encoded);
};

/// What is said of a unit's end outside the journal: by whom and why it was scrapped, by serial number.
using ScrapNotes = std::map<std::string, ReportedUnit::Note>;

/// Collects what the journal knows of an order. `made_at`, `made_by`, `program`, `log` and `issuers` are left
/// to the caller.
[[nodiscard]] OrderReport collect_report(store::Transaction& transaction, const Order& order, const ScrapNotes& scraps);

/// What a report contradicts itself in: counts, units twice, a unit that is done without what proves it.
[[nodiscard]] Verdict judge_report(const OrderReport& report);

}  // namespace lamp::manufacturing
