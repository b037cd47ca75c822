// A rollout plan: which devices get which release, in which waves, behind which gates. It counts only with operators'
// approvals over exactly its content. lamp-plan(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"
#include "lib/rollout/policy.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::rollout {

/// The signed release that a plan is about, by its bytes.
struct PlannedRelease {
  std::string model, version;
  std::uint64_t sequence = 0;
  Bytes artifact;  ///< SHA-256 of release.suit
  std::uint64_t size = 0;
};

struct Wave {
  std::string name;
  Gate gate;
  std::vector<std::string> devices;  ///< serial numbers
};

struct PlanApproval {
  std::string approver;  ///< as the file says; the certificate tells who it really was
  Bytes certificate;     ///< DER
  Bytes signature;       ///< COSE_Sign1, detached, over canonical()
};

struct Plan {
  std::string project;
  PlannedRelease release;
  Instant created;
  std::string created_by, policy;
  std::uint64_t approvals_needed = 1;
  std::vector<Wave> waves;
  std::vector<PlanApproval> approvals;

  /// Reads and checks the form. Throws Error{bad_input} with file, line and column.
  [[nodiscard]] static Plan load(const std::filesystem::path& file);
  [[nodiscard]] static Plan parse(std::string_view text, std::string name);
  [[nodiscard]] std::string yaml() const;

  /// The deterministic CBOR that is approved: everything but the approvals.
  [[nodiscard]] Bytes canonical() const;
  /// Throws Error{bad_input} unless this is what canonical() made.
  [[nodiscard]] static Plan from_canonical(ByteView bytes);
  /// Names the rollout: 16 hex digits of the digest of canonical(). The same plan is the same rollout.
  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::size_t device_count() const noexcept;
};

/// Puts the devices, in this order, into the policy's waves; waves that get none are left out.
[[nodiscard]] std::vector<Wave> make_waves(const Policy& policy, const std::vector<std::string>& devices);

/// Signs the plan as the holder of the certificate's key: Error{denied} for another key.
[[nodiscard]] PlanApproval approve(const Botan::Private_Key& key, std::string approver, Bytes certificate,
                                   const Plan& plan, Instant expires, Botan::RandomNumberGenerator& rng);

/// Whether the approval is one of exactly this plan by the key in its certificate, and has not expired. Says nothing
/// about whose certificate it is.
[[nodiscard]] Verdict check_approval(const PlanApproval& approval, const Plan& plan, Instant now);

}  // namespace lamp::rollout
