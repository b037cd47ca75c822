// Trust anchors as a firmware build takes them in. The same anchors give the same octets, so that a build can tell when
// what it embeds and what the servers use have drifted apart.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::pki {

enum class BundleFormat {
  pem,
  der,       ///< certificates one after the other
  c_header,  ///< an array for each, and a table of them
  cbor,      ///< an array of byte strings, deterministic
};
/// "pem", "der", "c", "cbor"; throws Error{bad_input} naming them.
[[nodiscard]] BundleFormat bundle_format(std::string_view name);
/// By the file's extension: .pem .crt, .der .cer, .h, .cbor. Throws Error{bad_input}.
[[nodiscard]] BundleFormat bundle_format_of(const std::filesystem::path& file);

struct Anchor {
  std::string name;
  Bytes certificate;
};

/// In order of name, each certificate once. Throws Error{denied} for one that is no authority's, and when there is
/// none.
[[nodiscard]] Bytes write_bundle(std::vector<Anchor> anchors, BundleFormat format);
/// The certificates of a bundle. Throws Error{bad_input}.
[[nodiscard]] std::vector<Bytes> read_bundle(ByteView bundle, BundleFormat format);

/// How a bundle differs from what these anchors make, one sentence each; empty when it does not.
[[nodiscard]] std::vector<std::string> bundle_drift(const std::vector<Anchor>& anchors, ByteView bundle,
                                                    BundleFormat format);

}  // namespace lamp::pki
