#include "lib/pki/link.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

void require_root(const Authority& authority) {
  const auto* facts = authority.facts();
  if (facts == nullptr || authority.chain().size() != 1)
    throw Error{Errc::denied, "authority " + authority.name() +
                                  " is no root; only roots are linked, others are issued again by the new root"};
}

/// The profile of the certificate to come: that of the subject, but no longer than both roots.
Profile link_profile(Profile profile, Instant end) {
  profile.identity = Template::parse(profile.identity.text() + " (link)");
  profile.beyond_issuer = BeyondIssuer::clip;
  profile.latest_end = end;
  return profile;
}

/// A path is found by names: one that differs in an octet links nothing.
void require_same_name(const Authority& signer, const Authority& subject, const Profile& profile, const Subject& values,
                       Instant now, ByteView key) {
  const auto contents = resolve(profile, values, signer.facts(), now);
  const Bytes serial{1};
  const auto tbs = build_tbs(profile, contents, key, serial, signer.facts(), signer.facts()->signature_algorithm);
  if (!std::ranges::equal(Tbs::parse(tbs).subject, subject.facts()->subject))
    throw Error{Errc::denied,
                "profile " + profile.name + " gives authority " + subject.name() +
                    " another subject than its certificate has; restore the profile that it was made with"};
}

}  // namespace

Issued issue_link(store::Database& database, const Authority& signer, const Authority& subject, const Profile& given,
                  const Subject& values, Instant now, Botan::RandomNumberGenerator& rng,
                  const std::function<void(store::Transaction&, const Issued&)>& also) {
  for (const auto* root : {&signer, &subject}) require_root(*root);
  const auto parsed = Certificate::parse(subject.chain().front());
  const auto key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(parsed.tbs.public_key); });
  const auto profile = link_profile(given, std::min(signer.facts()->not_after, subject.facts()->not_after));
  require_same_name(signer, subject, profile, values, now, parsed.tbs.public_key);
  return issue(database, signer, profile, values, *key, now, rng, also);
}

}  // namespace lamp::pki
