#include "lib/firmware/flash_record.hpp"

#include <botan/hash.h>

#include <algorithm>

#include "lib/base/error.hpp"

namespace lamp::firmware {
namespace {

constexpr std::size_t kHead = 8, kCheck = 32, kUnit = 8;
constexpr std::uint8_t kErased = 0xff;

std::string_view magic(RecordKind kind) { return kind == RecordKind::credential_block ? "LPCB" : "LPKY"; }

Bytes check_of(ByteView head_and_content) {
  return guarded(Errc::internal, [&] {
    const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
    hash->update(head_and_content);
    return hash->final_stdvec();
  });
}

}  // namespace

std::size_t flash_record_size(std::size_t content) noexcept {
  return (kHead + content + kCheck + kUnit - 1) / kUnit * kUnit;
}

SecureBytes flash_record(RecordKind kind, ByteView content) {
  if (content.size() > 0xffffff) throw Error{Errc::internal, "flash record over 16 MiB"};
  SecureBytes record;
  record.reserve(flash_record_size(content.size()));
  for (const char c : magic(kind)) record.push_back(static_cast<std::uint8_t>(c));
  for (unsigned shift = 0; shift < 32; shift += 8) record.push_back(static_cast<std::uint8_t>(content.size() >> shift));
  record.insert(record.end(), content.begin(), content.end());
  const auto check = check_of(record);
  record.insert(record.end(), check.begin(), check.end());
  record.resize(flash_record_size(content.size()), kErased);
  return record;
}

std::optional<ByteView> read_flash_record(RecordKind kind, ByteView flash) {
  if (flash.size() < kHead || !std::ranges::equal(flash.first(4), as_bytes(magic(kind)))) return std::nullopt;
  std::size_t size = 0;
  for (unsigned i = 0; i < 4; ++i) size |= static_cast<std::size_t>(flash[4 + i]) << (8 * i);
  if (size > flash.size() - kHead || flash.size() - kHead - size < kCheck) return std::nullopt;
  const auto check = flash.subspan(kHead + size, kCheck);
  if (!equal_constant_time(check_of(flash.first(kHead + size)), check)) return std::nullopt;
  return flash.subspan(kHead, size);
}

bool is_erased(ByteView flash) noexcept {
  return std::all_of(flash.begin(), flash.end(), [](std::uint8_t byte) { return byte == kErased; });
}

}  // namespace lamp::firmware
