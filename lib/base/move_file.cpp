#include "lib/base/move_file.hpp"

#include "lib/base/posix_file.hpp"

namespace lamp {

void move_file(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) posix::fail(from, errno);
  const auto folder = to.has_parent_path() ? to.parent_path() : std::filesystem::path{"."};
  const posix::Descriptor handle{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (handle.get() < 0 || ::fsync(handle.get()) != 0) posix::fail(folder, errno);
}

}  // namespace lamp
