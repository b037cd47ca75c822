// An X.509 authority: reserve, lint, sign, commit. A serial number and the to-be-signed bytes are durable before a key
// signs them, so that after a crash every signature that might exist is known.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/pki/profile.hpp"
#include "lib/store/database.hpp"

namespace Botan {
class Private_Key;
class Public_Key;
class RandomNumberGenerator;
class X509_Certificate;
}  // namespace Botan

namespace lamp::pki {

struct IssuerFacts;

/// A certificate before its signature.
struct Reserved {
  std::string serial;  ///< certificate serial number, hex
  Bytes tbs;           ///< DER TBSCertificate, linted
};

[[nodiscard]] const store::Schema& schema();

class Authority {
 public:
  /// `chain` is the authority's own certificate, then its issuers up to the root (DER). The key must be that of
  /// chain.front(): Error{denied}. The key must outlive the authority.
  Authority(std::string name, std::vector<Bytes> chain, const Botan::Private_Key& key);
  /// An authority that has no certificate yet and may reserve exactly one: its own, self-signed.
  [[nodiscard]] static Authority self_signed(std::string name, const Botan::Private_Key& key);
  Authority(Authority&&) noexcept;
  ~Authority();

  [[nodiscard]] const std::string& name() const noexcept;
  [[nodiscard]] const std::vector<Bytes>& chain() const noexcept;

  /// Builds and lints the TBSCertificate and records it as reserved. Lint findings are Error{denied}. When `order` is
  /// given it is kept with the certificate for `list` and revocation by order. The same request again before its commit
  /// gives the same reservation, byte for byte, also after a crash; after its commit it is Error{exists}. A key or
  /// identity that another unexpired certificate of this authority holds, or a revoked key, is Error{denied} with the
  /// difference.
  [[nodiscard]] Reserved reserve(store::Transaction& transaction, const Profile& profile, const Subject& subject,
                                 const Botan::Public_Key& key, Instant now, Botan::RandomNumberGenerator& rng,
                                 const std::string& order = {}) const;
  /// Signs and verifies what was signed; gives the certificate (DER). Touches no database.
  [[nodiscard]] Bytes sign(const Reserved& reserved, Botan::RandomNumberGenerator& rng) const;
  /// Records the certificate as issued. Calling it again with the same bytes changes nothing; other bytes for the same
  /// serial are Error{denied}.
  void commit(store::Transaction& transaction, const Reserved& reserved, ByteView certificate, Instant now) const;

  /// What its certificate says; null for an authority that is to sign itself.
  [[nodiscard]] const IssuerFacts* facts() const noexcept;
  /// Signs and verifies a TBSCertList (crl.hpp) or another structure that names its own algorithm.
  [[nodiscard]] Bytes sign_list(ByteView to_be_signed, Botan::RandomNumberGenerator& rng) const;

 private:
  Authority();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Loads ca/<name>/chain.pem. Error{not_found} says to run `lamp-ca create` first.
[[nodiscard]] std::vector<Bytes> load_chain(const std::filesystem::path& pem_file);
/// The certificates of a PEM file in order, or the one of a DER file. Throws Error{not_found}, Error{bad_input}.
[[nodiscard]] std::vector<Bytes> load_certificates(const std::filesystem::path& file);
/// The certificates or revocation lists of a PEM file, or the one of a DER file, as they are: for a linter to judge.
/// Throws Error{not_found}, Error{bad_input} when there is none.
[[nodiscard]] std::vector<Bytes> load_signed(const std::filesystem::path& file);
/// The certificates of a PEM text. Throws Error{bad_input} for a broken one.
[[nodiscard]] std::vector<Bytes> certificates_in_pem(const std::string& text);
[[nodiscard]] std::string to_pem(const std::vector<Bytes>& certificates);

}  // namespace lamp::pki
