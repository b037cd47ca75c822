#include "lib/firmware/roster_trust.hpp"

#include <botan/pk_keys.h>

namespace lamp::firmware {

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

}  // namespace lamp::firmware
