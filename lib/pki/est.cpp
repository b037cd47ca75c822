#include "lib/pki/est.hpp"

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/der_writer.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki::est {
namespace {

constexpr std::string_view kSignedData = "1.2.840.113549.1.7.2";
constexpr std::string_view kData = "1.2.840.113549.1.7.1";
constexpr std::string_view kRsa = "1.2.840.113549.1.1.1";
constexpr std::string_view kRsaSha256 = "1.2.840.113549.1.1.11";
constexpr std::size_t kLine = 64;

bool is_space(char c) noexcept { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

Bytes signed_data(std::vector<Bytes> certificates) {
  std::sort(certificates.begin(), certificates.end());  // X.690 section 11.6
  der::Writer der;
  der.begin(der::kSequence).integer(1).begin(der::kSet).end();
  der.begin(der::kSequence).object_id(kData).end();
  der.begin(der::constructed_context(0));
  for (const auto& certificate : certificates) der.raw(certificate);
  return der.end().begin(der::kSet).end().end().take();
}

void require_type(der::Reader& in, std::string_view type, std::string_view what) {
  if (der::object_id(in.next(der::kObjectId, what).content) != type)
    throw Error{Errc::bad_input, "the message has another type of " + std::string{what}};
}

}  // namespace

Bytes certificates_only(const std::vector<Bytes>& certificates) {
  der::Writer der;
  der.begin(der::kSequence).object_id(kSignedData);
  der.begin(der::constructed_context(0)).raw(signed_data(certificates)).end();
  return der.end().take();
}

std::vector<Bytes> certificates_in(ByteView message) {
  der::Reader outer{message};
  auto info = outer.enter(der::kSequence, "ContentInfo");
  outer.end("the message");
  require_type(info, kSignedData, "SignedData");
  auto wrapped = info.enter(der::constructed_context(0), "content");
  info.end("ContentInfo");
  auto data = wrapped.enter(der::kSequence, "SignedData");
  wrapped.end("content");
  const auto version = der::small_integer(data.next(der::kInteger, "version").content, "version");
  if (version != 1 && version != 3) throw Error{Errc::bad_input, "a SignedData of an unknown version"};
  data.enter(der::kSet, "digestAlgorithms").end("digestAlgorithms of a message without a signer");
  auto content = data.enter(der::kSequence, "encapContentInfo");
  require_type(content, kData, "encapContentInfo");
  content.end("encapContentInfo of a message without a content");
  std::vector<Bytes> certificates;
  for (auto set = data.enter(der::constructed_context(0), "certificates"); !set.at_end();) {
    const auto one = set.next(der::kSequence, "certificate").whole;
    certificates.emplace_back(one.begin(), one.end());
  }
  (void)data.next_if(der::constructed_context(1), "crls");
  data.enter(der::kSet, "signerInfos").end("signerInfos of a message without a signer");
  data.end("SignedData");
  if (certificates.empty()) throw Error{Errc::bad_input, "a message without a certificate"};
  return certificates;
}

Bytes request_attributes(const KeyRule& key) {
  der::Writer der;
  der.begin(der::kSequence).begin(der::kSequence);
  if (key.kind == KeyKind::rsa3072) {
    der.object_id(kRsa).begin(der::kSet).integer(3072).end().end().object_id(kRsaSha256);
  } else {
    const bool large = key.kind == KeyKind::p384;
    der.object_id(oid::kEcPublicKey).begin(der::kSet).object_id(large ? oid::kP384 : oid::kP256).end().end();
    der.object_id(large ? oid::kEcdsaSha384 : oid::kEcdsaSha256);
  }
  return der.end().take();
}

std::string encode_body(ByteView der) {
  const auto text = base64(der);
  std::string body;
  for (std::size_t at = 0; at < text.size(); at += kLine) body.append(text, at, kLine).append("\n");
  return body;
}

Bytes decode_body(std::string_view body, std::size_t limit) {
  if (body.size() > limit) throw Error{Errc::bad_input, "the body is longer than " + std::to_string(limit) + " bytes"};
  std::string text;
  std::copy_if(body.begin(), body.end(), std::back_inserter(text), [](char c) { return !is_space(c); });
  if (text.empty()) throw Error{Errc::bad_input, "the body is empty"};
  return from_base64(text);
}

bool is_media_type(std::string_view header, std::string_view type) noexcept {
  const auto got = trimmed(header.substr(0, header.find(';')));
  return std::equal(got.begin(), got.end(), type.begin(), type.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace lamp::pki::est
