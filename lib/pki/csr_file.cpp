#include <botan/data_src.h>
#include <botan/pem.h>

#include <array>

#include "lib/base/file.hpp"
#include "lib/pki/csr.hpp"

namespace lamp::pki {
namespace {

constexpr std::uint64_t kFileLimit = 1U << 16;

/// The one block of a PEM text, under one of its labels.
Bytes from_pem(std::string_view text, std::initializer_list<std::string_view> labels) {
  constexpr std::string_view kBegin = "-----BEGIN ";
  const auto first = text.find(kBegin);
  if (text.find(kBegin, first + 1) != std::string_view::npos)
    throw Error{Errc::bad_input, "more than one PEM block where one is expected"};
  std::string label;
  const auto der = guarded(Errc::bad_input, [&] {
    Botan::DataSource_Memory source{text.substr(first)};
    return Botan::PEM_Code::decode(source, label);
  });
  for (const auto wanted : labels)
    if (label == wanted) return {der.begin(), der.end()};
  throw Error{Errc::bad_input, "a PEM block of " + label + " where " + std::string{*labels.begin()} + " is expected"};
}

Bytes from_text(std::string_view text, std::initializer_list<std::string_view> labels) {
  if (text.find("-----BEGIN ") != std::string_view::npos) return from_pem(text, labels);
  return from_base64(text);
}

Bytes from_file(const std::filesystem::path& file, std::initializer_list<std::string_view> labels) {
  auto content = read_file(file, kFileLimit);
  if (!content.empty() && content.front() == 0x30) return content;
  return in_context(file.string(), [&] {
    const auto text = to_text(content);
    if (text.find("-----BEGIN ") == std::string::npos)
      throw Error{Errc::bad_input, "neither DER nor PEM of " + std::string{*labels.begin()}};
    return from_pem(text, labels);
  });
}

}  // namespace

// "NEW" is what Microsoft's and old OpenSSL's tools write (RFC 7468, section 7).
Bytes read_request_file(const std::filesystem::path& file) {
  return from_file(file, {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"});
}
Bytes read_public_key_file(const std::filesystem::path& file) {
  auto info = from_file(file, {"PUBLIC KEY"});
  if (const auto refusal = check_public_key(info)) throw Error{refusal->code, file.string() + ": " + refusal->text()};
  return info;
}
Bytes request_from_text(std::string_view text) {
  return from_text(text, {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"});
}
Bytes public_key_from_text(std::string_view text) { return from_text(text, {"PUBLIC KEY"}); }

}  // namespace lamp::pki
