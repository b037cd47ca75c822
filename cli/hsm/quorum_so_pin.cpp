#include "cli/hsm/quorum_so_pin.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>
#include <botan/x509cert.h>
#include <fmt/format.h>

#include "cli/hsm/enrol.hpp"
#include "hsm/custody.hpp"
#include "hsm/so_pin.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/authority.hpp"

namespace lamp::cli {
namespace {

std::unique_ptr<Botan::Public_Key> read_key(const std::string& file) {
  const auto bytes = read_file(file);
  const auto certificates = attempt([&] { return pki::load_certificates(file); });
  return guarded(Errc::bad_input, [&]() -> std::unique_ptr<Botan::Public_Key> {
    if (const auto* all = std::get_if<0>(&certificates))
      return Botan::X509_Certificate{all->front()}.subject_public_key();
    return Botan::X509::load_key(bytes);
  });
}

/// As each officer will open theirs, while they are still here.
void test_every_subset(Host& host, const quorum::Roster& roster, const quorum::SoPin& kept, const Pin& so_pin) {
  std::vector<Share> opened;
  for (const auto& officer : roster.officers) {
    const auto& person = host.site().person(officer.name);
    const auto key = host.token(person.token).agreement_key(person.share_key);
    opened.push_back(quorum::open_so_share(roster, kept, officer, *key));
  }
  hsm::require_every_subset(opened, roster, so_pin, kept.threshold);
}

}  // namespace

Bytes read_recovery_point(const std::string& file) {
  return in_context("recovery key " + file, [&] {
    const auto key = read_key(file);
    const auto point = key->raw_public_key_bits();
    const auto fits = attempt([&] {
      crypto::require_p256_point(point);
      return true;
    });
    if (std::holds_alternative<Error>(fits))
      throw Error{Errc::bad_input, "it is of another kind (" + key->algo_name() + ") than P-256: take a P-256 key"};
    return point;
  });
}

std::optional<quorum::SoPin> keep_so_pin(Host& host, const quorum::Roster& roster, const Pin& so_pin,
                                         const std::optional<Bytes>& recovery_point) {
  auto& rng = host.world().rng;
  if (recovery_point) return quorum::seal_to_recovery(roster, so_pin, *recovery_point, rng);
  if (!quorum::so_pin_can_be_dealt(roster)) return std::nullopt;
  auto kept = hsm::deal_so_pin(roster, so_pin, rng);
  test_every_subset(host, roster, kept, so_pin);
  return kept;
}

std::optional<quorum::SoPin> load_so_pin(Host& host, const quorum::Roster& roster) {
  const auto file = quorum::so_pin_file(host.site().root, roster.name);
  if (!std::filesystem::exists(file)) return std::nullopt;
  return quorum::SoPin::load(file, roster);
}

std::optional<quorum::SoPin> deal_so_pin_anew(Host& host, QuorumAct& act, const quorum::Roster& next) {
  const auto kept = load_so_pin(host, act.roster());
  if (!kept) return std::nullopt;
  if (!kept->dealt()) return quorum::carry_over(*kept, next);
  if (!quorum::so_pin_can_be_dealt(next)) return std::nullopt;
  const Pin so_pin =
      hsm::combine_so_pin(*kept, act.act().digest(), act.session_key(), act.contributions(), act.officers());
  return hsm::deal_so_pin(next, so_pin, host.world().rng);
}

std::string describe_so_pin(const std::optional<quorum::SoPin>& kept) {
  if (!kept) return "SO PIN forgotten: nobody can reset the token's PIN, a PIN that is lost stays lost";
  if (!kept->dealt()) return "SO PIN sealed to the recovery card";
  return fmt::format("SO PIN dealt to the officers: {} of {} can reset the token's PIN", kept->threshold,
                     kept->shares.size());
}

}  // namespace lamp::cli
