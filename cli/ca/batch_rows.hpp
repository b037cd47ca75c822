// The rows of a batch's input, CSV (RFC 4180, with a header) or JSON lines, read one at a time from a file of any size.
// A row that is wrong is data; the next row is read all the same.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "lib/pki/batch.hpp"

namespace lamp::cli {

class BatchRows {
 public:
  /// By the file's name: .csv or .jsonl. Throws Error{not_found}, Error{bad_input} for a header that cannot be used.
  explicit BatchRows(const std::filesystem::path& file);
  /// The next row with its number, 1 for the first after a header; nothing at the end.
  [[nodiscard]] std::optional<pki::BatchItem> next();

  /// A place to go on from: the rows read so far, and where the next one begins.
  [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  void resume(std::uint64_t count, std::uint64_t offset);
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  struct Line {
    std::vector<std::string> fields;
    std::optional<pki::BatchRefusal> refusal;
  };
  void read_header();
  [[nodiscard]] int get();
  void seek(std::uint64_t offset);
  void skip_line(std::uint64_t from);
  [[nodiscard]] Line read_csv();
  [[nodiscard]] std::optional<pki::BatchRefusal> read_csv_fields(std::vector<std::string>& fields);
  [[nodiscard]] Line read_text_line();
  [[nodiscard]] std::optional<pki::BatchRefusal> from_fields(const std::vector<std::string>& fields,
                                                             pki::BatchItem& item) const;

  std::filesystem::path file_;
  std::ifstream in_;
  bool csv_ = false;
  std::uint64_t size_ = 0, offset_ = 0, count_ = 0;
  std::vector<std::string> header_;
};

}  // namespace lamp::cli
