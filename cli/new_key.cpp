#include "cli/new_key.hpp"

#include "hsm/token_policy.hpp"

namespace lamp::cli {
namespace {

std::string text(hsm::KeyKind kind) {
  switch (kind) {
    case hsm::KeyKind::p256: return "p256";
    case hsm::KeyKind::p384: return "p384";
    case hsm::KeyKind::rsa3072: return "rsa3072";
    case hsm::KeyKind::rsa4096: return "rsa4096";
  }
  return "";
}

std::string text(hsm::KeyUse use) {
  switch (use) {
    case hsm::KeyUse::sign: return "sign";
    case hsm::KeyUse::sign_with_pin: return "sign-with-pin";
    case hsm::KeyUse::agree: return "agree";
    case hsm::KeyUse::decrypt: return "decrypt";
  }
  return "";
}

}  // namespace

std::vector<std::pair<std::string, std::string>> attest_token(Host& host, const hsm::TokenInfo& token,
                                                              const std::string& role) {
  const auto policy = hsm::TokenPolicy::load(host.site().template_file("policy", "tokens.yaml"));
  const auto site = host.site().demo ? hsm::SiteKind::demo : hsm::SiteKind::real;
  return policy.require(token, role, site).attestation(token);
}

audit::Event make_key(Host& host, const NewKey& key) {
  auto attested = attest_token(host, host.public_token(key.token).info(), key.role);
  host.token(key.token).generate_key(key.kind, key.use, key.label);
  audit::Event event{account_name(), "hsm.key.generate", key.token + "/" + key.label, std::move(attested)};
  event.details.insert(event.details.begin(), {{"kind", text(key.kind)}, {"use", text(key.use)}, {"role", key.role}});
  return event;
}

}  // namespace lamp::cli
