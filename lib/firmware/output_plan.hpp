// What is made of a release beside the SUIT envelope: the list `outputs` of a device profile, lamp-device(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

/// A Zigbee OTA file around a signed output. Its file version is the release's sequence number.
struct ZigbeePlan {
  enum class Around { suit, mcuboot };
  Around around = Around::suit;
  std::uint16_t manufacturer = 0, image_type = 0, stack_version = 2;
  std::string text;  ///< header string; empty: model and version
  std::optional<std::pair<std::uint16_t, std::uint16_t>> hardware;
};

/// A package for SWUpdate, signed by a key of the release token that has a certificate.
struct SwuPlan {
  std::string key;
  Bytes certificate;  ///< DER
  std::vector<std::string> hardware;
  std::string device, path;  ///< where the image goes: one of the two
  bool encrypted = false;    ///< the image is encrypted under a key that is made of the content key: swu_cipher.hpp
};

struct OutputPlan {
  std::optional<McubootPlan> mcuboot;
  std::optional<ZigbeePlan> zigbee;
  std::optional<SwuPlan> swu;

  /// `list` is a profile's list, `folder` where the files lie that it names. Throws Error{bad_input} with place.
  [[nodiscard]] static OutputPlan read(const config::Node& list, const std::filesystem::path& folder);
  /// Labels of the token's keys that sign these outputs, without asking for anything else that a list names: a key is
  /// made before there can be a certificate of it.
  [[nodiscard]] static std::vector<std::string> key_labels(const config::Node& list);
  /// The same of a plan that was read.
  [[nodiscard]] std::vector<std::string> key_labels() const;
  /// All of it as deterministic CBOR: part of the profile's digest.
  [[nodiscard]] Bytes encoded() const;
};

}  // namespace lamp::firmware
