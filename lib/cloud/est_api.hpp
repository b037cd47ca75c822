// Enrolment over Secure Transport (RFC 7030) below /.well-known/est: who may what is the desk's to say.
#pragma once

#include "lib/base/clock.hpp"
#include "lib/cloud/client_trust.hpp"
#include "lib/cloud/rate_limits.hpp"
#include "lib/cloud/router.hpp"
#include "lib/cloud/server.hpp"
#include "lib/pki/enrolment.hpp"

namespace lamp::cloud {

/// Non-owning, but for the log.
struct EstService {
  pki::EnrolmentDesk& desk;
  const Clock& clock;
  RateLimits& limits;
  ServerLog log;
};

/// cacerts for everybody; csrattrs, simpleenroll, simplereenroll; each also below a label.
void add_est_routes(Router& router, const EstService& service);

/// Who asks a server that does not insist on a certificate: the authority that vouches for it, or a stranger.
[[nodiscard]] Identify identify_or_stranger(ClientTrust& trust);

}  // namespace lamp::cloud
