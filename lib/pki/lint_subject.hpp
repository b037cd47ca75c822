// What the rules of a linter look at, and where they put what they find; for lint*.cpp only.
#pragma once

#include <algorithm>
#include <iterator>
#include <utility>
#include <variant>

#include "lib/base/error.hpp"
#include "lib/pki/lint.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki {

struct LintSubject {
  const Tbs& tbs;
  const IssuerFacts* issuer;
  std::vector<Finding>& findings;

  void report(std::string rule, std::string_view field, std::string says) const {
    findings.push_back({std::move(rule), std::string{field}, std::move(says)});
  }
  void say(std::string_view rule, std::string_view field, std::string says) const {
    report("rfc5280." + std::string{rule}, field, std::move(says));
  }
  [[nodiscard]] bool self_issued() const { return std::ranges::equal(tbs.issuer, tbs.subject); }
  [[nodiscard]] BasicConstraints constraints() const {
    const auto* extension = tbs.find(oid::kBasicConstraints);
    return extension == nullptr ? BasicConstraints{} : basic_constraints(extension->value);
  }
};

/// Parsing of an extension's value can fail where the certificate around it was good.
template <class Rules>
void guarded_rules(std::vector<Finding>& findings, std::string_view rule, Rules&& rules) {
  auto result = attempt([&] { return rules(); });
  if (auto* error = std::get_if<Error>(&result)) {
    if (error->code() != Errc::bad_input) throw Error{error->code(), error->what()};
    findings.push_back({std::string{rule}, "certificate", error->what()});
    return;
  }
  auto found = std::get<0>(std::move(result));
  findings.insert(findings.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
}

/// Rules about the algorithm of a signature and its parameters, for certificates and lists.
void lint_algorithm(ByteView algorithm, const IssuerFacts* issuer, std::vector<Finding>& findings);
/// The form of one time (RFC 5280 section 4.1.2.5).
void lint_time(const CertificateTime& time, std::string_view field, std::vector<Finding>& findings);
/// What an extension says of its criticality and how often it is there.
void lint_extension_frame(const std::vector<Extension>& extensions, std::vector<Finding>& findings);
/// Rules of single extensions, and of one against another.
void lint_extensions(const LintSubject& subject);

}  // namespace lamp::pki
