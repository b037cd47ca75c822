// Where a quorum rehearses: a throw-away site in the quorum's, with SoftHSM tokens of its own, the officers' real
// tokens, and a model that no device is of.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/hsm/stand_in.hpp"
#include "cli/world.hpp"
#include "lib/base/file.hpp"
#include "lib/config/site.hpp"

namespace lamp::cli {

/// The quorum that is rehearsed, its token, and the model of its release.
inline constexpr const char* kRehearsal = "rehearsal";

class RehearsalStage {
 public:
  /// Makes the folder, its files and the host's throw-away keys. SoftHSM uses the throw-away store from here on in this
  /// process. Throws Error{denied} when an officer's key lies in a token that has to be thrown away.
  /// `hybrid`: the quorum has an ML-DSA key, and the rehearsed release is signed by one as well.
  RehearsalStage(const config::Site& site, const std::vector<std::string>& officers, bool hybrid, World& world);

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_.path(); }
  [[nodiscard]] std::filesystem::path image() const { return folder() / "image.bin"; }
  /// The security epoch of the rehearsed release: one that the site's policy takes.
  [[nodiscard]] std::uint64_t epoch() const noexcept { return epoch_; }

 private:
  void write_files(const config::Site& site, const std::vector<std::string>& officers, bool hybrid);
  void link_officers_softhsm(const config::Site& site, const std::vector<std::string>& officers);
  void make_host_keys(World& world);

  ThrowAwayFolder folder_;
  std::optional<FileLock> softhsm_in_use_;  ///< of the site's store, while officers' tokens in it are used from here
  std::uint64_t epoch_ = 0;
};

}  // namespace lamp::cli
