// Bytes at positions that may be more than memory holds: images are read, hashed and encrypted through a small buffer.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "lib/base/bytes.hpp"
#include "lib/base/stream.hpp"

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
  /// Throws Error{not_found}, Error{denied}, or Error{bad_input} when it is no regular file.
  explicit FileInput(std::filesystem::path path);
  ~FileInput() override;
  [[nodiscard]] std::uint64_t size() const noexcept override;
  void read(std::uint64_t at, std::span<std::uint8_t> into) const override;

 private:
  struct State;
  std::unique_ptr<State> state_;
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

/// All of `from`.
void copy(const Input& from, ByteSink& to);

}  // namespace lamp::firmware
