// RFC 7512 URIs that select a token, read strictly.
#pragma once

#include <memory>
#include <string>
#include <string_view>

extern "C" {
// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the name is p11-kit's
struct _CK_TOKEN_INFO;
struct p11_kit_uri;
}

namespace lamp::hsm {

/// Selects a token by label, serial number, manufacturer, model. p11-kit's own parser lets the last of two equal
/// attributes win, skips white space and ignores what it does not know; each of these is refused here, because a URI
/// that selects another token than its reader thinks is how the wrong key comes to sign.
class TokenUri {
 public:
  /// Throws Error{bad_input} saying which part is wrong. A `pin-value` is refused without being repeated.
  [[nodiscard]] static TokenUri parse(std::string_view text);

  [[nodiscard]] bool matches(const _CK_TOKEN_INFO& token) const noexcept;
  /// The label it selects, decoded; empty when it selects by other attributes only.
  [[nodiscard]] std::string label() const;
  /// As it was written.
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  struct Free {
    void operator()(p11_kit_uri* uri) const noexcept;
  };
  TokenUri(std::string text, std::unique_ptr<p11_kit_uri, Free> uri) noexcept;
  std::string text_;
  std::unique_ptr<p11_kit_uri, Free> uri_;
};

}  // namespace lamp::hsm
