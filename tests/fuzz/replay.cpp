// Runs a target without libFuzzer, as an ordinary test: on each seed, and on each seed with one byte changed, cut off
// at every length, and with its two halves swapped.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "lib/base/file.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

std::size_t runs = 0;

void run(const lamp::Bytes& input) {
  ++runs;
  (void)LLVMFuzzerTestOneInput(input.data(), input.size());
}

/// Large seeds are changed at fewer places, so that a target stays within a few seconds.
std::size_t step_for(std::size_t size) { return std::max<std::size_t>(1, size / 1000); }

void run_with_changes(const lamp::Bytes& seed) {
  run(seed);
  const auto step = step_for(seed.size());
  for (std::size_t at = 0; at < seed.size(); at += step) {
    for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
      auto changed = seed;
      changed[at] = static_cast<std::uint8_t>(changed[at] ^ flip);
      run(changed);
    }
    run({seed.begin(), seed.begin() + static_cast<std::ptrdiff_t>(at)});
  }
  auto swapped = seed;
  std::rotate(swapped.begin(), swapped.begin() + static_cast<std::ptrdiff_t>(swapped.size() / 2), swapped.end());
  run(swapped);
}

}  // namespace

int main(int argc, char** argv) {
  run({});
  std::size_t seeds = 0;
  for (int i = 1; i < argc; ++i)
    for (const auto& entry : std::filesystem::directory_iterator{argv[i]}) {
      run_with_changes(lamp::read_file(entry.path()));
      ++seeds;
    }
  std::printf("%zu seeds, %zu inputs\n", seeds, runs);
  return seeds == 0 ? 1 : 0;  // a target without seeds reaches nothing
}
