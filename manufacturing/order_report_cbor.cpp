// A report's form on disk.
#include "lib/crypto/cbor.hpp"
#include "manufacturing/order_report.hpp"

namespace lamp::manufacturing {
namespace {

constexpr std::uint64_t kReportVersion = 1, kMostUnits = 1'000'000, kMostSteps = 100'000, kMostApprovals = 64,
                        kMostIssuers = 64;
constexpr std::size_t kLockSignatureSize = 64;

cbor::Writer instant_item(Instant at) { return std::move(cbor::Writer{}.integer(unix_seconds(at))); }

cbor::Writer instant_or_null(const std::optional<Instant>& at) {
  return at ? instant_item(*at) : std::move(cbor::Writer{}.null());
}

cbor::Writer note_item(const std::optional<ReportedUnit::Note>& note) {
  if (!note) return std::move(cbor::Writer{}.null());
  return std::move(cbor::Writer{}.array(3).text(note->by).integer(unix_seconds(note->at)).text(note->reason));
}

cbor::Writer proof_item(const std::optional<LockProof>& proof) {
  if (!proof) return std::move(cbor::Writer{}.null());
  return std::move(cbor::Writer{}
                       .array(4)
                       .bytes(proof->nonce)
                       .unsigned_integer(static_cast<std::uint8_t>(proof->state))
                       .unsigned_integer(static_cast<std::uint8_t>(proof->debug_port))
                       .bytes(proof->signature));
}

Bytes unit_item(const ReportedUnit& unit) {
  cbor::Writer steps;
  steps.array(unit.steps.size());
  for (const auto& step : unit.steps) steps.array(3).text(step.step).integer(unix_seconds(step.at)).text(step.port);
  return cbor::MapWriter{}
      .add(1, cbor::text_item(unit.serial))
      .add(2, cbor::text_item(unit.model))
      .add(3, cbor::number_item(unit.mac.number()))
      .add(4, cbor::text_item(unit.chip_id))
      .add(5, cbor::text_item(unit.state))
      .add(6, cbor::text_item(unit.certificate_serial))
      .add(7, cbor::bytes_item(unit.certificate))
      .add(8, cbor::bytes_item(unit.block_digest))
      .add(9, cbor::text_item(unit.lock))
      .add(10, std::move(steps))
      .add(11, cbor::number_item(unit.label_prints))
      .add(12, instant_or_null(unit.label_checked))
      .add(13, note_item(unit.answer))
      .add(14, note_item(unit.scrap))
      .add(15, proof_item(unit.proof))
      .encoded();
}

/// Reads a map whose keys are 1 to n, all of them.
class NumberedMap {
 public:
  NumberedMap(ByteView item, std::uint64_t fields) : in_{item} {
    if (in_.map() != fields) throw Error{Errc::bad_input, "other fields than a report has"};
  }
  cbor::Reader& field() {
    if (in_.integer() != ++key_) throw Error{Errc::bad_input, "field " + std::to_string(key_) + " is missing"};
    return in_;
  }
  std::string text() { return std::string{field().text()}; }
  Bytes bytes() { return copy(field().bytes()); }
  Instant instant() { return from_unix_seconds(field().integer()); }
  std::optional<Instant> instant_or_none() {
    if (field().null()) return std::nullopt;
    return from_unix_seconds(in_.integer());
  }
  std::optional<ReportedUnit::Note> note() {
    if (field().null()) return std::nullopt;
    in_.array(3);
    ReportedUnit::Note note;
    note.by = in_.text();
    note.at = from_unix_seconds(in_.integer());
    note.reason = in_.text();
    return note;
  }
  std::optional<LockProof> proof() {
    if (field().null()) return std::nullopt;
    in_.array(4);
    LockProof proof;
    proof.nonce = sized(kNonceSize);
    proof.state = static_cast<Lifecycle>(at_most(static_cast<std::uint64_t>(Lifecycle::locked)));
    proof.debug_port = static_cast<DebugPort>(at_most(static_cast<std::uint64_t>(DebugPort::locked)));
    proof.signature = sized(kLockSignatureSize);
    return proof;
  }
  std::uint64_t list(std::uint64_t most) {
    const auto count = field().array();
    if (count > most) throw Error{Errc::bad_input, "field " + std::to_string(key_) + " is too long"};
    return count;
  }
  cbor::Reader& rest() noexcept { return in_; }
  [[nodiscard]] std::vector<Bytes> byte_strings(std::uint64_t most) {
    std::vector<Bytes> all;
    for (auto left = list(most); left > 0; --left) all.push_back(copy(in_.bytes()));
    return all;
  }
  static Bytes copy(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

 private:
  Bytes sized(std::size_t exactly) {
    auto value = copy(in_.bytes());
    if (value.size() != exactly)
      throw Error{Errc::bad_input, "field " + std::to_string(key_) + " has a part of the wrong size"};
    return value;
  }
  std::uint64_t at_most(std::uint64_t high) {
    const auto value = in_.unsigned_integer();
    if (value > high) throw Error{Errc::bad_input, "field " + std::to_string(key_) + " is out of range"};
    return value;
  }
  cbor::Reader in_;
  std::int64_t key_ = 0;
};

ReportedUnit read_unit(ByteView item) {
  NumberedMap map{item, 15};
  ReportedUnit unit;
  unit.serial = map.text();
  unit.model = map.text();
  unit.mac = MacAddress::from_number(map.field().unsigned_integer());
  unit.chip_id = map.text();
  unit.state = map.text();
  unit.certificate_serial = map.text();
  unit.certificate = map.bytes();
  unit.block_digest = map.bytes();
  if (!unit.block_digest.empty() && unit.block_digest.size() != 32)
    throw Error{Errc::bad_input, "digest of the block is not 32 bytes"};
  unit.lock = map.text();
  for (auto left = map.list(kMostSteps); left > 0; --left) {
    map.rest().array(3);
    ReportedUnit::Step step;
    step.step = map.rest().text();
    step.at = from_unix_seconds(map.rest().integer());
    step.port = map.rest().text();
    unit.steps.push_back(std::move(step));
  }
  unit.label_prints = map.field().unsigned_integer();
  unit.label_checked = map.instant_or_none();
  unit.answer = map.note();
  unit.scrap = map.note();
  unit.proof = map.proof();
  map.rest().end();
  return unit;
}

OrderReport read_report(ByteView encoded) {
  NumberedMap map{encoded, 13};
  if (map.field().unsigned_integer() != kReportVersion)
    throw Error{Errc::bad_input, "a report of another version than 1"};
  OrderReport report;
  report.site = map.text();
  report.station = map.text();
  report.program = map.text();
  report.made_at = map.instant();
  report.made_by = map.text();
  report.order = map.bytes();
  report.approvals = map.byte_strings(kMostApprovals);
  report.closed = map.instant_or_none();
  map.field().array(4);
  auto& counts = report.counts;
  for (auto* count : {&counts.total, &counts.begun, &counts.done, &counts.scrapped})
    *count = map.rest().unsigned_integer();
  const auto units = map.list(kMostUnits);
  for (std::uint64_t i = 0; i < units; ++i)
    in_context("unit " + std::to_string(i + 1), [&] { report.units.push_back(read_unit(map.rest().item())); });
  if (!map.field().null()) {
    map.rest().array(3);
    OrderReport::Log log;
    log.origin = map.rest().text();
    log.size = map.rest().unsigned_integer();
    log.root = NumberedMap::copy(map.rest().bytes());
    report.log = std::move(log);
  }
  report.issuers = map.byte_strings(kMostIssuers);
  map.rest().end();
  return report;
}

}  // namespace

Bytes OrderReport::encoded() const {
  cbor::Writer approved, made, logged, counted, issued;
  approved.array(approvals.size());
  for (const auto& approval : approvals) approved.bytes(approval);
  made.array(units.size());
  for (const auto& unit : units) made.raw(unit_item(unit));
  if (log)
    logged.array(3).text(log->origin).unsigned_integer(log->size).bytes(log->root);
  else
    logged.null();
  issued.array(issuers.size());
  for (const auto& issuer : issuers) issued.bytes(issuer);
  counted.array(4);
  for (const auto count : {counts.total, counts.begun, counts.done, counts.scrapped}) counted.unsigned_integer(count);
  return cbor::MapWriter{}
      .add(1, cbor::number_item(kReportVersion))
      .add(2, cbor::text_item(site))
      .add(3, cbor::text_item(station))
      .add(4, cbor::text_item(program))
      .add(5, instant_item(made_at))
      .add(6, cbor::text_item(made_by))
      .add(7, cbor::bytes_item(order))
      .add(8, std::move(approved))
      .add(9, instant_or_null(closed))
      .add(10, std::move(counted))
      .add(11, std::move(made))
      .add(12, std::move(logged))
      .add(13, std::move(issued))
      .encoded();
}

OrderReport OrderReport::parse(ByteView encoded) {
  return in_context("report", [&] { return read_report(encoded); });
}

}  // namespace lamp::manufacturing
