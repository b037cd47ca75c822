// Bytes that may be more than memory holds: images are read, hashed, encrypted and written through a small buffer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>

#include "lib/base/bytes.hpp"

namespace lamp::firmware {

/// Bytes at positions: a file, or memory.
class Input {
 public:
  Input() = default;
  Input(const Input&) = delete;
  Input& operator=(const Input&) = delete;
  virtual ~Input() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  /// Throws Error{unavailable} when [at, at + into.size()) is not all there.
  virtual void read(std::uint64_t at, std::span<std::uint8_t> into) const = 0;

  /// Whether [at, at + length) lies inside.
  [[nodiscard]] bool has(std::uint64_t at, std::uint64_t length) const noexcept {
    return at <= size() && length <= size() - at;
  }
  /// For small pieces whose place was checked.
  [[nodiscard]] Bytes bytes(std::uint64_t at, std::size_t length) const;
  /// [at, at + length) in pieces of at most 64 KiB.
  void each(std::uint64_t at, std::uint64_t length, const std::function<void(ByteView)>& use) const;
};

/// Borrows the bytes.
class MemoryInput final : public Input {
 public:
  explicit MemoryInput(ByteView bytes) noexcept : bytes_{bytes} {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  void read(std::uint64_t at, std::span<std::uint8_t> into) const override;

 private:
  ByteView bytes_;
};

/// A regular file, whose size is taken once.
class FileInput final : public Input {
 public:
  /// Throws Error{not_found}, or Error{bad_input} when it is no regular file.
  explicit FileInput(const std::filesystem::path& path);
  ~FileInput() override;
  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  void read(std::uint64_t at, std::span<std::uint8_t> into) const override;

 private:
  std::filesystem::path path_;
  int descriptor_;
  std::uint64_t size_ = 0;
};

/// A part of another input, which must outlive it.
class Section final : public Input {
 public:
  /// Throws Error{bad_input} unless it lies inside.
  Section(const Input& whole, std::uint64_t at, std::uint64_t length);
  [[nodiscard]] std::uint64_t size() const noexcept override { return length_; }
  void read(std::uint64_t at, std::span<std::uint8_t> into) const override;

 private:
  const Input& whole_;
  std::uint64_t at_, length_;
};

/// Where bytes go, in order.
class Output {
 public:
  Output() = default;
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;
  virtual ~Output() = default;
  virtual void write(ByteView bytes) = 0;
};

class MemoryOutput final : public Output {
 public:
  void write(ByteView bytes) override { append(bytes_, bytes); }
  [[nodiscard]] const Bytes& bytes() const noexcept { return bytes_; }

 private:
  Bytes bytes_;
};

/// A file that is whole or not there: written beside its place, and moved there by commit().
class FileOutput final : public Output {
 public:
  enum class Readers { all, owner };
  /// Missing folders are made. Throws Error{unavailable}.
  explicit FileOutput(std::filesystem::path path, Readers readers = Readers::all);
  ~FileOutput() override;  ///< without commit() nothing is left behind
  void write(ByteView bytes) override;
  /// Synced, renamed, folder synced: after a power cut the old file is there or this one.
  void commit();

 private:
  std::filesystem::path path_, beside_;
  int descriptor_ = -1;
};

/// All of `from`.
void copy(const Input& from, Output& to);

}  // namespace lamp::firmware
