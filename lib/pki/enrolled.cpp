#include "lib/pki/enrolled.hpp"

#include <botan/certstor.h>
#include <botan/x509cert.h>
#include <botan/x509path.h>

#include <algorithm>
#include <optional>

#include "lib/pki/certificate.hpp"
#include "lib/pki/lint.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/path.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

/// How far the clocks of two hosts may be apart.
constexpr std::chrono::minutes kClockTolerance{5};

bool same(ByteView a, ByteView b) { return std::ranges::equal(a, b); }

/// The first extension that only one of them has, or that they have otherwise.
std::optional<std::string> differing_extension(const Tbs& wanted, const Tbs& got) {
  for (const auto& extension : wanted.extensions) {
    const auto* other = got.find(extension.oid);
    if (other == nullptr) return std::string{name_of(extension.oid)} + " is missing";
    if (other->critical != extension.critical || !same(other->value, extension.value))
      return std::string{name_of(extension.oid)} + " says something else";
  }
  for (const auto& extension : got.extensions)
    if (wanted.find(extension.oid) == nullptr) return std::string{name_of(extension.oid)} + " was not asked for";
  return std::nullopt;
}

std::string difference(const Tbs& wanted, const Tbs& got) {
  if (!same(wanted.issuer, got.issuer)) return "it names another issuer";
  if (!same(wanted.subject, got.subject)) return "its subject says something else";
  if (wanted.not_after.text != got.not_after.text)
    return "it ends at " + got.not_after.text + ", not at " + wanted.not_after.text;
  if (auto extension = differing_extension(wanted, got)) return std::move(*extension);
  return "it is encoded otherwise";
}

/// Empty when the certificate is what was wished for.
std::string contradiction(const Certificate& got, const EnrolmentWish& wish) {
  if (!same(got.tbs.public_key, wish.public_key_info)) return "it is for another key";
  const auto begin = got.tbs.not_before.instant();
  if (!begin) return "the time at which it begins is malformed";
  const auto facts = facts_of_chain("issuer", wish.issuer);
  const auto contents = resolve(wish.profile, wish.values, &facts, *begin);
  const auto wanted =
      build_tbs(wish.profile, contents, wish.public_key_info, got.tbs.serial, &facts, facts.signature_algorithm);
  if (!same(wanted, got.tbs_der)) return difference(Tbs::parse(wanted), got.tbs);
  const auto findings = lint_tbs(got.tbs_der, wish.profile, &facts);
  return findings.empty() ? std::string{} : findings.front().field + " " + findings.front().says;
}

/// The time at which the path is judged: a server's clock may be ahead.
Instant moment_for(const Certificate& got, Instant now) {
  const auto begin = got.tbs.not_before.instant();
  return begin && *begin > now && *begin - now <= kClockTolerance ? *begin : now;
}

std::string fault_in_path(ByteView certificate, const EnrolmentWish& wish, Instant at) {
  return guarded(Errc::bad_input, [&] {
    std::vector<Botan::X509_Certificate> chain;
    chain.emplace_back(std::vector<std::uint8_t>{certificate.begin(), certificate.end()});
    for (const auto& issuer : wish.issuer) chain.emplace_back(issuer);
    Botan::Certificate_Store_In_Memory anchors;
    anchors.add_certificate(chain.back());
    const auto result = validate_path(chain, {&anchors}, {.use = PathUse::any, .at = at});
    if (!result.successful_validation()) return "its chain does not hold: " + result.result_string();
    if (result.cert_path().size() < 2 || !(result.cert_path()[1] == chain[1]))
      return std::string{"another authority signed it"};
    return std::string{};
  });
}

}  // namespace

Verdict judge_enrolled(ByteView certificate, const EnrolmentWish& wish, Instant now) {
  const auto judged = attempt([&] {
    const auto got = Certificate::parse(certificate);
    auto why = contradiction(got, wish);
    return why.empty() ? fault_in_path(certificate, wish, moment_for(got, now)) : why;
  });
  if (const auto* error = std::get_if<Error>(&judged)) return {{std::string{"it cannot be judged: "} + error->what()}};
  const auto& why = std::get<std::string>(judged);
  return why.empty() ? Verdict{} : Verdict{{why}};
}

}  // namespace lamp::pki
