// Files: whole reads with a limit, atomic durable writes, secrets only from files that exclude other users, locks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace lamp {

inline constexpr std::uint64_t kDefaultFileLimit = 64ULL << 20;

enum class Mode : unsigned { shared = 0644, secret = 0600 };
enum class Existing { replace, refuse };

/// Reads a whole regular file. Throws Error{not_found}, or Error{bad_input} above `limit` bytes.
[[nodiscard]] Bytes read_file(const std::filesystem::path& path, std::uint64_t limit = kDefaultFileLimit);
[[nodiscard]] std::string read_text_file(const std::filesystem::path& path, std::uint64_t limit = kDefaultFileLimit);

/// Reads a secret's file without its final newline. Throws Error{denied} when group or others may read it.
[[nodiscard]] SecureBytes read_secret_file(const std::filesystem::path& path, std::uint64_t limit = 65536);

/// Writes a sibling file, syncs it, renames it over `path` and syncs the directory: after a power cut `path` holds
/// the old bytes or the new ones. Missing parent directories are made (0755). Throws Error{exists} when told to
/// refuse and the file is there, Error{unavailable} when the disk does not take it; nothing is left behind then.
void publish(const std::filesystem::path& path, ByteView bytes, Mode mode = Mode::shared,
             Existing existing = Existing::replace);
void publish(const std::filesystem::path& path, std::string_view text, Mode mode = Mode::shared,
             Existing existing = Existing::replace);

/// An exclusive advisory lock on a file, made when absent, held while the object lives; ends with the process.
class FileLock {
 public:
  /// Waits until the lock is free. Throws Error{unavailable} when the file cannot be made.
  explicit FileLock(const std::filesystem::path& path);
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock();

 private:
  int descriptor_;
};

}  // namespace lamp
