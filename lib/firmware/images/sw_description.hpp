// sw-description, SWUpdate's manifest, in the syntax of libconfig.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lib/firmware/images/finding.hpp"

namespace lamp::firmware::swu {

/// What a manifest says that decides which bytes are installed.
struct Description {
  struct Artifact {
    std::uint64_t offset = 0;  ///< of the group that names it
    std::string filename;
    std::string sha256;  ///< 64 hexadecimal digits, of the file as it is in the package
    bool encrypted = false;
    std::string ivt;  ///< hexadecimal, of an encrypted file; empty where the device has it with the key
  };
  std::string version;
  std::vector<Artifact> artifacts;  ///< images, files and scripts of every board and mode
};

/// Strict: no includes and no references; every file named has its SHA-256. Offsets count within the text.
[[nodiscard]] Reading<Description> read_description(std::string_view text);

/// What we write.
struct Recipe {
  std::string version;
  std::string text;                   ///< description for people
  std::vector<std::string> hardware;  ///< revisions that it is for
  std::string filename;               ///< of the image in the archive
  std::string sha256;
  std::string device;  ///< "raw" to this device; or
  std::string path;    ///< "rawfile" to this path
  std::string ivt{};   ///< hexadecimal; the image is encrypted then, by AES-256-CBC
};
[[nodiscard]] std::string write_description(const Recipe& recipe);

}  // namespace lamp::firmware::swu
