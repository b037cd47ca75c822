// Bytes in order and in pieces, for what is larger than memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "lib/base/bytes.hpp"
#include "lib/base/file.hpp"

namespace lamp {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  /// Fills `into` from its front. Fewer bytes than asked for mean that these were the last.
  [[nodiscard]] virtual std::size_t read(std::span<std::uint8_t> into) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual void write(ByteView bytes) = 0;
};

/// A sink whose bytes are nobody's until commit(); without it they are forgotten.
class StagedSink : public ByteSink {
 public:
  virtual void commit() = 0;
};

/// For what is small enough to be kept.
class MemorySink final : public ByteSink {
 public:
  void write(ByteView bytes) override { append(bytes_, bytes); }
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

 private:
  Bytes bytes_;
};

/// Bytes that somebody else keeps.
class ViewSource final : public ByteSource {
 public:
  explicit ViewSource(ByteView bytes) noexcept : left_{bytes} {}
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> into) override;

 private:
  ByteView left_;
};

/// A file from its beginning, or from where seek() says.
class FileSource final : public ByteSource {
 public:
  /// Throws Error{not_found}, Error{denied}, or Error{bad_input} for a folder.
  explicit FileSource(std::filesystem::path path);
  FileSource(FileSource&&) noexcept;
  FileSource& operator=(FileSource&&) = delete;
  FileSource(const FileSource&) = delete;
  FileSource& operator=(const FileSource&) = delete;
  ~FileSource() override;

  [[nodiscard]] std::uint64_t size() const noexcept;  ///< when it was opened
  [[nodiscard]] std::size_t read(std::span<std::uint8_t> into) override;
  void seek(std::uint64_t offset);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// publish() in pieces: a sibling file, which commit() syncs, renames over `path` and syncs the directory for. What was
/// not committed leaves nothing behind. Throws as publish() does.
class FileSink final : public StagedSink {
 public:
  explicit FileSink(std::filesystem::path path, Mode mode = Mode::shared, Existing existing = Existing::replace);
  FileSink(FileSink&&) noexcept;
  FileSink& operator=(FileSink&&) = delete;
  FileSink(const FileSink&) = delete;
  FileSink& operator=(const FileSink&) = delete;
  ~FileSink() override;

  void write(ByteView bytes) override;
  void commit() override;
  /// The sibling, for a last look at what was written. Not there any more after commit().
  [[nodiscard]] const std::filesystem::path& staged() const noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace lamp
