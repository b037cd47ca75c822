// SWUpdate packages: a cpio archive of sw-description, its signature, and the files that it names. lamp-images(5).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/firmware/images/cms.hpp"
#include "lib/firmware/images/cpio.hpp"
#include "lib/firmware/images/sw_description.hpp"

namespace lamp::firmware::swu {

inline constexpr std::string_view kManifest = "sw-description", kSignature = "sw-description.sig";

struct Package {
  std::vector<cpio::Entry> entries;  ///< manifest, signature, files
  std::string manifest;
  Description description;
  cms::SignedData signature;
};

/// Strict: every file in the archive is named by the manifest and every file that it names is there.
[[nodiscard]] Reading<Package> read(const Input& file);

/// Sums, digests and the signature, by a code-signing certificate below one of `anchors` (DER): roots, and
/// intermediates that are not in the signature.
[[nodiscard]] Findings verify(const Input& file, const Package& package, const std::vector<Bytes>& anchors, Instant at);

/// The same without asking who vouches for the signer: it must be this certificate (DER), whatever its end.
[[nodiscard]] Findings verify_content(const Input& file, const Package& package, ByteView certificate);

void write(std::string_view manifest, ByteView signature, const std::string& name, const Input& image, ByteSink& to);

}  // namespace lamp::firmware::swu
