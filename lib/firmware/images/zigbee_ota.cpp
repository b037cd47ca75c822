#include "lib/firmware/images/zigbee_ota.hpp"

#include <algorithm>
#include <array>

#include "lib/firmware/images/aes_mmo.hpp"
#include "lib/firmware/images/little_endian.hpp"

namespace lamp::firmware::zigbee {
namespace {

constexpr std::size_t kFixedHeader = 56, kMaxHeader = 69, kText = 32, kElementHead = 6, kMaxElements = 64;
constexpr std::uint16_t kHeaderVersion = 0x0100;
constexpr std::uint16_t kHasCredential = 1, kHasDestination = 2, kHasHardware = 4;

/// Lengths that the specification fixes, by tag; 0 for any.
constexpr std::array<std::uint32_t, 7> kLengths{0, 8 + 42, 48, 16, 0, 8 + 72, 74};

std::uint16_t control_of(const Header& h) noexcept {
  unsigned bits = 0;
  if (h.credential_version) bits |= kHasCredential;
  if (h.destination) bits |= kHasDestination;
  if (h.hardware) bits |= kHasHardware;
  return static_cast<std::uint16_t>(bits);
}

class Parser {
 public:
  explicit Parser(const Input& input) : input_{input} {}

  Reading<File> read() {
    const bool whole = header() && elements() && order();
    Reading<File> out{std::nullopt, std::move(rules_.findings)};
    if (whole) out.value = std::move(file_);
    return out;
  }

 private:
  bool hold(bool holds, std::uint64_t at, const char* rule) { return rules_.hold(holds, at, rule); }
  bool header();
  bool text(ByteView bytes);
  bool optional_fields(std::uint16_t control, std::uint16_t size);
  bool elements();
  bool element(const Element& e);
  bool order();

