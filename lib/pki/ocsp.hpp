// An OCSP responder (RFC 6960): status from the register, signed on the spot or ahead (RFC 5019).
#pragma once

#include <chrono>
#include <functional>
#include <span>
#include <string>

#include "lib/pki/authority.hpp"
#include "lib/pki/ocsp_message.hpp"

namespace lamp::pki {

/// One authority whose certificates a responder answers for.
class OcspAuthority {
 public:
  /// Hands out only what was signed ahead: no key is needed. `certificate` is the authority's own.
  OcspAuthority(std::string name, ByteView certificate);
  /// Signs as well. `signer` is the authority itself, or a delegate: an Authority made of the certificate of an OCSP
  /// signer (issued by this authority, for OCSPSigning, else Error{denied}) and its key. It must outlive this object.
  OcspAuthority(std::string name, ByteView certificate, const Authority& signer);

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const IssuerId& id() const noexcept { return id_; }
  [[nodiscard]] bool signs() const noexcept { return signer_ != nullptr; }
  /// SHA-1 of the signer's key, by which responses name the responder.
  [[nodiscard]] const Bytes& responder() const noexcept { return responder_; }
  /// The certificate that goes with each response; empty when the authority itself signs.
  [[nodiscard]] const Bytes& delegate() const noexcept { return delegate_; }
  /// After it, no response of this signer counts.
  [[nodiscard]] Instant signer_ends() const noexcept { return signer_ends_; }
  /// Signs and verifies; without the signer's certificate. Throws Error{denied} when the signer has expired.
  [[nodiscard]] Bytes sign(const ResponseData& data, Botan::RandomNumberGenerator& rng) const;

 private:
  std::string name_;
  IssuerId id_;
  const Authority* signer_ = nullptr;
  Bytes responder_, delegate_;
  Instant signer_ends_{};
};

inline constexpr std::chrono::hours kOcspValidity{24};

/// The OCSPResponse (DER) for an OCSPRequest (DER): always an answer, whatever the request: malformedRequest,
/// unauthorized (not our certificate; or nothing signed ahead, without a signer), tryLater (database, token or a
/// response signed ahead not there now). A response signed ahead serves requests for one certificate without a nonce,
/// and those with one when there is no signer. Thread-safe as far as the signers' keys are.
[[nodiscard]] Bytes answer_ocsp(store::Database& database, std::span<const OcspAuthority> authorities, ByteView request,
                                Instant now, Botan::RandomNumberGenerator& rng,
                                std::chrono::seconds validity = kOcspValidity);

struct PresignCount {
  std::uint64_t signed_now = 0, kept = 0;
};

/// Signs a response ahead for each unexpired certificate that has none, whose status changed, or whose response has
/// less than half of `validity` left. Durable after every few hundred: a run that was cut short goes on where it was.
/// Each response holds for CertIDs with SHA-1 and with SHA-256. `progress` is called after each durable part.
PresignCount presign_ocsp(store::Database& database, const OcspAuthority& authority, std::chrono::seconds validity,
                          Instant now, Botan::RandomNumberGenerator& rng,
                          const std::function<void(const PresignCount&)>& progress);

}  // namespace lamp::pki
