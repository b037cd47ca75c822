#include "lib/firmware/images/cpio.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace lamp::firmware::cpio {
namespace {

constexpr std::size_t kHeader = 110, kMaxName = 255, kMaxEntries = 1000, kBlock = 512;
constexpr std::string_view kPlain = "070701", kWithSum = "070702", kTrailer = "TRAILER!!!";
constexpr std::uint32_t kTypeMask = 0170000, kRegular = 0100000, kMode = 0100644;

/// Fields of eight hexadecimal digits behind the magic number.
enum Field : std::size_t { mode = 1, file_size = 6, name_size = 11, check = 12, count = 13 };
constexpr std::size_t offset_of(Field field) noexcept { return 6 + 8 * std::size_t{field}; }

std::optional<std::uint32_t> hex_number(std::string_view text) {
  std::uint32_t value = 0;
  for (const char c : text) {
    unsigned digit = 0;
    if (c >= '0' && c <= '9')
      digit = static_cast<unsigned>(c - '0');
    else if (c >= 'A' && c <= 'F')
      digit = static_cast<unsigned>(c - 'A') + 10;
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<unsigned>(c - 'a') + 10;
    else
      return std::nullopt;
    value = value << 4U | digit;
  }
  return value;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && name.front() != '.' && name.front() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '/' && c != '\\'; });
}

class Parser {
 public:
  explicit Parser(const Input& archive) : archive_{archive} {}

  Reading<std::vector<Entry>> read() {
    while (!ended_ && entry()) {
    }
    const bool whole = ended_ && after_trailer();
    Reading<std::vector<Entry>> out{std::nullopt, std::move(rules_.findings)};
    if (whole) out.value = std::move(entries_);
    return out;
  }

 private:
  bool hold(bool holds, std::uint64_t at, const char* rule) { return rules_.hold(holds, at, rule); }
  bool entry();
  bool fields(Entry& e, std::string_view header);
  bool name(Entry& e);
  bool skip_padding(std::uint64_t from);
  bool after_trailer();

  const Input& archive_;
  std::uint64_t at_ = 0;
  std::array<std::uint32_t, Field::count> fields_{};
  bool ended_ = false;
  std::vector<Entry> entries_;
  Rules rules_;
};

bool Parser::fields(Entry& e, std::string_view header) {
  e.has_sum = header.starts_with(kWithSum);
  if (!hold(e.has_sum || header.starts_with(kPlain), at_, "not the magic number of a cpio entry")) return false;
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    const auto place = offset_of(static_cast<Field>(i));
    const auto value = hex_number(header.substr(place, 8));
    if (!hold(value.has_value(), at_ + place, "a field that is no hexadecimal number")) return false;
    fields_[i] = *value;
  }
  e.size = fields_[file_size];
  e.sum = fields_[check];
  return true;
}

bool Parser::name(Entry& e) {
  const std::uint64_t size = fields_[name_size];
  if (!hold(size >= 2 && size <= kMaxName + 1, at_ + offset_of(name_size), "an impossible length of a name") ||
      !hold(archive_.has(at_ + kHeader, size), at_ + kHeader, "it ends within a name"))
    return false;
  const auto bytes = archive_.bytes(at_ + kHeader, static_cast<std::size_t>(size));
  e.name.assign(bytes.begin(), bytes.end() - 1);
  ended_ = e.name == kTrailer;
  return hold(bytes.back() == 0 && is_plain_name(e.name), at_ + kHeader, "a name that is no plain file name") &&
         hold(std::none_of(entries_.begin(), entries_.end(), [&](const Entry& other) { return other.name == e.name; }),
              at_ + kHeader, "a name that is there twice") &&
         hold(ended_ || (fields_[mode] & kTypeMask) == kRegular, at_ + offset_of(mode), "not a regular file") &&
         hold(!ended_ || e.size == 0, at_ + offset_of(file_size), "a trailer with content");
}

bool Parser::skip_padding(std::uint64_t from) {
  const auto length = static_cast<std::size_t>((4 - from % 4) % 4);
  if (!hold(archive_.has(from, length), from, "it ends within padding")) return false;
  const auto bytes = archive_.bytes(from, length);
  at_ = from + length;
  return hold(std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; }), from,
              "padding that is not zero");
}

bool Parser::entry() {
  if (!hold(archive_.has(at_, kHeader), at_, "it ends without a trailer") ||
      !hold(entries_.size() < kMaxEntries, at_, "more than 1000 entries"))
    return false;
  Entry e;
  e.offset = at_;
  const auto header = archive_.bytes(at_, kHeader);
  if (!fields(e, {reinterpret_cast<const char*>(header.data()), header.size()}) || !name(e) ||
      !skip_padding(at_ + kHeader + fields_[name_size]))
    return false;
  if (ended_) return true;
  e.data = at_;
  if (!hold(archive_.has(at_, e.size), e.offset + offset_of(file_size), "a file longer than the archive") ||
      !skip_padding(at_ + e.size))
    return false;
  entries_.push_back(std::move(e));
  return true;
}

bool Parser::after_trailer() {
  const auto left = archive_.size() - at_;
  if (!rules_.findings.empty() || !hold(left < kBlock, at_, "bytes after the trailer")) return false;
  const auto bytes = archive_.bytes(at_, static_cast<std::size_t>(left));
  return hold(std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t b) { return b == 0; }), at_,
              "bytes after the trailer");
}

std::uint32_t sum_of(const Input& data, std::uint64_t at, std::uint64_t size) {
  std::uint32_t sum = 0;
  data.each(at, size, [&](ByteView piece) {
    for (const auto byte : piece) sum += byte;
  });
  return sum;
}

}  // namespace

Reading<std::vector<Entry>> read(const Input& archive) { return Parser{archive}.read(); }

bool sum_is_right(const Input& archive, const Entry& entry) {
  return !entry.has_sum || sum_of(archive, entry.data, entry.size) == entry.sum;
}

void Writer::put(ByteView bytes) {
  to_.write(bytes);
  at_ += bytes.size();
}

void Writer::pad(std::uint64_t multiple) {
  put(Bytes(static_cast<std::size_t>((multiple - at_ % multiple) % multiple)));
}

void Writer::header(const std::string& name, std::uint32_t file_mode, std::uint32_t size, std::uint32_t sum) {
  std::array<std::uint32_t, Field::count> fields{};
  fields[0] = number_;
  fields[mode] = file_mode;
  fields[4] = 1;  // links
  fields[file_size] = size;
  fields[name_size] = static_cast<std::uint32_t>(name.size() + 1);
  fields[check] = sum;
  std::string text{kWithSum};
  for (const auto field : fields) text += fmt::format("{:08X}", field);
  put(as_bytes(text + name));
  put(Bytes(1));
  pad(4);
}

void Writer::add(const std::string& name, const Input& data) {
  if (!is_plain_name(name) || name == kTrailer)
    throw Error{Errc::bad_input, "'" + name + "' cannot be the name of a file in an archive"};
  if (data.size() > 0xFFFFFFFF) throw Error{Errc::bad_input, name + ": a cpio archive has no room for 4 GiB"};
  ++number_;
  header(name, kMode, static_cast<std::uint32_t>(data.size()), sum_of(data, 0, data.size()));
  data.each(0, data.size(), [&](ByteView piece) { put(piece); });
  pad(4);
}

void Writer::end() {
  number_ = 0;
  header(std::string{kTrailer}, 0, 0, 0);
  pad(kBlock);
}

}  // namespace lamp::firmware::cpio
