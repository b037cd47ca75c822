// cpio archives of the "new" formats, as SWUpdate takes them: files in a row, no folders.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/firmware/images/finding.hpp"
#include "lib/firmware/images/input.hpp"

namespace lamp::firmware::cpio {

struct Entry {
  std::uint64_t offset = 0;  ///< of its header
  std::string name;
  std::uint64_t data = 0;  ///< where its bytes begin
  std::uint32_t size = 0;
  bool has_sum = false;
  std::uint32_t sum = 0;  ///< of its bytes, modulo 2^32
};

/// Strict: regular files with plain and distinct names, zeros as padding, a trailer and less than a block after it.
[[nodiscard]] Reading<std::vector<Entry>> read(const Input& archive);

/// Whether the entry's sum is that of its bytes; true for an entry without one.
[[nodiscard]] bool sum_is_right(const Input& archive, const Entry& entry);

/// Writes an archive with sums. Same inputs, same bytes: no owner, no time.
class Writer {
 public:
  explicit Writer(ByteSink& to) noexcept : to_{to} {}
  /// Reads `data` twice. Throws Error{bad_input} for a name that the reader refuses, or 4 GiB and more.
  void add(const std::string& name, const Input& data);
  void end();

 private:
  void header(const std::string& name, std::uint32_t mode, std::uint32_t size, std::uint32_t sum);
  void put(ByteView bytes);
  void pad(std::uint64_t multiple);
  ByteSink& to_;
  std::uint64_t at_ = 0;
  std::uint32_t number_ = 0;
};

}  // namespace lamp::firmware::cpio
