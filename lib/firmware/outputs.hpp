// The outputs of a release beside its SUIT envelope: made at request time without the signature, signed by the token
// at seal time. The unsigned files lie in the release's folder; what is signed lies in a folder of its own until it is
// published.
//
//   prepare_outputs  request       writes <output>.unsigned and says what would be signed; officers approve that list
//   check_outputs    each machine  makes the list anew from the files
//   finish_outputs   seal          checks again, signs, verifies, writes mcuboot.bin, release.swu
//   wrap_outputs     seal          zigbee.ota around release.suit or mcuboot.bin; nobody signs it
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/base/secret.hpp"
#include "lib/firmware/output_plan.hpp"
#include "lib/firmware/signed_region.hpp"

namespace Botan {
class Private_Key;
class Public_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::firmware {

/// What the outputs are made of.
struct OutputSubject {
  std::string vendor;  ///< domain
  std::string model;
  Version version;
  std::uint64_t sequence = 0;
  std::uint64_t epoch = 0;  ///< becomes the security counter
  Bytes image_digest;       ///< SHA-256 of the image in clear
  std::uint64_t image_size = 0;
};

/// The token's keys by label. Throw Error{not_found} for one that is not there.
using PublicKeyFor = std::function<std::shared_ptr<Botan::Public_Key>(const std::string& label)>;
using PrivateKeyFor = std::function<std::shared_ptr<Botan::Private_Key>(const std::string& label)>;

/// Writes the unsigned files (mode 0600: they hold the image in clear). Same inputs, same bytes. Throws Error{denied}
/// when the image is not the subject's or a key is of a kind that an output does not take, Error{bad_input} for a
/// version or an epoch that an output has no room for. `package_key` is that of an encrypted SWUpdate package,
/// swu::image_key(); it lies beside the image in clear, so that each machine can make the encrypted one again.
[[nodiscard]] std::vector<SignedRegion> prepare_outputs(const OutputPlan& plan, const OutputSubject& subject,
                                                        const std::filesystem::path& image,
                                                        const std::filesystem::path& folder, const PublicKeyFor& keys,
                                                        const std::optional<SymmetricKey>& package_key = {});

/// Why `regions` is not what plan, subject and the files in the folder give.
[[nodiscard]] Verdict check_outputs(const OutputPlan& plan, const OutputSubject& subject,
                                    const std::filesystem::path& folder, const PublicKeyFor& keys,
                                    const std::vector<SignedRegion>& regions);

/// Signs what is in `folder` and writes to `into`, each file whole or not at all, and verifies what it wrote. A file
/// that an earlier run signed, and that verifies, stays: nothing is signed twice. Throws Error{denied} with the first
/// objection of check_outputs. Gives the files.
std::vector<std::filesystem::path> finish_outputs(const OutputPlan& plan, const OutputSubject& subject,
                                                  const std::filesystem::path& folder,
                                                  const std::filesystem::path& into,
                                                  const std::vector<SignedRegion>& regions, const PrivateKeyFor& keys,
                                                  Botan::RandomNumberGenerator& rng);

/// What is around something signed: deterministic, so that it can be repeated. `folder` holds release.suit by then.
/// Gives the files.
std::vector<std::filesystem::path> wrap_outputs(const OutputPlan& plan, const OutputSubject& subject,
                                                const std::filesystem::path& folder);

/// Removes what prepare_outputs wrote: the image in clear is of no use to anybody any more.
void discard_unsigned(const std::filesystem::path& folder);

}  // namespace lamp::firmware
