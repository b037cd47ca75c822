#include "lib/cloud/identity.hpp"

#include <botan/hash.h>
#include <botan/x509cert.h>

#include "lib/base/parse.hpp"
#include "lib/config/site.hpp"
#include "lib/registry/device.hpp"

namespace lamp::cloud {
namespace {

std::optional<Caller> device(store::Database& database, const Bytes& certificate) {
  const auto fingerprint = hex(Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(certificate));
  const auto found =
      database.read([&](store::Transaction& t) { return registry::find_device_by_fingerprint(t, fingerprint); });
  if (!found || found->state != registry::DeviceState::registered) return std::nullopt;
  return Caller{Role::device, found->serial, certificate};
}

std::optional<Caller> person(const Botan::X509_Certificate& leaf, const Bytes& certificate) {
  const auto names = leaf.subject_info("X520.CommonName");
  const auto units = leaf.subject_info("X520.OrganizationalUnit");
  if (names.size() != 1 || units.size() != 1 || !is_name(names.front())) return std::nullopt;
  const auto role = role_from_text(units.front());
  if (!role || *role == Role::device) return std::nullopt;
  return Caller{*role, names.front(), certificate};
}

}  // namespace

std::optional<Caller> Identifier::operator()(const Bytes& certificate) const {
  const auto leaf = guarded(Errc::internal, [&] { return Botan::X509_Certificate{certificate}; });
  const auto authority = trust_.authority_of(leaf);
  if (authority == kDeviceAuthority || (authority && authority->starts_with(config::kOrderPrefix)))
    return device(database_, certificate);
  if (authority == kClientAuthority) return person(leaf, certificate);
  return std::nullopt;
}

}  // namespace lamp::cloud
