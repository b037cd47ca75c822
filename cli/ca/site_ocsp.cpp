#include "cli/ca/site_ocsp.hpp"

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/records.hpp"

namespace lamp::cli {
namespace {

struct KeyPlace {
  std::string token, label;
};

/// Where lamp-ca issue put the signer's key: as its profile says.
KeyPlace key_place(Host& host, const std::string& authority, const std::string& signer, const Bytes& certificate) {
  const auto person = host.site().people.find(signer);
  if (person != host.site().people.end()) return {person->second.token, person->second.key};
  const auto serial = hex(pki::Certificate::parse(certificate).tbs.serial);
  const auto record = open_register(host).read([&](store::Transaction& t) { return pki::find(t, authority, serial); });
  if (!record)
    throw Error{Errc::not_found, "the certificate of OCSP signer " + signer + " is not in this host's register"};
  const auto rule = load_profile(host.site(), record->profile).key;
  return {rule.token, rule.label.expand({{"name", signer}, {"site", host.site().name}})};
}

/// Its own first.
std::vector<Bytes> signer_chain(Host& host, const std::string& authority, const std::string& signer) {
  require_name(signer, "OCSP signer");
  const auto person = host.site().people.find(signer);
  const auto file = person != host.site().people.end()
                        ? person->second.certificate
                        : authority_file(host.site(), authority, "certs/" + signer + ".pem");
  return pki::load_certificates(file);
}

std::unique_ptr<OpenAuthority> open_delegate(Host& host, const std::string& authority, const std::string& signer) {
  auto chain = signer_chain(host, authority, signer);
  const auto place = key_place(host, authority, signer, chain.front());
  auto key =
      in_context("key of OCSP signer " + signer, [&] { return host.token(place.token).signing_key(place.label); });
  pki::Authority delegate{signer, {chain.front()}, *key};
  return std::make_unique<OpenAuthority>(OpenAuthority{std::move(key), std::move(delegate)});
}

}  // namespace

std::string responder_token(Host& host, const std::string& authority, const std::string& signer) {
  if (signer.empty()) return authority_token(host.site(), authority);
  return key_place(host, authority, signer, signer_chain(host, authority, signer).front()).token;
}

OpenResponder open_responder(Host& host, const std::string& authority, const std::string& signer) {
  auto open = signer.empty() ? std::make_unique<OpenAuthority>(open_authority(host, authority))
                             : open_delegate(host, authority, signer);
  const auto own = authority_chain(host.site(), authority).front();
  pki::OcspAuthority responder{authority, own, open->authority};
  return {std::move(open), std::move(responder)};
}

std::vector<pki::OcspAuthority> keyless_responders(const config::Site& site) {
  std::vector<pki::OcspAuthority> all;
  for (const auto& [name, token] : site.authorities)
    if (std::filesystem::exists(authority_file(site, name, "chain.pem")))
      all.emplace_back(name, authority_chain(site, name).front());
  return all;
}

}  // namespace lamp::cli
