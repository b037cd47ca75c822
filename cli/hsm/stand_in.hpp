// What rehearsals stand on: a folder, and in it a site, that are thrown away afterwards.
#pragma once

#include <filesystem>
#include <string>

#include "lib/config/site.hpp"

namespace lamp::cli {

/// A folder (0700) that goes when it ends, however it ends; what a kill left behind goes when the next of its kind is
/// made.
class ThrowAwayFolder {
 public:
  /// PARENT/PREFIX and six characters.
  ThrowAwayFolder(const std::filesystem::path& parent, const std::string& prefix);
  ThrowAwayFolder(const ThrowAwayFolder&) = delete;
  ThrowAwayFolder& operator=(const ThrowAwayFolder&) = delete;
  ~ThrowAwayFolder();
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;  ///< held on the folder: this one is in use
};

/// The text of a site.yaml with this site's tokens, authorities, people and quorums, and nothing of its state. Paths
/// that are below the root are written as such.
[[nodiscard]] std::string stand_in_site(const config::Site& site);

}  // namespace lamp::cli
