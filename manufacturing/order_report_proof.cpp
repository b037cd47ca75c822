#include "manufacturing/order_report_proof.hpp"

#include <botan/certstor.h>
#include <botan/x509cert.h>
#include <botan/x509path.h>

#include <array>

#include "lib/pki/certificate.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/path.hpp"

namespace lamp::manufacturing {
namespace {

Finding refuted(std::string why) { return {Standing::refuted, std::move(why)}; }

/// IEEE 802.1AR clause 8.6: the subject names the device by its serialNumber.
bool is_of(const pki::Certificate& certificate, const std::string& serial) {
  return pki::only_value(certificate.tbs.subject_attributes, pki::oid::kSerialNumber) == serial;
}

class Prover {
 public:
  Prover(const OrderReport& report, const std::vector<Bytes>& anchors) : at_{report.made_at} {
    guarded(Errc::bad_input, [&] {
      for (const auto& anchor : anchors) anchors_.add_certificate(Botan::X509_Certificate{anchor});
      for (const auto& issuer : report.issuers) issuers_.emplace_back(issuer);
    });
  }

  UnitFindings prove(const ReportedUnit& unit) {
    if (unit.certificate.empty()) return {unit.serial, {Standing::unproven, "it has none"}, lock_without_key(unit)};
    const auto parts = attempt([&] { return pki::Certificate::parse(unit.certificate); });
    const auto* certificate = std::get_if<pki::Certificate>(&parts);
    if (certificate == nullptr) return {unit.serial, refuted("it cannot be read"), lock_without_key(unit)};
    return {unit.serial, judge_certificate(unit, *certificate), judge_lock(unit, *certificate)};
  }

 private:
  Finding judge_certificate(const ReportedUnit& unit, const pki::Certificate& certificate) {
    if (!is_of(certificate, unit.serial)) return refuted("it is of another serial number");
    const auto path = attempt([&] {
      return guarded(Errc::bad_input, [&] {
        auto chain = issuers_;
        chain.insert(chain.begin(), Botan::X509_Certificate{unit.certificate});
        return pki::validate_path(chain, {&anchors_}, {.at = at_});
      });
    });
    if (std::holds_alternative<Error>(path)) return refuted("it cannot be read");
    const auto& result = std::get<Botan::Path_Validation_Result>(path);
    if (!result.successful_validation()) return refuted("it does not lead to the root: " + result.result_string());
    return {Standing::proven, {}};
  }

  static Finding judge_lock(const ReportedUnit& unit, const pki::Certificate& certificate) {
    if (!unit.proof) return {Standing::unproven, unit.lock};
    const auto verdict = judge_lock_proof(*unit.proof, unit.serial, certificate.tbs.public_key);
    if (!verdict.acceptable()) return refuted(verdict.objections.front());
    return {Standing::proven, {}};
  }

  static Finding lock_without_key(const ReportedUnit& unit) {
    if (!unit.proof) return {Standing::unproven, unit.lock};
    return refuted("there is a signature, and no certificate to check it with");
  }

  Botan::Certificate_Store_In_Memory anchors_;
  std::vector<Botan::X509_Certificate> issuers_;
  Instant at_;
};

}  // namespace

std::string_view name_of(Standing standing) noexcept {
  constexpr std::array<std::string_view, 3> names{"proven", "unproven", "refuted"};
  return names.at(static_cast<std::size_t>(standing));
}

std::vector<UnitFindings> prove_units(const OrderReport& report, const std::vector<Bytes>& anchors) {
  Prover prover{report, anchors};
  std::vector<UnitFindings> all;
  all.reserve(report.units.size());
  for (const auto& unit : report.units) all.push_back(prover.prove(unit));
  return all;
}

Verdict judge_findings(const std::vector<UnitFindings>& findings) {
  Verdict verdict;
  const auto take = [&](const UnitFindings& unit, const char* what, const Finding& finding) {
    if (finding.standing == Standing::refuted)
      verdict.objections.push_back(unit.serial + ": its " + what + ": " + finding.why);
  };
  for (const auto& unit : findings) {
    take(unit, "certificate", unit.certificate);
    take(unit, "lock", unit.lock);
  }
  return verdict;
}

}  // namespace lamp::manufacturing
