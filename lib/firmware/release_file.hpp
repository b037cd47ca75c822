// A release on disk, of any size: its head in memory, its payload read in order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "lib/base/stream.hpp"
#include "lib/firmware/suit.hpp"
#include "lib/firmware/verify.hpp"

namespace lamp::firmware {

class ReleaseFile {
 public:
  /// Reads the beginning, and judges nothing yet. Throws Error{not_found} and the like when the file cannot be read.
  explicit ReleaseFile(std::filesystem::path file);
  /// The same with a detached payload somewhere else than beside it.
  ReleaseFile(std::filesystem::path file, std::filesystem::path payload);

  /// The envelope without an integrated payload's bytes, whose number agrees with the file's size. Views live as long
  /// as this object. Throws Error{bad_input}.
  [[nodiscard]] EnvelopeHead head() const;
  /// The payload from its beginning: what follows `head` here, or the file beside. Throws Error{not_found}.
  [[nodiscard]] FileSource payload(const EnvelopeHead& head) const;

 private:
  std::filesystem::path file_, payload_;
  std::uint64_t size_ = 0;
  Bytes start_;
};

/// verify_release() and check_release() for a release of any size. Throws Error{not_found} and the like when a file,
/// also a detached payload, cannot be read.
[[nodiscard]] Verdict verify_release(const ReleaseFile& release, const ReleaseTrust& trust);
[[nodiscard]] Outcome check_release(const ReleaseFile& release, const ReleaseTrust& trust);

/// Puts a release together: the head, and an integrated payload's bytes behind it, which must be those that the
/// manifest names. Throws Error{denied} for another payload. The caller commits what it wrote to.
void write_release(ByteView manifest, const std::vector<Bytes>& blocks, ByteSource& payload, ByteSink& release);

}  // namespace lamp::firmware
