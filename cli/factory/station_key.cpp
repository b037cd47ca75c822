#include "cli/factory/station_key.hpp"

#include <botan/pk_keys.h>

#include "lib/base/error.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::cli {
namespace {

bool says(const pki::Tbs& certificate, const char* attribute, const std::string& value) {
  return pki::only_value(certificate.subject_attributes, *pki::attribute_oid(attribute)) == value;
}

std::string how_to_get_one(const std::string& station) {
  return "get one with: lamp-ca issue client --profile station --name " + station;
}

}  // namespace

Bytes station_key(const config::Site& site, const std::string& station) {
  const auto& file = site.person(station).certificate;
  if (!std::filesystem::exists(file))
    throw Error{Errc::not_found, "station " + station + " has no certificate " + file.string() +
                                     ", and an order is bound to its key; " + how_to_get_one(station)};
  return in_context(file.string(), [&] {
    const auto all = pki::load_certificates(file);
    const auto certificate = pki::Certificate::parse(all.front()).tbs;
    if (!says(certificate, "OU", "station") || !says(certificate, "CN", station))
      throw Error{Errc::denied, "this is no certificate of station " + station + "; " + how_to_get_one(station)};
    return from_hex(pki::key_fingerprint(certificate.public_key));
  });
}

void require_station_key(Host& host, const std::string& station) {
  const auto held = pki::key_fingerprint(host.person_key(station)->subject_public_key());
  if (from_hex(held) == station_key(host.site(), station)) return;
  const auto& person = host.site().person(station);
  throw Error{Errc::denied, "key '" + person.key + "' of token '" + person.token + "' is " + held +
                                ", not the key of certificate " + person.certificate.string() +
                                "; have the CA issue a certificate for the key in the token"};
}

}  // namespace lamp::cli
