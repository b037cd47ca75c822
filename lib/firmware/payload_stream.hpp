// Images and payloads of any size, in memory that does not grow with them.
#pragma once

#include <cstdint>

#include "lib/base/stream.hpp"
#include "lib/firmware/encryption.hpp"
#include "lib/firmware/suit.hpp"

namespace lamp::firmware {

/// What is read, encrypted and written at a time.
inline constexpr std::size_t kPieceSize = std::size_t{256} * 1024;

struct Measured {
  Digest digest{};  ///< SHA-256
  std::uint64_t size = 0;
};

/// Reads all that is left of the source.
[[nodiscard]] Measured measure(ByteSource& source);
/// The same, and writes it elsewhere: what is measured is what is written.
Measured copy_measured(ByteSource& from, ByteSink& to);

struct EncryptedImage {
  Measured image, payload;
};

/// Reads the image once, and while it is there digests it, encrypts it, digests the payload and writes it. Throws
/// Error{bad_input} for an image that is larger than the cipher takes.
[[nodiscard]] EncryptedImage encrypt_image(const SymmetricKey& content_key, const EncryptionInfo& info,
                                           ByteSource& image, ByteSink& payload);

/// Decrypts a payload that belongs to an authenticated manifest, and commits `image` when payload and image have the
/// manifest's sizes and digests and, for GCM, the tag is right. Otherwise throws Error{denied}, and the sink was not
/// committed: nobody sees bytes that were not checked.
void decrypt_image(const SymmetricKey& content_key, const Manifest& manifest, ByteSource& payload, StagedSink& image);

}  // namespace lamp::firmware
