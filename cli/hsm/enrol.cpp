#include "cli/hsm/enrol.hpp"

#include <botan/pk_keys.h>
#include <botan/x509cert.h>

#include "cli/new_key.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/pki/authority.hpp"

namespace lamp::cli {

Bytes leaf_certificate(const config::Person& person) {
  return in_context("certificate of " + person.name + ": run 'lamp-ca issue client' first",
                    [&] { return pki::load_chain(person.certificate).front(); });
}

quorum::Officer enrol_officer(Host& host, const config::Person& person) {
  quorum::Officer officer;
  officer.name = person.name;
  officer.certificate = leaf_certificate(person);
  auto& token = host.token(person.token);
  const auto certified = quorum::Roster{}.officer_key(officer);
  if (cose::key_id(*certified) != cose::key_id(*token.public_key(person.key)))
    throw Error{Errc::denied, "the certificate of " + person.name + " is not for key '" + person.key + "' in token '" +
                                  person.token + "'"};
  if (!token.has_key(person.share_key))
    host.record(make_key(host, {person.token, person.share_key, hsm::KeyKind::p256, hsm::KeyUse::agree, "officer"}));
  officer.share_point = token.agreement_key(person.share_key)->public_point();
  return officer;
}

}  // namespace lamp::cli
