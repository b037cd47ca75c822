#include "lib/base/stream.hpp"

#include <algorithm>
#include <atomic>

#include "lib/base/posix_file.hpp"

namespace lamp {
namespace {

namespace fs = std::filesystem;
using posix::Descriptor;
using posix::fail;

fs::path directory_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path{"."}; }

void sync_directory(const fs::path& directory) {
  const Descriptor handle{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (handle.get() < 0 || ::fsync(handle.get()) != 0) fail(directory, errno);
}

fs::path sibling_of(const fs::path& path) {
  static std::atomic<unsigned> counter{0};
  auto sibling = path;
  sibling += ".new-" + std::to_string(::getpid()) + "-" + std::to_string(counter++);
  return sibling;
}

/// Each new one is durable in its parent: a file is lost with a directory that a power cut takes away.
void make_directories(const fs::path& directory) {
  std::error_code ignored;  // whoever opens a file there says what is wrong
  if (fs::is_directory(directory, ignored)) return;
  const auto parent = directory_of(directory);
  if (parent != directory) make_directories(parent);
  fs::create_directory(directory, ignored);
  if (fs::is_directory(directory, ignored)) sync_directory(parent);  // also when another thread was quicker
}

Descriptor create(const fs::path& sibling, const fs::path& path, Mode mode) {
  make_directories(directory_of(path));
  Descriptor file{::open(sibling.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, static_cast<mode_t>(mode))};
  if (file.get() < 0) fail(path, errno);
  return file;
}

}  // namespace

std::size_t ViewSource::read(std::span<std::uint8_t> into) {
  const auto size = std::min(into.size(), left_.size());
  std::copy_n(left_.begin(), size, into.begin());
  left_ = left_.subspan(size);
  return size;
}

struct FileSource::State {
  fs::path path;
  Descriptor file;
  std::uint64_t size = 0;
};

FileSource::FileSource(fs::path path) {
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) fail(path, errno);
  const auto info = posix::status_of(file, path);
  (void)::posix_fadvise(file.get(), 0, 0, POSIX_FADV_SEQUENTIAL);  // a hint
  state_ = std::make_unique<State>(
      State{std::move(path), std::move(file), static_cast<std::uint64_t>(std::max<off_t>(info.st_size, 0))});
}

FileSource::FileSource(FileSource&&) noexcept = default;
FileSource::~FileSource() = default;

std::uint64_t FileSource::size() const noexcept { return state_->size; }

std::size_t FileSource::read(std::span<std::uint8_t> into) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const auto n = posix::read_some(state_->file, into.subspan(filled), state_->path);
    if (n == 0) break;
    filled += n;
  }
  return filled;
}

void FileSource::seek(std::uint64_t offset) {
  if (::lseek(state_->file.get(), static_cast<off_t>(offset), SEEK_SET) < 0) fail(state_->path, errno);
}

struct FileSink::State {
  fs::path path, sibling;
  Existing existing;
  Descriptor file;
  bool renamed = false;

  State(fs::path target, Mode mode, Existing if_there)
      : path{std::move(target)}, sibling{sibling_of(path)}, existing{if_there}, file{create(sibling, path, mode)} {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (!renamed) ::unlink(sibling.c_str());
  }
};

FileSink::FileSink(fs::path path, Mode mode, Existing existing)
    : state_{std::make_unique<State>(std::move(path), mode, existing)} {
  if (::fchmod(state_->file.get(), static_cast<mode_t>(mode)) != 0) fail(state_->path, errno);  // whatever the umask
}

FileSink::FileSink(FileSink&&) noexcept = default;
FileSink::~FileSink() = default;

void FileSink::write(ByteView bytes) { posix::write_all(state_->file, bytes, state_->path); }

const fs::path& FileSink::staged() const noexcept { return state_->sibling; }

void FileSink::commit() {
  auto& s = *state_;
  if (::fsync(s.file.get()) != 0 || s.file.close() != 0) fail(s.path, errno);
  const bool refuse = s.existing == Existing::refuse;
  // link() fails when the target exists, which rename() does not.
  const int result = refuse ? ::link(s.sibling.c_str(), s.path.c_str()) : ::rename(s.sibling.c_str(), s.path.c_str());
  if (result != 0) {
    if (errno == EEXIST) throw Error{Errc::exists, s.path.string() + ": exists already; not overwritten"};
    fail(s.path, errno);
  }
  s.renamed = !refuse;
  sync_directory(directory_of(s.path));
}

}  // namespace lamp
