#include "manufacturing/lamp_adapter.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/crypto/seal.hpp"

namespace lamp::manufacturing {

LampAdapter::LampAdapter(std::unique_ptr<Fixture> fixture, Bench& bench, std::string port, const Models& models,
                         Botan::RandomNumberGenerator& rng)
    : bench_{bench}, port_{std::move(port)}, models_{models}, rng_{rng}, fixture_{std::move(fixture)} {
  session_.emplace(*fixture_, rng_);
}

DeviceSession& LampAdapter::session() {
  if (!session_) throw Error{Errc::unavailable, "port " + port_ + ": the device is gone"};
  return *session_;
}

Part LampAdapter::identify() {
  auto identity = session().identify();
  const auto model = std::find_if(models_.begin(), models_.end(),
                                  [&](const auto* profile) { return profile->model == identity.model; });
  const bool is_injected = model != models_.end() && (*model)->adapter != firmware::AdapterKind::lamp_protocol;
  if (is_injected && identity.state != Lifecycle::locked)
    throw Error{Errc::denied, "port " + port_ + ": the part runs its application and is not locked; start its boot " +
                                  "loader (BOOT0) and plug it in again"};
  chip_id_ = identity.chip_id;
  session_point_ = identity.session_point;
  return {std::move(identity.model), std::move(identity.chip_id), identity.state, std::move(identity.block_digest), {}};
}

Bytes LampAdapter::make_key(ByteView /*announced*/, const BeforeEffect& /*before_effect*/) {
  return session().generate().spki;
}

Bytes LampAdapter::request(const std::string& serial) { return session().request(serial); }

Bytes LampAdapter::install(ByteView block) {
  if (session_point_.empty()) (void)identify();
  return session().install(crypto::seal(block, session_point_, install_context(chip_id_), rng_)).digest;
}

Evidence LampAdapter::prove(ByteView spki) { return session().prove(spki); }

std::string LampAdapter::lock() {
  session().lock();
  return {};
}

void LampAdapter::reset() {
  if (session_point_.empty()) (void)identify();
  session().reset();
  session_.reset();
  fixture_.reset();
}

bool LampAdapter::open() {
  session_.reset();
  fixture_.reset();
  auto plug = bench_.open(port_);
  auto* fixture = std::get_if<std::unique_ptr<Fixture>>(&plug);
  if (fixture == nullptr) return false;
  fixture_ = std::move(*fixture);
  session_.emplace(*fixture_, rng_);
  return true;
}

bool LampAdapter::has_returned() {
  if (!open()) return false;
  if (session().identify().session_point != session_point_) return true;
  session_.reset();
  fixture_.reset();
  return false;
}

}  // namespace lamp::manufacturing
