#include "cli/service_session.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>
#include <botan/x509cert.h>

#include "lib/base/error.hpp"
#include "lib/pki/authority.hpp"

namespace lamp::cli {
namespace {

bool has_role(const config::Person& person, std::string_view role) {
  if (!std::filesystem::exists(person.certificate)) return false;
  const auto certificates = pki::load_certificates(person.certificate);
  return guarded(Errc::bad_input, [&] {
    const auto units = Botan::X509_Certificate{certificates.at(0)}.subject_info("X520.OrganizationalUnit");
    return units.size() == 1 && units.front() == role;
  });
}

}  // namespace

std::string person_with_role(const config::Site& site, std::string_view role, const std::string& named) {
  if (!named.empty()) {
    if (!has_role(site.person(named), role))
      throw Error{Errc::denied, named + " has no certificate as " + std::string{role}};
    return named;
  }
  std::string found, all;
  int count = 0;
  for (const auto& [name, person] : site.people) {
    if (!has_role(person, role)) continue;
    found = name;
    all += (++count == 1 ? "" : ", ") + name;
  }
  if (count == 1) return found;
  if (count != 0) throw Error{Errc::bad_input, "say who you are with --as: " + all};
  const std::string wanted{role};
  throw Error{Errc::bad_input, "site.yaml names no " + wanted +
                                   " with a certificate; make one with: lamp-ca issue "
                                   "client --profile " +
                                   wanted + " --name NAME"};
}

std::vector<Bytes> certificates_of(const config::Site& site, const std::string& person) {
  const auto& who = site.person(person);
  if (!std::filesystem::exists(who.certificate))
    throw Error{Errc::not_found,
                "no certificate " + who.certificate.string() + " for " + person + "; make one with 'lamp-ca issue'"};
  return pki::load_certificates(who.certificate);
}

cloud::Client connect_to_service(Host& host, const std::string& person) {
  const auto& site = host.site();
  auto certificates = certificates_of(site, person);
  const auto anchor = pki::load_chain(site.root / "ca" / "server" / "chain.pem").back();
  // The world's generator outlives every connection: a shared pointer that owns nothing.
  const std::shared_ptr<Botan::RandomNumberGenerator> rng{std::shared_ptr<void>{}, &host.world().rng};
  return {site.cloud_url, {anchor}, {std::move(certificates), host.person_key(person)}, rng};
}

}  // namespace lamp::cli
