#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/lamp/tool.hpp"

namespace {

constexpr std::array<std::string_view, 9> kTools{"hsm",  "ca",  "sign",  "factory", "cloud",
                                                 "bind", "ota", "audit", "sim"};

/// Becomes lamp-<tool>: the one beside this program, else the one in PATH. Returns only when there is none.
void become(const std::string& tool, char** argv) {
  std::error_code unknown;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", unknown);
  argv[0] = const_cast<char*>(tool.c_str());
  if (!unknown) ::execv((self.parent_path() / tool).c_str(), argv);
  ::execvp(tool.c_str(), argv);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::find(kTools.begin(), kTools.end(), argv[1]) != kTools.end()) {
    const std::string tool = std::string{"lamp-"} + argv[1];
    become(tool, argv + 1);
    std::perror(tool.c_str());
    return static_cast<int>(lamp::cli::Exit::failed);
  }
  lamp::cli::RealWorld real;
  return lamp::cli::run(lamp::cli::make_lamp_tool(), argc, argv, real.world());
}
