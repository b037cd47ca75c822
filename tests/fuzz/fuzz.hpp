// What every target here asks of a reader of foreign bytes: a value, or an Error that blames the bytes. Any other
// exception, an Error{internal}, a crash or a hang is a finding.
#pragma once

#include <cstdlib>
#include <iostream>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "lib/base/bytes.hpp"
#include "lib/base/error.hpp"

namespace lamp::fuzz {

[[noreturn]] inline void finding(std::string_view what) {
  std::cerr << "finding: " << what << '\n';
  std::abort();
}

/// The value, or nothing when the reader refused the bytes.
template <class Read>
auto read(Read&& reader) -> std::optional<decltype(reader())> {
  auto result = attempt(std::forward<Read>(reader));
  if (const auto* error = std::get_if<Error>(&result)) {
    if (error->code() == Errc::internal) finding(error->what());
    return std::nullopt;
  }
  return std::get<0>(std::move(result));
}

inline void require(bool holds, std::string_view what) {
  if (!holds) finding(what);
}

inline std::string_view text(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace lamp::fuzz

/// libFuzzer's entry point, defined by each target.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
