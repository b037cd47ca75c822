#include "lib/cloud/tls_context.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>

#include <algorithm>

#include "lib/base/error.hpp"

namespace lamp::cloud {

OneIdentity::OneIdentity(const std::vector<Bytes>& chain, std::shared_ptr<Botan::Private_Key> key,
                         const std::vector<Bytes>& accepted)
    : key_{std::move(key)} {
  for (const auto& der : chain) chain_.emplace_back(der);
  for (const auto& der : accepted) accepted_.add_certificate(Botan::X509_Certificate{der});
  if (chain_.empty()) throw Error{Errc::bad_input, "no certificate for TLS"};
  if (key_ == nullptr || chain_.front().subject_public_key_info() != key_->subject_public_key())
    throw Error{Errc::bad_input,
                "the certificate " + chain_.front().subject_dn().to_string() + " belongs to another key"};
}

std::vector<Botan::Certificate_Store*> OneIdentity::trusted_certificate_authorities(const std::string& type,
                                                                                    const std::string& /*context*/) {
  if (type != "tls-server") return {};
  return {&accepted_};
}

std::vector<Botan::X509_Certificate> OneIdentity::cert_chain(const std::vector<std::string>& key_types,
                                                             const std::vector<Botan::AlgorithmIdentifier>& /*schemes*/,
                                                             const std::string& /*type*/,
                                                             const std::string& /*context*/) {
  const bool wanted = std::find(key_types.begin(), key_types.end(), key_->algo_name()) != key_types.end();
  return wanted ? chain_ : std::vector<Botan::X509_Certificate>{};
}

std::shared_ptr<Botan::Private_Key> OneIdentity::private_key_for(const Botan::X509_Certificate& leaf,
                                                                 const std::string& /*type*/,
                                                                 const std::string& /*context*/) {
  return leaf == chain_.front() ? key_ : nullptr;
}

TlsContext::TlsContext(const std::vector<Bytes>& chain, std::shared_ptr<Botan::Private_Key> key,
                       const std::vector<Bytes>& accepted, PeerCheck check,
                       std::shared_ptr<Botan::RandomNumberGenerator> rng, ClientCertificate wanted)
    : impl_{guarded(Errc::bad_input, [&] {
        return std::make_shared<Impl>(Impl{std::make_shared<OneIdentity>(chain, std::move(key), accepted),
                                           std::make_shared<MutualPolicy>(wanted), std::move(check), std::move(rng)});
      })} {}

}  // namespace lamp::cloud
