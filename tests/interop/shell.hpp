// Runs another implementation's program and gives what it said.
#pragma once

#include <array>
#include <cstdio>
#include <string>

namespace lamp::test {

struct Said {
  int status;
  std::string text;  ///< both streams
};

inline Said run(const std::string& command) {
  Said said{-1, {}};
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return said;
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    said.text.append(buffer.data(), n);
  said.status = ::pclose(pipe);
  return said;
}

/// Whether a program is there: what `command -v` says.
inline bool installed(const std::string& program) { return run("command -v " + program).status == 0; }

}  // namespace lamp::test