  const Input& input_;
  File file_;
  Rules rules_;
};

bool Parser::text(ByteView bytes) {
  const auto end = std::find(bytes.begin(), bytes.end(), 0);
  file_.header.text.assign(bytes.begin(), end);
  return hold(std::all_of(bytes.begin(), end, [](std::uint8_t c) { return c >= 0x20 && c < 0x7F; }), 20,
              "a header string that is not printable") &&
         hold(std::all_of(end, bytes.end(), [](std::uint8_t c) { return c == 0; }), 20,
              "a header string with bytes after its end");
}

bool Parser::optional_fields(std::uint16_t control, std::uint16_t size) {
  auto& h = file_.header;
  if (!hold((control & ~(kHasCredential | kHasDestination | kHasHardware)) == 0, 8, "unknown bits of field control"))
    return false;
  const auto bytes = input_.bytes(kFixedHeader, std::min<std::size_t>(kMaxHeader, size) - kFixedHeader);
  std::size_t at = 0;
  const auto take = [&]<class T>(T) -> std::optional<T> {
    if (bytes.size() - at < sizeof(T)) return std::nullopt;
    const auto value = little_endian<T>(ByteView{bytes}.subspan(at));
    at += sizeof(T);
    return value;
  };
  bool there = true;
  if ((control & kHasCredential) != 0) there = (h.credential_version = take(std::uint8_t{})).has_value();
  if ((control & kHasDestination) != 0) there = (h.destination = take(std::uint64_t{})).has_value() && there;
  if ((control & kHasHardware) != 0) {
    const auto low = take(std::uint16_t{}), high = take(std::uint16_t{});
    there = there && high.has_value();
    if (there) h.hardware = {*low, *high};
  }
  return hold(there && size == h.size(), 6, "a header length that does not fit the fields") &&
         hold(!h.hardware || h.hardware->first <= h.hardware->second, size - 4U,
              "a lowest hardware version above the highest");
}

bool Parser::header() {
  if (!hold(input_.size() >= kFixedHeader, input_.size(), "it ends within the header")) return false;
  const auto bytes = input_.bytes(0, kFixedHeader);
  const ByteView b{bytes};
  const auto size = little_endian<std::uint16_t>(b.subspan(6));
  auto& h = file_.header;
  h.manufacturer = little_endian<std::uint16_t>(b.subspan(10));
  h.image_type = little_endian<std::uint16_t>(b.subspan(12));
  h.file_version = little_endian<std::uint32_t>(b.subspan(14));
  h.stack_version = little_endian<std::uint16_t>(b.subspan(18));
  return hold(little_endian<std::uint32_t>(b) == kMagic, 0, "not the magic number of a Zigbee OTA file") &&
         hold(little_endian<std::uint16_t>(b.subspan(4)) == kHeaderVersion, 4, "a header version other than 1.0") &&
         hold(size >= kFixedHeader && size <= input_.size(), 6, "an impossible header length") &&
         hold(h.file_version != 0xFFFFFFFF, 14, "a file version that stands for any") &&
         hold(h.stack_version <= 3, 18, "an unknown stack version") && text(b.subspan(20, kText)) &&
         hold(little_endian<std::uint32_t>(b.subspan(52)) == input_.size(), 52,
              "a total image size that is not the file's") &&
         optional_fields(little_endian<std::uint16_t>(b.subspan(8)), size);
}

bool Parser::element(const Element& e) {
  const bool known = e.tag < kLengths.size();
  return hold(known || e.tag >= first_of_vendors, e.offset, "an element with a reserved tag") &&
         hold(!known || kLengths[e.tag] == 0 || kLengths[e.tag] == e.length, e.offset + 2,
              "an element of a wrong length") &&
         hold(!known || file_.find(e.tag) == nullptr, e.offset, "an element that is there twice");
}

bool Parser::elements() {
  std::uint64_t at = file_.header.size();
  while (at < input_.size()) {
    if (!hold(input_.has(at, kElementHead), at, "it ends within an element's head") ||
        !hold(file_.elements.size() < kMaxElements, at, "more than 64 elements"))
      return false;
    const auto head = input_.bytes(at, kElementHead);
    const Element e{at, little_endian<std::uint16_t>(head), little_endian<std::uint32_t>(ByteView{head}.subspan(2))};
    if (!hold(input_.has(e.data(), e.length), at + 2, "an element longer than the file") || !element(e)) return false;
    file_.elements.push_back(e);
    at = e.data() + e.length;
  }
  return hold(!file_.elements.empty(), at, "a file without elements");
}

/// What is hashed or signed is everything before: code and signature come last, and exclude each other.
bool Parser::order() {
  const auto& last = file_.elements.back();
  for (const auto tag : {integrity_code, signature_suite_1, signature_suite_2}) {
    const auto* e = file_.find(tag);
    if (e != nullptr && !hold(e->offset == last.offset, e->offset, "an element that must be the last")) return false;
  }
  for (const auto& [signature, certificate] :
       {std::pair{signature_suite_1, certificate_suite_1}, std::pair{signature_suite_2, certificate_suite_2}}) {
    const auto* e = file_.find(certificate);
    if (e != nullptr && !hold(file_.find(signature) != nullptr, e->offset, "a certificate without its signature"))
      return false;
  }
  return true;
}

bool code_is(const MmoDigest& computed, ByteView code) { return std::ranges::equal(computed, code); }

void require(bool holds, const char* what) {
  if (!holds) throw Error{Errc::bad_input, std::string{"Zigbee OTA file: "} + what};
}

Bytes encode(const Header& h, std::uint64_t total) {
  require(h.text.size() <= kText, "a header string of more than 32 bytes");
  require(total < 1ULL << 29U, "512 MiB or more");
  Bytes b;
  append_little_endian(b, kMagic);
  append_little_endian(b, kHeaderVersion);
  append_little_endian(b, static_cast<std::uint16_t>(h.size()));
  append_little_endian(b, control_of(h));
  append_little_endian(b, h.manufacturer);
  append_little_endian(b, h.image_type);
  append_little_endian(b, h.file_version);
  append_little_endian(b, h.stack_version);
  append(b, as_bytes(h.text));
  b.resize(20 + kText);
  append_little_endian(b, static_cast<std::uint32_t>(total));
  if (h.credential_version) b.push_back(*h.credential_version);
  if (h.destination) append_little_endian(b, *h.destination);
  if (h.hardware) {
    append_little_endian(b, h.hardware->first);
    append_little_endian(b, h.hardware->second);
  }
  return b;
}

Bytes head_of(std::uint16_t tag, std::uint64_t length) {
  Bytes head;
  append_little_endian(head, tag);
  append_little_endian(head, static_cast<std::uint32_t>(length));
  return head;
}

/// Hashes what passes.
class Hashing final : public ByteSink {
 public:
  explicit Hashing(ByteSink& to) : to_{to} {}
  void write(ByteView bytes) override {
    hash_.update(bytes);
    to_.write(bytes);
  }
  [[nodiscard]] MmoDigest digest() const { return hash_.digest(MmoPadding::specified); }

