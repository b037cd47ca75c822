#include "lib/cloud/order_check.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/pkix_types.h>
#include <botan/x509cert.h>

#include <algorithm>
#include <charconv>

#include "lib/base/error.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/p256.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/quorum/approval.hpp"

namespace lamp::cloud {
namespace {

constexpr std::uint64_t kMaxLines = 256;
constexpr std::string_view kSerialNumber = "2.5.4.5";
/// Hosts' clocks differ a little.
constexpr std::chrono::minutes kClockTolerance{5};

OrderTerms::Line read_line(cbor::Reader& in) {
  OrderTerms::Line line;
  in.array(6);
  line.model = in.text();
  line.quantity = in.unsigned_integer();
  static_cast<void>(in.bytes());  // digest of the device profile, which the station checks
  line.serial_prefix = in.text();
  line.serial_first = in.unsigned_integer();
  line.mac_first = in.unsigned_integer();
  return line;
}

void expect_key(cbor::Reader& in, std::int64_t key) {
  if (in.integer() != key) throw Error{Errc::bad_input, "not a production order"};
}

/// The number behind the line's prefix, or nothing when the serial number is not of this line.
std::optional<std::uint64_t> index_of(const std::string& serial, const OrderTerms::Line& line) {
  if (!serial.starts_with(line.serial_prefix)) return std::nullopt;
  std::uint64_t number = 0;
  const char* const end = serial.data() + serial.size();
  const auto [stopped, failed] = std::from_chars(serial.data() + line.serial_prefix.size(), end, number);
  if (failed != std::errc{} || stopped != end || number < line.serial_first) return std::nullopt;
  if (number - line.serial_first >= line.quantity) return std::nullopt;
  return number - line.serial_first;
}

}  // namespace

OrderTerms OrderTerms::read(ByteView canonical) {
  cbor::Reader in{canonical};
  OrderTerms terms;
  if (in.map() != 7) throw Error{Errc::bad_input, "not a production order"};
  expect_key(in, 1);
  terms.id = in.text();
  expect_key(in, 2);
  terms.site = in.text();
  expect_key(in, 3);
  terms.station = in.text();
  expect_key(in, 4);
  static_cast<void>(in.unsigned_integer());
  expect_key(in, 5);
  terms.not_after = from_unix_seconds(in.integer());
  expect_key(in, 6);
  const auto lines = in.array();
  if (lines > kMaxLines) throw Error{Errc::bad_input, "an order with too many lines"};
  for (std::uint64_t i = 0; i < lines; ++i) terms.lines.push_back(read_line(in));
  expect_key(in, 7);
  if (in.bytes().size() != 32) throw Error{Errc::bad_input, "an order whose station's key is no SHA-256 digest"};
  in.end();
  return terms;
}

Verdict judge_order(const OrderEvidence& order, const OrderPolicy& policy, const quorum::Roster& roster,
                    const std::string& station, Instant at) {
  const auto read = attempt([&] { return OrderTerms::read(order.canonical); });
  if (std::holds_alternative<Error>(read)) return {{"order " + order.id + " is malformed"}};
  const auto& terms = std::get<OrderTerms>(read);
  Verdict verdict;
  if (terms.id != order.id) verdict.objections.push_back("the order is called " + terms.id + ", not " + order.id);
  if (terms.site != policy.site) verdict.objections.push_back("the order is for site " + terms.site);
  if (terms.station != station) verdict.objections.push_back("the order is for station " + terms.station);
  const auto tally = quorum::tally(order.approvals, roster, order.canonical, quorum::kOrderContext, at);
  if (!tally.reaches(policy.approvals)) {
    verdict.objections.push_back("order " + order.id + " has " + std::to_string(tally.approved.size()) + " of " +
                                 std::to_string(policy.approvals) + " approvals");
    verdict.objections.insert(verdict.objections.end(), tally.objections.begin(), tally.objections.end());
  }
  return verdict;
}

Verdict judge_record(const registry::FactoryRecord& record, const OrderTerms& terms, Instant now) {
  Verdict verdict;
  if (record.completed_at > terms.not_after) verdict.objections.push_back("made after the order's last day");
  if (record.completed_at > now + kClockTolerance) verdict.objections.push_back("made in the future");
  const auto line = std::find_if(terms.lines.begin(), terms.lines.end(),
                                 [&](const auto& candidate) { return candidate.model == record.model; });
  if (line == terms.lines.end()) {
    verdict.objections.push_back("the order is not for model " + record.model);
    return verdict;
  }
  if (!index_of(record.serial, *line)) verdict.objections.push_back("serial number outside the order's range");
  const auto mac = record.mac.number();
  if (mac < line->mac_first || mac - line->mac_first >= line->quantity)
    verdict.objections.push_back("MAC address " + record.mac.text() + " outside the order's range");
  return verdict;
}

/// Taken apart and made ready once. A P-256 key goes the fast way.
struct CertificateJudge::Authority {
  Bytes subject;  ///< the whole Name
  std::unique_ptr<Botan::Public_Key> key;
  std::optional<crypto::P256Verifier> p256;

  [[nodiscard]] bool signed_it(const Bytes& whole, const pki::Certificate& leaf) const {
    static const Bytes kEcdsaSha256 = from_hex("300a06082a8648ce3d040302");
    const bool same = std::ranges::equal(leaf.signature_algorithm, leaf.tbs.signature_algorithm);
    if (p256 && same && std::ranges::equal(leaf.signature_algorithm, kEcdsaSha256)) {
      const auto digest = Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(leaf.tbs_der);
      return p256->accepts(digest, leaf.signature, crypto::SignatureForm::der);
    }
    return guarded(Errc::bad_input, [&] { return Botan::X509_Certificate{whole}.check_signature(*key); });
  }
};

CertificateJudge::CertificateJudge(const Bytes& authority) {
  auto made = std::make_shared<Authority>();
  guarded(Errc::bad_input, [&] {
    const Botan::X509_Certificate certificate{authority};
    const auto parts = pki::Certificate::parse(authority);
    made->subject.assign(parts.tbs.subject.begin(), parts.tbs.subject.end());
    made->key = certificate.subject_public_key();
    if (const auto point = crypto::p256_point(*made->key)) made->p256.emplace(*point);
  });
  authority_ = std::move(made);
}

CertificateJudge::~CertificateJudge() = default;

Verdict CertificateJudge::judge(const registry::FactoryRecord& record) const {
  const auto judged = attempt([&]() -> Verdict {
    const auto leaf = pki::Certificate::parse(record.certificate);
    Verdict verdict;
    if (!std::ranges::equal(leaf.tbs.issuer, authority_->subject) || !authority_->signed_it(record.certificate, leaf))
      verdict.objections.emplace_back("the certificate was not issued by the device authority");
    std::vector<std::string> serials;
    for (const auto& attribute : leaf.tbs.subject_attributes)
      if (attribute.oid == kSerialNumber) serials.push_back(attribute.text);
    if (serials.size() != 1 || serials.front() != record.serial)
      verdict.objections.emplace_back("the certificate is for another serial number");
    return verdict;
  });
  if (std::holds_alternative<Error>(judged)) return {{"the certificate cannot be read"}};
  return std::get<Verdict>(judged);
}

}  // namespace lamp::cloud
