#include "lib/firmware/roster_trust.hpp"

#include <botan/pk_keys.h>

#include <algorithm>

#include "lib/firmware/application.hpp"

namespace lamp::firmware {

namespace {

/// Roles are kept apart by keys. A roster that gives one key two roles would let a signature stand in for another.
void require_sole_role(const quorum::Roster& roster, const std::string& label, const Bytes& key) {
  const bool shared =
      key == roster.release_key || key == roster.hybrid_key || key == roster.custody_key ||
      std::ranges::any_of(roster.other_keys,
                          [&](const auto& other) { return other.first != label && other.second == key; }) ||
      std::ranges::any_of(roster.officers, [&](const auto& officer) {
        return roster.officer_key(officer)->subject_public_key() == key;
      });
  if (shared)
    throw Error{Errc::denied, "roster " + roster.name + " names one key as '" + label + "' and as something else"};
}

}  // namespace

ReleaseTrust trust_in(const quorum::Roster& roster, Hybrid hybrid) {
  ReleaseTrust trust;
  trust.release_keys = {roster.release_key};
  for (const auto& officer : roster.officers)
    trust.officers.push_back(roster.officer_key(officer)->subject_public_key());
  trust.threshold = roster.threshold;
  if (hybrid == Hybrid::no) return trust;
  if (roster.hybrid_key.empty())
    throw Error{Errc::denied, "releases of this model are signed by ML-DSA-87 as well, and roster " + roster.name +
                                  " has no such key: it is made with the quorum, lamp-quorum(5)"};
  trust.hybrid_keys = {roster.hybrid_key};
  return trust;
}

ReleaseTrust application_trust_in(const quorum::Roster& roster, const ApplicationTrust& application) {
  const auto label = application_key(application.partner);
  const auto key = roster.other_keys.find(label);
  if (key == roster.other_keys.end())
    throw Error{Errc::not_found, "quorum " + roster.name + " has no key '" + label +
                                     "': it is made with the quorum, when a model's profile names the partner"};
  require_sole_role(roster, label, key->second);
  auto trust = trust_in(roster, Hybrid::no);
  trust.release_keys = {key->second};
  trust.application = application;
  return trust;
}

}  // namespace lamp::firmware
