#include "lib/firmware/images/input.hpp"

#include <algorithm>
#include <vector>

#include "lib/base/posix_file.hpp"

namespace lamp::firmware {
namespace {

constexpr std::size_t kChunk = 65536;

void require_inside(const Input& input, std::uint64_t at, std::uint64_t length) {
  if (!input.has(at, length)) throw Error{Errc::bad_input, "it ends before byte " + std::to_string(at + length)};
}

}  // namespace

Bytes Input::bytes(std::uint64_t at, std::size_t length) const {
  require_inside(*this, at, length);
  Bytes out(length);
  read(at, out);
  return out;
}

void Input::each(std::uint64_t at, std::uint64_t length, const std::function<void(ByteView)>& use) const {
  require_inside(*this, at, length);
  std::vector<std::uint8_t> buffer(static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, length)));
  while (length > 0) {
    const auto piece = std::span{buffer}.first(static_cast<std::size_t>(std::min<std::uint64_t>(kChunk, length)));
    read(at, piece);
    use(piece);
    at += piece.size();
    length -= piece.size();
  }
}

void MemoryInput::read(std::uint64_t at, std::span<std::uint8_t> into) const {
  require_inside(*this, at, into.size());
  const auto from = bytes_.subspan(static_cast<std::size_t>(at), into.size());
  std::copy(from.begin(), from.end(), into.begin());
}

struct FileInput::State {
  std::filesystem::path path;
  posix::Descriptor file;
  std::uint64_t size = 0;
};

FileInput::FileInput(std::filesystem::path path) {
  posix::Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) posix::fail(path, errno);
  const auto info = posix::status_of(file, path);
  if (!S_ISREG(info.st_mode)) throw Error{Errc::bad_input, path.string() + ": not a regular file"};
  state_ = std::make_unique<State>(State{std::move(path), std::move(file), static_cast<std::uint64_t>(info.st_size)});
}

FileInput::~FileInput() = default;

std::uint64_t FileInput::size() const noexcept { return state_->size; }

void FileInput::read(std::uint64_t at, std::span<std::uint8_t> into) const {
  require_inside(*this, at, into.size());
  while (!into.empty()) {
    const auto n = ::pread(state_->file.get(), into.data(), into.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) posix::fail(state_->path, errno);
    if (n == 0) throw Error{Errc::unavailable, state_->path.string() + ": became shorter while it was read"};
    into = into.subspan(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

Section::Section(const Input& whole, std::uint64_t at, std::uint64_t length) : whole_{whole}, at_{at}, length_{length} {
  require_inside(whole, at, length);
}

void Section::read(std::uint64_t at, std::span<std::uint8_t> into) const {
  require_inside(*this, at, into.size());
  whole_.read(at_ + at, into);
}

void copy(const Input& from, ByteSink& to) {
  from.each(0, from.size(), [&](ByteView piece) { to.write(piece); });
}

}  // namespace lamp::firmware
