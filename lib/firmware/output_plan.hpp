// What is made of a release beside the SUIT envelope: the list `outputs` of a device profile, lamp-device(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "lib/base/bytes.hpp"

namespace lamp::config {
class Node;
}

namespace lamp::firmware {

/// An image for MCUboot, signed by a key of the release token.
struct McubootPlan {
  std::string key;  ///< label of the token's key
  std::uint16_t header_size = 32;
  std::optional<std::uint32_t> load_address;  ///< present: the image is copied there, into RAM, before it runs
  Bytes recipient;                            ///< SubjectPublicKeyInfo that the image is encrypted for; empty for none
  std::size_t key_size = 16;                  ///< of the content key, in bytes
};

struct OutputPlan {
  std::optional<McubootPlan> mcuboot;

  /// `list` is a profile's list, `folder` where the files lie that it names. Throws Error{bad_input} with place.
  [[nodiscard]] static OutputPlan read(const config::Node& list, const std::filesystem::path& folder);
  /// All of it as deterministic CBOR: part of the profile's digest.
  [[nodiscard]] Bytes encoded() const;
};

}  // namespace lamp::firmware
