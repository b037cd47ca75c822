#include "tests/pki/tbs_parts.hpp"

#include <algorithm>
#include <stdexcept>

#include "lib/pki/der.hpp"

namespace lamp::test {
namespace {

using pki::der::constructed_context;
using pki::der::Reader;

Bytes copy(ByteView view) { return {view.begin(), view.end()}; }

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const auto& part : parts) append(all, part);
  return all;
}

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes all;
  for (const auto& part : parts) append(all, part);
  return all;
}

std::vector<Bytes> items(Reader reader) {
  std::vector<Bytes> all;
  while (!reader.at_end()) all.push_back(copy(reader.next("item").whole));
  return all;
}

std::string identifier(const Bytes& one) {
  Reader outer{one};
  return hex(outer.enter(pki::der::kSequence, "extension").next("identifier").content);
}

}  // namespace

Bytes item(std::uint8_t tag, ByteView content) {
  Bytes all{tag};
  const auto size = content.size();
  if (size >= 0x100)
    all.insert(all.end(), {0x82, static_cast<std::uint8_t>(size >> 8)});
  else if (size >= 0x80)
    all.push_back(0x81);
  all.push_back(static_cast<std::uint8_t>(size & 0xFFU));
  append(all, content);
  return all;
}

Bytes item(std::uint8_t tag, const std::string& hex) { return item(tag, ByteView{from_hex(hex)}); }

Bytes extension(const std::string& oid_hex, bool critical, const std::string& content) {
  return item(0x30,
              ByteView{joined({item(0x06, oid_hex), critical ? from_hex("0101ff") : Bytes{}, item(0x04, content)})});
}

TbsParts TbsParts::of(ByteView tbs) {
  Reader outer{tbs};
  auto fields = outer.enter(0x30, "TBSCertificate");
  TbsParts parts;
  for (auto* part :
       {&parts.version, &parts.serial, &parts.algorithm, &parts.issuer, &parts.validity, &parts.subject, &parts.key})
    *part = copy(fields.next("part").whole);
  Reader inside{fields.next(constructed_context(3), "extensions").content};
  parts.extensions = items(inside.enter(0x30, "extensions"));
  return parts;
}

Bytes TbsParts::der() const {
  Bytes list;
  if (!extensions.empty()) list = item(0xA3, ByteView{item(0x30, ByteView{joined(extensions)})});
  return item(0x30, ByteView{joined({version, serial, algorithm, issuer, validity, subject, key, unique_id, list})});
}

void TbsParts::remove(const std::string& oid_hex) {
  std::erase_if(extensions, [&](const Bytes& one) { return identifier(one) == oid_hex; });
}

void TbsParts::set(const std::string& oid_hex, bool critical, const std::string& content) {
  remove(oid_hex);
  extensions.push_back(extension(oid_hex, critical, content));
}

Bytes TbsParts::value(const std::string& oid_hex) const {
  for (const auto& one : extensions) {
    if (identifier(one) != oid_hex) continue;
    Reader outer{one};
    auto fields = outer.enter(0x30, "extension");
    (void)fields.next("identifier");
    (void)fields.next_if(0x01, "critical");
    return copy(fields.next(0x04, "value").content);
  }
  throw std::logic_error{"the sample has no extension " + oid_hex};
}

void TbsParts::set_subject(const std::string& oid_hex, std::uint8_t tag, const std::string& text) {
  const auto pair = joined({item(0x06, oid_hex), item(tag, as_bytes(text))});
  subject = item(0x30, ByteView{item(0x31, ByteView{item(0x30, ByteView{pair})})});
}

ListParts ListParts::of(ByteView list) {
  Reader outer{list};
  auto signed_parts = outer.enter(0x30, "CertificateList");
  auto fields = signed_parts.enter(0x30, "TBSCertList");
  ListParts parts;
  for (auto* part : {&parts.version, &parts.algorithm, &parts.issuer, &parts.this_update, &parts.next_update})
    *part = copy(fields.next("part").whole);
  if (fields.peek() == 0x30) parts.entries = items(fields.enter(0x30, "entries"));
  Reader inside{fields.next(constructed_context(0), "extensions").content};
  parts.extensions = items(inside.enter(0x30, "extensions"));
  parts.outer_algorithm = copy(signed_parts.next("algorithm").whole);
  return parts;
}

Bytes ListParts::der() const {
  Bytes revoked, list;
  if (!entries.empty() || keep_empty_entries) revoked = item(0x30, ByteView{joined(entries)});
  if (!extensions.empty()) list = item(0xA0, ByteView{item(0x30, ByteView{joined(extensions)})});
  const auto tbs = item(0x30, ByteView{joined({version, algorithm, issuer, this_update, next_update, revoked, list})});
  return item(0x30, ByteView{joined({tbs, outer_algorithm, item(0x03, "003006020101020101")})});
}

}  // namespace lamp::test
