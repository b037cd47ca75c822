// Rollouts over HTTP: artifacts come in, approved plans start, operators watch and steer. Operators only; a rollout of
// a project that the caller is no member of does not exist for him.
#pragma once

namespace lamp::cloud {

class ClientTrust;
class Router;
struct Service;

/// PUT /api/v1/artifacts/{sha256}, /api/v1/rollouts and below. `trust` judges the certificates in approvals as it does
/// those of callers; it must outlive the router.
void add_rollout_routes(Router& router, const Service& service, ClientTrust& trust);

}  // namespace lamp::cloud
