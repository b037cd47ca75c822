// A release's outputs beside the SUIT envelope, lib/firmware/outputs.hpp: with the keys that the roster names and the
// profile that this machine has.
#pragma once

#include <string>
#include <vector>

#include "cli/sign/dossier.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/outputs.hpp"
#include "lib/firmware/roster_trust.hpp"

namespace lamp::cli {

[[nodiscard]] firmware::OutputSubject output_subject(const firmware::DeviceProfile& profile,
                                                     const firmware::Request& request);
/// The profile of the release's model, for an application as it is for those of its partner.
[[nodiscard]] firmware::DeviceProfile profile_of(Host& host, const firmware::Request& request);
/// What a sealed release of the request has to be signed by, and be.
[[nodiscard]] firmware::ReleaseTrust trust_of(Host& host, const quorum::Roster& roster,
                                              const firmware::Request& request);
/// The token's keys as the quorum's signed roster has them. Error{not_found} says what to do.
[[nodiscard]] firmware::PublicKeyFor output_keys(const quorum::Roster& roster);

/// Why a model's release cannot be made under this roster: keys that the quorum does not have.
[[nodiscard]] std::vector<std::string> missing_keys(const firmware::DeviceProfile& profile,
                                                    const quorum::Roster& roster);
/// Why the list of signatures in the request is not what this machine's profile and the files give.
[[nodiscard]] Verdict judge_outputs(Host& host, const Dossier& dossier);
/// "AES-256-GCM, in the envelope".
[[nodiscard]] std::string describe_payload(firmware::PayloadCipher cipher, firmware::PayloadPlace place);
/// Whether the request asks for a signature by ML-DSA-87 as well.
[[nodiscard]] firmware::Hybrid hybrid_in(const firmware::Request& request);
/// The envelope's regions, and those beside it.
[[nodiscard]] std::vector<firmware::SignedRegion> envelope_regions(const firmware::Request& request);
[[nodiscard]] std::vector<firmware::SignedRegion> output_regions(const firmware::Request& request);

}  // namespace lamp::cli
