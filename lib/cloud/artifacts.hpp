// Release files that devices download, named by their SHA-256.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace lamp::cloud {

/// Lower-case hex digests, as hawkBit's clients ask for them. SHA-1 and MD5 only guard against transfer errors here.
struct Artifact {
  std::filesystem::path file;
  std::uint64_t size = 0;
  std::string sha256, sha1, md5;
};

/// Thread-safe. Digests are computed from the stored bytes once per process and file.
class ArtifactStore {
 public:
  explicit ArtifactStore(std::filesystem::path directory) : directory_{std::move(directory)} {}

  /// Stores the bytes durably; storing the same again changes nothing.
  Artifact put(ByteView bytes);
  /// Nothing when absent. Throws Error{internal} when the file's bytes are not those of its name.
  [[nodiscard]] std::optional<Artifact> find(std::string_view sha256);

 private:
  [[nodiscard]] std::filesystem::path file_of(std::string_view sha256) const;
  std::filesystem::path directory_;
  std::mutex mutex_;
  std::map<std::string, Artifact, std::less<>> known_;
};

}  // namespace lamp::cloud
