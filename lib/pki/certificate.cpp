#include "lib/pki/certificate.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "lib/base/error.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki {
namespace {

CertificateTime read_time(der::Reader& reader, std::string_view what) {
  const auto item = reader.next(what);
  if (item.tag != der::kUtcTime && item.tag != der::kGeneralizedTime)
    throw Error{Errc::bad_input, std::string{what} + ": neither UTCTime nor GeneralizedTime"};
  return {item.tag, to_text(item.content)};
}

int digits(std::string_view text, std::size_t at, std::size_t count) {
  int value = 0;
  std::from_chars(text.data() + at, text.data() + at + count, value);
  return value;
}

}  // namespace

std::vector<NameAttribute> read_name(ByteView content) {
  std::vector<NameAttribute> attributes;
  der::Reader rdns{content};
  while (!rdns.at_end()) {
    auto set = rdns.enter(der::kSet, "relative distinguished name");
    do {
      auto pair = set.enter(der::kSequence, "name attribute");
      NameAttribute attribute;
      attribute.oid = der::object_id(pair.next(der::kObjectId, "name attribute's type").content);
      const auto value = pair.next("name attribute's value");
      attribute.string_type = value.tag;
      attribute.text = to_text(value.content);
      pair.end("name attribute");
      attributes.push_back(std::move(attribute));
    } while (!set.at_end());
  }
  return attributes;
}

std::vector<Extension> read_extensions(ByteView content) {
  std::vector<Extension> extensions;
  der::Reader outer{content};
  auto list = outer.enter(der::kSequence, "extensions");
  outer.end("extensions");
  do {
    auto fields = list.enter(der::kSequence, "extension");
    Extension extension;
    extension.oid = der::object_id(fields.next(der::kObjectId, "extension's identifier").content);
    if (const auto critical = fields.next_if(der::kBoolean, "extension's critical flag")) {
      extension.critical = der::boolean(critical->content);
      extension.default_written = !extension.critical;
    }
    extension.value = fields.next(der::kOctetString, "extension's value").content;
    fields.end("extension");
    extensions.push_back(std::move(extension));
  } while (!list.at_end());
  return extensions;
}

std::optional<std::string> only_value(const std::vector<NameAttribute>& name, std::string_view oid) {
  const auto is_it = [&](const NameAttribute& a) { return a.oid == oid; };
  if (std::count_if(name.begin(), name.end(), is_it) != 1) return std::nullopt;
  return std::find_if(name.begin(), name.end(), is_it)->text;
}

