#include "hsm/uri.hpp"

#include <p11-kit/pkcs11.h>
#include <p11-kit/uri.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::hsm {
namespace {

constexpr std::string_view kScheme = "pkcs11:";
constexpr std::array<std::string_view, 4> kSelectors{"token", "serial", "manufacturer", "model"};

[[noreturn]] void refuse_uri(const std::string& why) { throw Error{Errc::bad_input, "PKCS#11 URI: " + why}; }

bool is_hex(char c) noexcept { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// RFC 7512 pk11-pchar, without the percent sign.
bool is_plain(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view{"-._~:[]@!$'()*+,=&"}.find(c) != std::string_view::npos;
}

void check_value(std::string_view name, std::string_view value) {
  const auto what = "'" + std::string{name} + "'";
  if (value.empty()) refuse_uri(what + " is empty");
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (is_plain(value[i])) continue;
    if (value[i] != '%') refuse_uri("a character in " + what + " must be percent-encoded");
    if (i + 2 >= value.size() || !is_hex(value[i + 1]) || !is_hex(value[i + 2])) {
      refuse_uri("a percent sign in " + what + " is not followed by two hexadecimal digits");
    }
    if (value.substr(i, 3) == "%00") refuse_uri(what + " holds a zero byte");
    i += 2;
  }
}

void check_attribute(std::string_view attribute, std::set<std::string_view>& seen) {
  const auto equals = attribute.find('=');
  if (equals == std::string_view::npos) refuse_uri("expected name=value parts with ';' between");
  const auto name = attribute.substr(0, equals);
  if (std::ranges::find(kSelectors, name) == kSelectors.end()) {
    refuse_uri("only token, serial, manufacturer and model select a token");
  }
  if (!seen.insert(name).second) refuse_uri("'" + std::string{name} + "' is there twice");
  check_value(name, attribute.substr(equals + 1));
}

}  // namespace

void TokenUri::Free::operator()(p11_kit_uri* uri) const noexcept { p11_kit_uri_free(uri); }

TokenUri::TokenUri(std::string text, std::unique_ptr<p11_kit_uri, Free> uri) noexcept
    : text_{std::move(text)}, uri_{std::move(uri)} {}

TokenUri TokenUri::parse(std::string_view text) {
  if (!text.starts_with(kScheme)) refuse_uri("must begin with 'pkcs11:'");
  const auto path = text.substr(kScheme.size());
  if (path.find("pin-value") != std::string_view::npos) {
    refuse_uri("a PIN does not belong in a URI; change that PIN and use a PIN file");
  }
  if (path.find('?') != std::string_view::npos) refuse_uri("a query part ('?') is not used here");
  if (path.empty()) refuse_uri("selects every token; name one, as in 'pkcs11:token=LABEL'");
  std::set<std::string_view> seen;
  for (const auto attribute : split(path, ';')) check_attribute(attribute, seen);

  std::string copy{text};
  std::unique_ptr<p11_kit_uri, Free> uri{p11_kit_uri_new()};
  const int result = p11_kit_uri_parse(copy.c_str(), P11_KIT_URI_FOR_TOKEN, uri.get());
  if (result != P11_KIT_URI_OK) refuse_uri(p11_kit_uri_message(result));
  if (p11_kit_uri_any_unrecognized(uri.get()) != 0) refuse_uri("has an attribute that p11-kit does not know");
  return TokenUri{std::move(copy), std::move(uri)};
}

bool TokenUri::matches(const _CK_TOKEN_INFO& token) const noexcept {
  return p11_kit_uri_match_token_info(uri_.get(), &token) == 1;
}

std::string TokenUri::label() const {
  const auto& field = p11_kit_uri_get_token_info(uri_.get())->label;
  // p11-kit leaves zero bytes where the URI says nothing, and pads what it says with blanks.
  if (field[0] == '\0') return {};
  const std::string padded{std::begin(field), std::end(field)};
  return padded.substr(0, padded.find_last_not_of(' ') + 1);
}

}  // namespace lamp::hsm
