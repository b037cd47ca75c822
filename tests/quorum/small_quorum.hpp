// A quorum of three officers with software keys, of which two are enough.
#pragma once

#include <botan/ecdh.h>
#include <botan/ecdsa.h>
#include <botan/system_rng.h>
#include <botan/x509_key.h>
#include <botan/x509self.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hsm/custody.hpp"
#include "hsm/hybrid.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::test {

inline Botan::ECDSA_PrivateKey make_p256() {
  return Botan::ECDSA_PrivateKey{Botan::system_rng(), Botan::EC_Group::from_name("secp256r1")};
}

inline Bytes certify(const Botan::Private_Key& key, const std::string& name) {
  Botan::X509_Cert_Options options{name, 365 * 24 * 3600};
  return Botan::X509::create_self_signed_cert(options, key, "SHA-256", Botan::system_rng()).BER_encode();
}

struct SmallQuorum {
  SmallQuorum() {
    roster.name = "release";
    roster.threshold = 2;
    roster.token_label = "release";
    roster.token_serial = "0123456789abcdef";
    roster.release_key = Botan::X509::BER_encode(release);
    roster.custody_key = Botan::X509::BER_encode(custody);
    for (const char* name : {"officer-1", "officer-2", "officer-3"}) {
      approval_keys.push_back(make_p256());
      share_keys.emplace_back(Botan::system_rng(), Botan::EC_Group::from_name("secp256r1"));
      quorum::Officer officer;
      officer.name = name;
      officer.certificate = certify(approval_keys.back(), name);
      officer.share_point = share_keys.back().public_value();
      roster.officers.push_back(officer);
    }
    shares = hsm::deal(pin, roster.threshold, roster.officers.size(), Botan::system_rng());
    sign();
    deal_again(1);
  }

  /// As a first roster is: by the custody key and each officer.
  void sign() {
    roster.signatures = {signature_by(custody)};
    for (const auto& key : approval_keys) roster.signatures.push_back(signature_by(key));
  }
  [[nodiscard]] Bytes signature_by(const Botan::Private_Key& key) const {
    return cose::sign1(key, Botan::system_rng(), roster.canonical(), quorum::kRosterContext);
  }

  /// Beside the release key one of ML-DSA-87, dealt to the same officers.
  void add_hybrid_key() {
    hybrid = quorum::make_hybrid_key(Botan::system_rng());
    roster.hybrid_key = hybrid->subject_public_key();
    sign();
    hybrid_deal = hsm::deal_hybrid_key(*hybrid, roster, 1, Botan::system_rng());
    deal_again(1);
  }

  void deal_again(std::uint64_t number) {
    dealing = hsm::seal_shares(roster, number, shares, Botan::system_rng());
    if (hybrid_deal) dealing.hybrid = hybrid_deal->dealt;
    dealing.sign(custody, Botan::system_rng());
  }

  Botan::ECDSA_PrivateKey release = make_p256();
  Botan::ECDSA_PrivateKey custody = make_p256();
  std::vector<Botan::ECDSA_PrivateKey> approval_keys;
  std::vector<Botan::ECDH_PrivateKey> share_keys;
  Pin pin = hsm::random_pin(Botan::system_rng());
  std::vector<Share> shares;
  quorum::Roster roster;
  quorum::Dealing dealing;
  std::unique_ptr<Botan::Private_Key> hybrid;  ///< what nobody keeps: here for tests to compare with
  std::optional<hsm::HybridDeal> hybrid_deal;
};

/// Making one takes key pairs and three certificates, so tests that only read share it.
inline const SmallQuorum& small_quorum() {
  static const SmallQuorum quorum;
  return quorum;
}

}  // namespace lamp::test
