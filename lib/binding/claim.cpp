#include "lib/binding/claim.hpp"

#include <botan/mac.h>
#include <botan/rng.h>

#include "lib/base/error.hpp"

namespace lamp::binding {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr std::size_t kCodeLength = 16, kSaltSize = 16, kVerifierSize = 32;

Bytes verifier_of(const ClaimCode& code, ByteView salt) {
  return guarded(Errc::internal, [&] {
    const auto mac = Botan::MessageAuthenticationCode::create_or_throw("HMAC(SHA-256)");
    mac->set_key(salt);
    mac->update("lamp-claim-v1");
    mac->update(code.expose_secret());
    return mac->final_stdvec();
  });
}

char as_base32(char c) noexcept {
  if (c >= 'a' && c <= 'z') return static_cast<char>(c - 'a' + 'A');
  if (c == '0') return 'O';
  if (c == '1') return 'I';
  if (c == '8') return 'B';
  return c;
}

}  // namespace

ClaimCode make_claim_code(Botan::RandomNumberGenerator& rng) {
  SecureBytes code;
  code.reserve(kCodeLength);
  for (const auto random : rng.random_vec<SecureBytes>(kCodeLength))
    code.push_back(static_cast<std::uint8_t>(kAlphabet[random & 31U]));
  return ClaimCode{std::move(code)};
}

ClaimCode read_claim_code(std::string_view typed) {
  SecureBytes code;
  code.reserve(kCodeLength);
  for (const char c : typed) {
    if (c == ' ' || c == '-') continue;
    const char letter = as_base32(c);
    if (kAlphabet.find(letter) == std::string_view::npos || code.size() == kCodeLength)
      throw Error{Errc::bad_input, "a claim code is 16 letters and digits, as on the label"};
    code.push_back(static_cast<std::uint8_t>(letter));
  }
  if (code.size() != kCodeLength)
    throw Error{Errc::bad_input, "a claim code is 16 letters and digits, as on the label"};
  return ClaimCode{std::move(code)};
}

ClaimVerifier ClaimVerifier::make(const ClaimCode& code, Botan::RandomNumberGenerator& rng) {
  auto salt = rng.random_vec<Bytes>(kSaltSize);
  auto verifier = verifier_of(code, salt);
  return {std::move(salt), std::move(verifier)};
}

ClaimCheck check(const ClaimCode& code, const ClaimVerifier& verifier) {
  if (verifier.salt.size() != kSaltSize || verifier.verifier.size() != kVerifierSize) return ClaimCheck::wrong;
  return equal_constant_time(verifier_of(code, verifier.salt), verifier.verifier) ? ClaimCheck::right
                                                                                  : ClaimCheck::wrong;
}

}  // namespace lamp::binding
