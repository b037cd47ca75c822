// Outputs that are published, read again by whoever has nothing but files: which signature one carries, and whether it
// is the one that was approved.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"
#include "lib/firmware/signed_region.hpp"

namespace lamp::firmware {

inline constexpr const char* kZigbeeFile = "zigbee.ota";

/// The file that is made of a region. Throws Error{bad_input} for an output that is not known.
[[nodiscard]] std::string output_file(const std::string& output);

/// The signature that a file carries. Throws Error{bad_input} when it is not such a file or carries none.
[[nodiscard]] Bytes output_signature(const SignedRegion& region, const std::filesystem::path& file);

/// Why the file is not made of this region by this key (SubjectPublicKeyInfo) with this signature. Of an encrypted
/// image the region's digest is compared where the file says it.
[[nodiscard]] Verdict judge_output(const SignedRegion& region, ByteView key, ByteView signature,
                                   const std::filesystem::path& file);

/// Why the Zigbee file is broken or is not around one of `inner`, which are digests (SHA-256) of published files.
[[nodiscard]] Verdict judge_wrapped(const std::filesystem::path& file, const std::vector<Bytes>& inner);

}  // namespace lamp::firmware