std::optional<Instant> CertificateTime::instant() const {
  using namespace std::chrono;
  const bool utc = tag == der::kUtcTime;
  const std::size_t year_digits = utc ? 2 : 4;
  if (text.size() != year_digits + 11 || text.back() != 'Z') return std::nullopt;
  if (!std::all_of(text.begin(), text.end() - 1, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  int year_number = digits(text, 0, year_digits);
  if (utc) year_number += year_number < 50 ? 2000 : 1900;
  const auto part = [&](std::size_t index) { return digits(text, year_digits + index * 2, 2); };
  const auto date = year{year_number} / part(0) / part(1);
  if (!date.ok() || part(2) > 23 || part(3) > 59 || part(4) > 59) return std::nullopt;
  return sys_days{date} + hours{part(2)} + minutes{part(3)} + seconds{part(4)};
}

Tbs Tbs::parse(ByteView der) {
  der::Reader outer{der};
  auto fields = outer.enter(der::kSequence, "TBSCertificate");
  outer.end("TBSCertificate");
  Tbs tbs;
  if (const auto version = fields.next_if(der::constructed_context(0), "version")) {
    der::Reader inside{version->content};
    tbs.version = 1 + der::small_integer(inside.next(der::kInteger, "version").content, "version");
    inside.end("version");
  }
  tbs.serial = fields.next(der::kInteger, "serial number").content;
  der::require_integer(tbs.serial, "serial number");
  tbs.signature_algorithm = fields.next(der::kSequence, "signature algorithm").whole;
  tbs.issuer = fields.next(der::kSequence, "issuer").whole;
  auto validity = fields.enter(der::kSequence, "validity");
  tbs.not_before = read_time(validity, "notBefore");
  tbs.not_after = read_time(validity, "notAfter");
  validity.end("validity");
  const auto subject = fields.next(der::kSequence, "subject");
  tbs.subject = subject.whole;
  tbs.subject_attributes = read_name(subject.content);
  tbs.public_key = fields.next(der::kSequence, "subject public key").whole;
  for (const unsigned number : {1U, 2U})
    tbs.unique_ids |= fields.next_if(der::context(number), "unique identifier").has_value();
  if (const auto extensions = fields.next_if(der::constructed_context(3), "extensions"))
    tbs.extensions = read_extensions(extensions->content);
  fields.end("TBSCertificate");
  return tbs;
}

const Extension* Tbs::find(std::string_view oid) const noexcept {
  const auto found = std::find_if(extensions.begin(), extensions.end(), [&](const auto& e) { return e.oid == oid; });
  return found == extensions.end() ? nullptr : &*found;
}

Certificate Certificate::parse(ByteView der) {
  der::Reader outer{der};
  auto fields = outer.enter(der::kSequence, "certificate");
  outer.end("certificate");
  Certificate certificate;
  certificate.tbs_der = fields.next(der::kSequence, "TBSCertificate").whole;
  certificate.tbs = Tbs::parse(certificate.tbs_der);
  certificate.signature_algorithm = fields.next(der::kSequence, "signature algorithm").whole;
  const auto signature = fields.next(der::kBitString, "signature").content;
  if (signature.size() < 2 || signature.front() != 0) throw Error{Errc::bad_input, "signature: not whole octets"};
  certificate.signature = signature.subspan(1);
  fields.end("certificate");
  return certificate;
}

BasicConstraints basic_constraints(ByteView value) {
  der::Reader outer{value};
  auto fields = outer.enter(der::kSequence, "basicConstraints");
  outer.end("basicConstraints");
  BasicConstraints constraints;
  if (const auto flag = fields.next_if(der::kBoolean, "basicConstraints")) {
    constraints.authority = der::boolean(flag->content);
    constraints.default_written = !constraints.authority;
  }
  if (const auto length = fields.next_if(der::kInteger, "pathLenConstraint"))
    constraints.path_length = der::small_integer(length->content, "pathLenConstraint");
  fields.end("basicConstraints");
  return constraints;
}

KeyUsageBits key_usage(ByteView value) {
  der::Reader outer{value};
  const auto content = outer.next(der::kBitString, "keyUsage").content;
  outer.end("keyUsage");
  if (content.empty() || content.size() > 3 || content[0] > 7 || (content.size() == 1 && content[0] != 0))
    throw Error{Errc::bad_input, "keyUsage: no bit string of up to 9 bits"};
  const unsigned bits = static_cast<unsigned>(content.size() - 1) * 8U - content[0];
  if (bits > kKeyUsageBits) throw Error{Errc::bad_input, "keyUsage: more than 9 bits"};
  const auto is_set = [&](unsigned bit) { return (content[1 + bit / 8] >> (7 - bit % 8) & 1) != 0; };
  KeyUsageBits usage;
  for (unsigned bit = 0; bit < bits; ++bit)
    if (is_set(bit)) usage.set.push_back(bit);
  usage.trailing_zeros = bits > 0 && !is_set(bits - 1);
  return usage;
}

Bytes authority_key_id(ByteView value) {
  der::Reader outer{value};
  auto fields = outer.enter(der::kSequence, "authorityKeyIdentifier");
  outer.end("authorityKeyIdentifier");
  const auto id = fields.next_if(der::context(0), "authorityKeyIdentifier");
  return id ? Bytes{id->content.begin(), id->content.end()} : Bytes{};
}

Bytes subject_key_id(ByteView value) {
  der::Reader outer{value};
  const auto id = outer.next(der::kOctetString, "subjectKeyIdentifier").content;
  outer.end("subjectKeyIdentifier");
  return {id.begin(), id.end()};
}

std::vector<std::string> extended_key_usage(ByteView value) {
  der::Reader outer{value};
  auto list = outer.enter(der::kSequence, "extKeyUsage");
  outer.end("extKeyUsage");
  std::vector<std::string> purposes;
  do purposes.push_back(der::object_id(list.next(der::kObjectId, "extKeyUsage").content));
  while (!list.at_end());
  return purposes;
}

}  // namespace lamp::pki
