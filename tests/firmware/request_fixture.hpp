// A request with the manifest and payload that belong to it: smart-lamp 1.1.0, sequence 2, epoch 2, of lamp.example.
#pragma once

#include <algorithm>
#include <vector>

#include "lib/base/secret.hpp"
#include "lib/firmware/encryption.hpp"
#include "lib/firmware/request.hpp"

namespace lamp::firmware::test {

[[nodiscard]] inline Bytes bytes_of(const Digest& digest) { return {digest.begin(), digest.end()}; }

[[nodiscard]] inline Manifest manifest_of(const Measured& image, const Measured& payload, ByteView info) {
  Manifest manifest;
  manifest.sequence = 2;
  manifest.vendor = vendor_id("lamp.example");
  manifest.model_class = class_id(manifest.vendor, "smart-lamp");
  manifest.model = "smart-lamp";
  manifest.version = {1, 1, 0};
  manifest.security_epoch = 2;
  manifest.image_digest = image.digest;
  manifest.image_size = image.size;
  manifest.payload_digest = payload.digest;
  manifest.payload_size = payload.size;
  manifest.encryption_info = info;
  return manifest;
}

struct RequestFiles {
  Request request;
  Bytes manifest, payload;
};

/// The keys that are named in `revokes` go into the manifest as well.
[[nodiscard]] inline RequestFiles make_request_files(const Bytes& session_point, const Bytes& roster_digest,
                                                     Instant requested, const std::vector<Bytes>& revokes = {}) {
  const Bytes image(300, 0x5a);
  const auto encrypted =
      encrypt_payload(SymmetricKey{SecureBytes(32, 1)}, Bytes(12, 2), Bytes(40, 3), "kek.smart-lamp", image);
  auto manifest = manifest_of({sha256(image), image.size()},
                              {sha256(encrypted.ciphertext), encrypted.ciphertext.size()}, encrypted.info);
  for (const auto& id : revokes) {
    KeyId key{};
    std::copy(id.begin(), id.end(), key.begin());
    manifest.revoked.add(key);
  }
  RequestFiles files{{}, encode_manifest(manifest), encrypted.ciphertext};
  auto& r = files.request;
  r.name = {"smart-lamp", "1.1.0"};
  r.sequence = manifest.sequence;
  r.epoch = manifest.security_epoch;
  r.image_digest = bytes_of(manifest.image_digest);
  r.image_size = manifest.image_size;
  r.payload_digest = bytes_of(manifest.payload_digest);
  r.payload_size = manifest.payload_size;
  r.suit_digest = suit_digest(files.manifest);
  r.session_point = session_point;
  r.roster_digest = roster_digest;
  r.requested = requested;
  r.requester = "somebody";
  r.nonce = Bytes(kRequestNonceLength, 5);
  r.expires = requested + std::chrono::days{30};
  r.terms.hardware = {"1.3.6.1.4.1.32473.1.1", 1, 3};
  r.terms.witness = r.image_digest;
  r.terms.revokes = revokes;
  r.signed_regions = {suit_region(r.suit_digest)};
  return files;
}

}  // namespace lamp::firmware::test
