// Two lamps through the whole flow, and what their report proves to somebody who has nothing but the root.
#include "manufacturing/order_report_proof.hpp"

#include <botan/pubkey.h>
#include <botan/system_rng.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "manufacturing/label_journal.hpp"
#include "tests/manufacturing/small_station.hpp"

namespace lamp::manufacturing {
namespace {

using test::SmallStation;
using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

struct MadeOrder {
  MadeOrder() {
    station.station().database.migrate(label_schema());
    for (const char* port : {"1-1", "1-2"}) {
      station.bench.plug_in(port, station.new_device("smart-lamp"));
      (void)station.run(port);
    }
  }
  [[nodiscard]] OrderReport report() {
    auto made =
        station.station().database.read([&](store::Transaction& t) { return collect_report(t, station.order, {}); });
    made.made_at = station.station().clock.now();
    return made;
  }
  [[nodiscard]] std::vector<Bytes> anchors() { return station.station().trust.trust_anchors; }

  SmallStation station;
};

/// Made once: a lie changes a copy.
MadeOrder& made_order() {
  static MadeOrder made;
  return made;
}

std::vector<std::string> objections(const OrderReport& report) {
  return judge_findings(prove_units(report, made_order().anchors())).objections;
}

TEST(ReportProofs, ProveEveryLockFromTheRootAlone) {
  // As it is read from a file, not as it lay in memory.
  const auto report = OrderReport::parse(made_order().report().encoded());
  EXPECT_THAT(judge_report(report).objections, IsEmpty());
  const auto findings = prove_units(report, made_order().anchors());
  ASSERT_EQ(findings.size(), 2U);
  for (const auto& unit : findings) {
    EXPECT_EQ(unit.certificate.standing, Standing::proven) << unit.certificate.why;
    EXPECT_EQ(unit.lock.standing, Standing::proven) << unit.lock.why;
  }
}

struct Lie {
  const char* name;
  void (*change)(std::vector<ReportedUnit>&);
  const char* says;
};
void PrintTo(const Lie& lie, std::ostream* os) { *os << lie.name; }

class PlantedLie : public testing::TestWithParam<Lie> {};

TEST_P(PlantedLie, IsFound) {
  auto report = made_order().report();
  GetParam().change(report.units);
  EXPECT_THAT(objections(report), Contains(AllOf(HasSubstr("SL-26-000001"), HasSubstr(GetParam().says))));
}

constexpr const char* kNoSignature = "its signature of the lock does not hold";

INSTANTIATE_TEST_SUITE_P(
    Report, PlantedLie,
    testing::Values(
        Lie{"AnotherNonce", [](auto& units) { units[0].proof->nonce[3] ^= 1U; }, kNoSignature},
        Lie{"AnotherSignature", [](auto& units) { units[0].proof->signature[40] ^= 1U; }, kNoSignature},
        Lie{"NoSignatureAtAll", [](auto& units) { units[0].proof->signature.assign(64, 0); }, kNoSignature},
        Lie{"AnotherState", [](auto& units) { units[0].proof->state = Lifecycle::provisioned; }, kNoSignature},
        Lie{"AnOpenPort", [](auto& units) { units[0].proof->debug_port = DebugPort::open; }, kNoSignature},
        Lie{"SwappedNonces", [](auto& units) { std::swap(units[0].proof->nonce, units[1].proof->nonce); },
            kNoSignature},
        Lie{"SwappedProofs", [](auto& units) { std::swap(units[0].proof, units[1].proof); }, kNoSignature},
        Lie{"SwappedCertificates", [](auto& units) { std::swap(units[0].certificate, units[1].certificate); },
            "its certificate: it is of another serial number"},
        Lie{"SwappedCertificatesAndProofs",
            [](auto& units) {
              std::swap(units[0].certificate, units[1].certificate);
              std::swap(units[0].proof, units[1].proof);
            },
            kNoSignature},
        Lie{"AnotherSerialNumber", [](auto& units) { std::swap(units[0].serial, units[1].serial); }, kNoSignature},
        Lie{"AChangedCertificate", [](auto& units) { units[0].certificate.back() ^= 1U; },
            "its certificate: it does not lead to the root"},
        Lie{"ACutCertificate", [](auto& units) { units[0].certificate.pop_back(); },
            "its certificate: it cannot be read"},
        Lie{"NoCertificate", [](auto& units) { units[0].certificate.clear(); },
            "its lock: there is a signature, and no certificate to check it with"}),
    [](const auto& tested) { return std::string{tested.param.name}; });

TEST(ReportProofs, DoNotHoldUnderAnotherRoot) {
  MadeOrder elsewhere;
  const auto findings = prove_units(made_order().report(), elsewhere.anchors());
  EXPECT_EQ(findings.at(0).certificate.standing, Standing::refuted);
  EXPECT_THAT(findings.at(0).certificate.why, HasSubstr("does not lead to the root"));
}

TEST(ReportProofs, OfADeviceThatSaidNothingAreUnproven) {
  auto report = made_order().report();
  report.units[0].proof.reset();
  report.units[0].lock = "unproven";
  const auto findings = prove_units(report, made_order().anchors());
  EXPECT_EQ(findings.at(0).lock.standing, Standing::unproven);
  EXPECT_EQ(findings.at(1).lock.standing, Standing::proven);
  EXPECT_THAT(judge_findings(findings).objections, IsEmpty());
}

TEST(ReportProofs, OfAnOpenDebugPortAreRefutedThoughTheSignatureHolds) {
  const Botan::ECDSA_PrivateKey key{Botan::system_rng(), Botan::EC_Group::from_name("secp256r1")};
  LockProof proof{Bytes(kNonceSize, 7), Lifecycle::locked, DebugPort::open, {}};
  Botan::PK_Signer signer{key, Botan::system_rng(), "SHA-256"};
  proof.signature = signer.sign_message(proof_message(proof.nonce, "SL-26-000001", proof.state, proof.debug_port),
                                        Botan::system_rng());
  EXPECT_THAT(judge_lock_proof(proof, "SL-26-000001", key.subject_public_key()).objections,
              testing::ElementsAre("it signed that its debug port is open"));
}

}  // namespace
}  // namespace lamp::manufacturing
