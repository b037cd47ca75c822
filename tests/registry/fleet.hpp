// A registry with devices and a project in it, for tests.
#pragma once

#include <botan/system_rng.h>

#include <string>

#include "lib/binding/claim.hpp"
#include "lib/registry/intake.hpp"
#include "lib/registry/project.hpp"
#include "lib/store/database.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::test {

inline const Instant kNow = parse_instant("2026-11-22T13:00:00Z");
inline constexpr const char* kGoodCode = "ABCDEFGHIJKLMNOP";

/// Device number `n` of a model: serial number, MAC address and certificate of its own.
inline registry::FactoryRecord record(unsigned n, const std::string& model = "gateway") {
  const auto verifier = binding::ClaimVerifier::make(binding::read_claim_code(kGoodCode), Botan::system_rng());
  return {.serial = "SL-26-00000" + std::to_string(n),
          .model = model,
          .mac = MacAddress::from_number(0x00005e005300ULL + n),
          .certificate = to_bytes("certificate " + std::to_string(n)),
          .claim_salt = verifier.salt,
          .claim_verifier = verifier.verifier,
          .station = "line1",
          .order = "order-1",
          .completed_at = kNow};
}

class Fleet {
 public:
  template <class Act>
  decltype(auto) write(Act&& act) {
    return database_.write(std::forward<Act>(act));
  }

  Fleet() : database_{directory_ / "registry.db"} {
    database_.migrate(registry::schema());
    for (const char* project : {"hq", "branch"})
      write([&](store::Transaction& t) { registry::create_project(t, {project, "UTC"}, kNow); });
    member("hq", "installer-1");
    member("branch", "installer-2");
  }

  void member(const std::string& project, const std::string& user) {
    write([&](store::Transaction& t) { registry::add_member(t, project, user, "installer"); });
  }
  registry::IntakeResult take_in(const registry::FactoryRecord& record) {
    return write([&](store::Transaction& t) { return registry::take_in(t, record, kNow); });
  }
  std::optional<registry::Device> find(const std::string& serial) {
    return write([&](store::Transaction& t) { return registry::find_device(t, serial); });
  }

 private:
  TemporaryDirectory directory_;
  store::Database database_;
};

}  // namespace lamp::test
