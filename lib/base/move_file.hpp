// A file that is whole elsewhere in the same file system gets its place.
#pragma once

#include <filesystem>

namespace lamp {

/// Renames `from` over `to` and syncs the folder of `to`: after a power cut it is at one of the two. Throws
/// Error{not_found} or Error{unavailable}.
void move_file(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace lamp