 private:
  ByteSink& to_;
  AesMmo hash_;
};

/// The structure of what would be written, without its data: zeros stand for them.
class Outline final : public Input {
 public:
  Outline(Bytes header, const std::vector<std::pair<std::uint64_t, Bytes>>& heads, std::uint64_t size)
      : header_{std::move(header)}, heads_{heads}, size_{size} {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  void read(std::uint64_t at, std::span<std::uint8_t> into) const override {
    const auto byte = [&](std::uint64_t place) -> std::uint8_t {
      if (place < header_.size()) return header_[static_cast<std::size_t>(place)];
      for (const auto& [start, head] : heads_)
        if (place >= start && place - start < head.size()) return head[static_cast<std::size_t>(place - start)];
      return 0;
    };
    for (auto& out : into) out = byte(at++);
  }

 private:
  Bytes header_;
  const std::vector<std::pair<std::uint64_t, Bytes>>& heads_;
  std::uint64_t size_;
};

}  // namespace

std::size_t Header::size() const noexcept {
  return kFixedHeader + (credential_version ? 1U : 0U) + (destination ? 8U : 0U) + (hardware ? 4U : 0U);
}

const Element* File::find(std::uint16_t tag) const noexcept {
  const auto it = std::find_if(elements.begin(), elements.end(), [&](const Element& e) { return e.tag == tag; });
  return it == elements.end() ? nullptr : &*it;
}

Reading<File> read(const Input& file) { return Parser{file}.read(); }

std::string_view name_of(Integrity integrity) noexcept {
  switch (integrity) {
    case Integrity::none: return "none";
    case Integrity::specified: return "as specified";
    case Integrity::short_length: return "with the length cut to 16 bits";
    case Integrity::with_head: return "over its own tag and length too";
    case Integrity::wrong: return "wrong";
  }
  return "wrong";
}

Integrity check_integrity(const Input& file, const File& read) {
  const auto* e = read.find(integrity_code);
  if (e == nullptr) return Integrity::none;
  if (file.size() >= 1ULL << 29U) return Integrity::wrong;
  const auto code = file.bytes(e->data(), e->length);
  AesMmo hash;
  file.each(0, e->offset, [&](ByteView piece) { hash.update(piece); });
  if (code_is(hash.digest(MmoPadding::specified), code)) return Integrity::specified;
  if (code_is(hash.digest(MmoPadding::short_length), code)) return Integrity::short_length;
  hash.update(head_of(e->tag, e->length));
  return code_is(hash.digest(MmoPadding::specified), code) ? Integrity::with_head : Integrity::wrong;
}

Findings verify(const Input& file, const File& read) {
  Rules rules;
  const auto* code = read.find(integrity_code);
  (void)rules.hold(check_integrity(file, read) != Integrity::wrong, code == nullptr ? 0 : code->data(),
                   "the integrity code does not match");
  return std::move(rules.findings);
}

void write(const Header& header, const std::vector<ElementSource>& elements, WithIntegrity integrity, ByteSink& to) {
  std::vector<std::pair<std::uint64_t, Bytes>> heads;
  std::uint64_t total = header.size();
  const auto add = [&](std::uint16_t tag, std::uint64_t length) {
    require(length < 1ULL << 29U, "512 MiB or more");
    heads.emplace_back(total, head_of(tag, length));
    total += kElementHead + length;
  };
  for (const auto& e : elements) add(e.tag, e.data.size());
  if (integrity == WithIntegrity::yes) add(integrity_code, sizeof(MmoDigest));
  const auto outline = read(Outline{encode(header, total), heads, total});
  if (!outline.good()) require(false, outline.findings.front().text().c_str());

  Hashing hashing{to};
  hashing.write(encode(header, total));
  for (std::size_t i = 0; i < elements.size(); ++i) {
    hashing.write(heads[i].second);
    copy(elements[i].data, hashing);
  }
  if (integrity == WithIntegrity::no) return;
  const auto code = hashing.digest();
  to.write(heads.back().second);
  to.write(code);
}

}  // namespace lamp::firmware::zigbee
