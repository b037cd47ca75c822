// One line of the table: how many, in how much time of the clock and of the processors.
#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

namespace lamp::bench {

struct Cost {
  double wall = 0, cpu = 0;  ///< seconds
};

class Stopwatch {
 public:
  Stopwatch() : began_{std::chrono::steady_clock::now()}, cpu_{cpu_seconds()} {}
  [[nodiscard]] Cost lap() const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - began_;
    return {wall.count(), cpu_seconds() - cpu_};
  }

 private:
  static double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
  }
  std::chrono::steady_clock::time_point began_;
  double cpu_;
};

inline void report(const std::string& name, std::uint64_t count, const Cost& cost) {
  const auto n = static_cast<double>(count);
  std::printf("%-58s %8llu %9.0f /s %9.1f us\n", name.c_str(), static_cast<unsigned long long>(count), n / cost.wall,
              cost.cpu / n * 1e6);
  std::fflush(stdout);
}

}  // namespace lamp::bench
