#include "lib/pki/certificate.hpp"

#include "lib/pki/est.hpp"
#include "lib/pki/lint.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView input{data, size};
  if (const auto all = fuzz::read([&] { return pki::est::certificates_in(input); }))
    fuzz::require(!all->empty(), "a message without certificates was taken");
  // The linter takes what does not parse as a finding, so it never refuses.
  const auto findings = fuzz::read([&] { return pki::lint_certificate(input, nullptr, nullptr); });
  fuzz::require(findings.has_value(), "the linter gave up");
  const auto certificate = fuzz::read([&] { return pki::Certificate::parse(input); });
  if (!certificate) return 0;
  (void)fuzz::read([&] { return pki::facts_of("fuzz", input); });
  for (const auto& extension : certificate->tbs.extensions) {
    (void)fuzz::read([&] { return pki::general_names(extension.value); });
    (void)fuzz::read([&] { return pki::authority_key_id(extension.value); });
    (void)fuzz::read([&] { return pki::extended_key_usage(extension.value); });
  }
  return 0;
}
