#include "tests/cloud/test_pki.hpp"

#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/pkcs8.h>
#include <botan/pubkey.h>
#include <botan/system_rng.h>
#include <botan/x509_ca.h>
#include <botan/x509_crl.h>
#include <botan/x509_ext.h>

#include "lib/base/clock.hpp"
#include "lib/base/file.hpp"

namespace lamp::test {
namespace {

namespace ext = Botan::Cert_Extension;

constexpr const char* kHash = "SHA-256";

std::shared_ptr<Botan::ECDSA_PrivateKey> make_key() {
  return std::make_shared<Botan::ECDSA_PrivateKey>(Botan::system_rng(), Botan::EC_Group::from_name("secp256r1"));
}

Botan::X509_Time from() { return Botan::X509_Time{"20200101000000Z", Botan::ASN1_Type::GeneralizedTime}; }
Botan::X509_Time until() { return Botan::X509_Time{"99991231235959Z", Botan::ASN1_Type::GeneralizedTime}; }

Botan::X509_DN name_of(const Subject& subject) {
  Botan::X509_DN name;
  const auto add = [&](const char* what, const std::string& text) {
    if (!text.empty()) name.add_attribute(what, text);
  };
  add("X520.CommonName", subject.name);
  add("X520.OrganizationalUnit", subject.unit);
  add("X520.SerialNumber", subject.serial);
  return name;
}

Botan::Extensions authority_extensions() {
  Botan::Extensions extensions;
  extensions.add(std::make_unique<ext::Basic_Constraints>(true, 2), true);
  extensions.add(std::make_unique<ext::Key_Usage>(
                     Botan::Key_Constraints{Botan::Key_Constraints::KeyCertSign | Botan::Key_Constraints::CrlSign}),
                 true);
  return extensions;
}

Botan::Extensions leaf_extensions(const Subject& subject) {
  Botan::Extensions extensions;
  extensions.add(std::make_unique<ext::Basic_Constraints>(false), true);
  extensions.add(std::make_unique<ext::Key_Usage>(Botan::Key_Constraints{Botan::Key_Constraints::DigitalSignature}),
                 true);
  extensions.add(
      std::make_unique<ext::Extended_Key_Usage>(std::vector<Botan::OID>{Botan::OID::from_string(subject.usage)}));
  if (!subject.host.empty()) {
    Botan::AlternativeName names;
    names.add_dns(subject.host);
    extensions.add(std::make_unique<ext::Subject_Alternative_Name>(names));
  }
  return extensions;
}

Bytes sign(const Botan::Private_Key& issuer_key, const Botan::X509_DN& issuer, const Botan::X509_DN& subject,
           const Botan::Public_Key& key, const Botan::Extensions& extensions) {
  Botan::PK_Signer signer{issuer_key, Botan::system_rng(), kHash, Botan::Signature_Format::DerSequence};
  return Botan::X509_CA::make_cert(signer, Botan::system_rng(), signer.algorithm_identifier(), key.subject_public_key(),
                                   from(), until(), issuer, subject, extensions)
      .BER_encode();
}

std::string pem_of(const Bytes& certificate) { return Botan::X509_Certificate{certificate}.PEM_encode(); }

}  // namespace

struct TestAuthority::Impl {
  std::shared_ptr<Botan::ECDSA_PrivateKey> key = make_key();
  Bytes certificate;
  bool root = true;

  [[nodiscard]] Botan::X509_DN name() const { return Botan::X509_Certificate{certificate}.subject_dn(); }
  [[nodiscard]] Botan::X509_CA authority() const {
    return Botan::X509_CA{Botan::X509_Certificate{certificate}, *key, kHash, Botan::system_rng()};
  }
};

TestAuthority::TestAuthority(const std::string& name) : impl_{std::make_unique<Impl>()} {
  const auto own = name_of({.name = name});
  impl_->certificate = sign(*impl_->key, own, own, *impl_->key, authority_extensions());
}

TestAuthority::TestAuthority(const std::string& name, const TestAuthority& issuer) : impl_{std::make_unique<Impl>()} {
  impl_->certificate =
      sign(*issuer.impl_->key, issuer.impl_->name(), name_of({.name = name}), *impl_->key, authority_extensions());
  impl_->root = false;
}

TestAuthority::TestAuthority(TestAuthority&&) noexcept = default;
TestAuthority::~TestAuthority() = default;

const Bytes& TestAuthority::certificate() const noexcept { return impl_->certificate; }

cloud::Identity TestAuthority::issue(const Subject& subject) const {
  const auto key = make_key();
  cloud::Identity identity{{sign(*impl_->key, impl_->name(), name_of(subject), *key, leaf_extensions(subject))}, key};
  if (!impl_->root) identity.chain.push_back(impl_->certificate);
  return identity;
}

void TestAuthority::write_crl(const std::filesystem::path& file, const std::vector<Bytes>& revoked) const {
  const auto authority = impl_->authority();
  const auto issued = parse_instant("2026-01-01T00:00:00Z");
  std::vector<Botan::CRL_Entry> entries;
  for (const auto& der : revoked) entries.emplace_back(Botan::X509_Certificate{der});
  const auto empty = authority.new_crl(Botan::system_rng(), issued, std::chrono::hours{24 * 36500});
  const auto list = authority.update_crl(empty, entries, Botan::system_rng(), issued, std::chrono::hours{24 * 36500});
  publish(file, ByteView{list.BER_encode()});
}

void write_pem(const std::filesystem::path& directory, const std::string& name, const cloud::Identity& identity) {
  std::string chain;
  for (const auto& der : identity.chain) chain += pem_of(der);
  publish(directory / (name + ".pem"), chain);
  publish(directory / (name + ".key"), Botan::PKCS8::PEM_encode(*identity.key), Mode::secret);
}

void write_pem(const std::filesystem::path& file, const Bytes& certificate) { publish(file, pem_of(certificate)); }

}  // namespace lamp::test
