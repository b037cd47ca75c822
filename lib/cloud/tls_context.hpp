// Botan's side of TlsContext, for tls_context.cpp and tls_stream.cpp only.
#pragma once

#include <botan/certstor.h>
#include <botan/credentials_manager.h>
#include <botan/tls_policy.h>
#include <botan/x509cert.h>

#include <memory>
#include <string>
#include <vector>

#include "lib/cloud/tls_stream.hpp"

namespace lamp::cloud {

/// One certificate chain and its key, wherever that key lives.
class OneIdentity final : public Botan::Credentials_Manager {
 public:
  OneIdentity(const std::vector<Bytes>& chain, std::shared_ptr<Botan::Private_Key> key,
              const std::vector<Bytes>& accepted);

  std::vector<Botan::Certificate_Store*> trusted_certificate_authorities(const std::string& type,
                                                                         const std::string& context) override;
  std::vector<Botan::X509_Certificate> cert_chain(const std::vector<std::string>& key_types,
                                                  const std::vector<Botan::AlgorithmIdentifier>& schemes,
                                                  const std::string& type, const std::string& context) override;
  std::shared_ptr<Botan::Private_Key> private_key_for(const Botan::X509_Certificate& leaf, const std::string& type,
                                                      const std::string& context) override;

 private:
  std::vector<Botan::X509_Certificate> chain_;
  std::shared_ptr<Botan::Private_Key> key_;
  Botan::Certificate_Store_In_Memory accepted_;
};

class MutualPolicy final : public Botan::TLS::Policy {
 public:
  explicit MutualPolicy(ClientCertificate wanted) noexcept : wanted_{wanted} {}
  bool require_client_certificate_authentication() const override { return wanted_ == ClientCertificate::required; }
  bool request_client_certificate_authentication() const override { return true; }
  bool allow_dtls12() const override { return false; }
  std::vector<std::string> allowed_key_exchange_methods() const override { return {"ECDH"}; }
  /// Resumed sessions would skip the certificate; with kept-alive connections they would save little.
  std::size_t new_session_tickets_upon_handshake_success() const override { return 0; }

 private:
  ClientCertificate wanted_;
};

struct TlsContext::Impl {
  std::shared_ptr<OneIdentity> identity;
  std::shared_ptr<MutualPolicy> policy;
  PeerCheck check;
  std::shared_ptr<Botan::RandomNumberGenerator> rng;
};

}  // namespace lamp::cloud
