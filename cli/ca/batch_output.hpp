// Where a batch's certificates and refusals go, and how far it got: after a kill at any point the same command goes on
// behind the last checkpoint, and the finished files are the same bytes as without the kill.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "lib/pki/batch.hpp"

namespace lamp::cli {

/// A file that grows, and can be cut back to a checkpoint. Its bytes are durable after sync().
class GrowingFile {
 public:
  /// Opens or makes it, and cuts it to `size`. Throws Error{unavailable} when it is shorter.
  GrowingFile(std::filesystem::path path, std::uint64_t size);
  GrowingFile(const GrowingFile&) = delete;
  GrowingFile& operator=(const GrowingFile&) = delete;
  ~GrowingFile();
  void append(std::string_view text);
  void sync();
  [[nodiscard]] std::uint64_t size() const noexcept { return size_ + pending_.size(); }

 private:
  void write_pending();
  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_;
  std::string pending_;
};

/// How far a batch got. Files hold exactly what is counted here.
struct BatchProgress {
  std::string request;  ///< authority, profile, input and its size: another batch does not go on here
  std::uint64_t rows = 0, offset = 0;
  std::uint64_t issued = 0, existed = 0, refused = 0;
  std::uint64_t output_size = 0, report_size = 0;

  [[nodiscard]] static BatchProgress load(const std::filesystem::path& file, const std::string& request);
  void save(const std::filesystem::path& file) const;
};

enum class BatchForm { json_lines, csv, folder };

class BatchOutput {
 public:
  /// `output` ends in .jsonl or .csv, or is the name of a folder for PEM files.
  BatchOutput(std::filesystem::path output, std::filesystem::path report, BatchProgress& progress);
  void add(std::span<const pki::BatchResult> results);
  /// Everything so far is durable, then the checkpoint says so.
  void checkpoint();
  /// Gives the files their names and removes the checkpoint.
  void finish();

  [[nodiscard]] static std::filesystem::path checkpoint_file(const std::filesystem::path& output);

 private:
  void add_certificate(const pki::BatchResult& result);

  std::filesystem::path output_, report_;
  BatchForm form_;
  BatchProgress& progress_;
  GrowingFile certificates_, refusals_;
};

}  // namespace lamp::cli
