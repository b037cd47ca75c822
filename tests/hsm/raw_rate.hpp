// How fast a token signs when nobody checks, records or encodes anything: the ceiling of whatever uses it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace lamp::test {

/// Signs 32-byte digests with the P-256 key of this label, in `threads` sessions of their own.
void sign_raw(const std::filesystem::path& module, const std::string& token, const std::string& pin,
              const std::string& label, unsigned threads, std::uint64_t each);

}  // namespace lamp::test
