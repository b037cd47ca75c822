// A partner's application: whose it is, and which of the device's APIs it may call. Both stand in the permission
// manifest, which is signed as a part of the application's release: lamp-release(5). What a model grants to whom is in
// its profile: lamp-device(5).
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/firmware/uuid.hpp"

namespace lamp::config {
class Node;
}

namespace lamp::firmware {

inline constexpr std::size_t kMaxPermissions = 32;
/// Of a partner's name and of an application's: "acme.dimmer" is a name again.
inline constexpr std::size_t kMaxPartnerLength = 31;

/// Lower-case letters, digits, '_' and '-', a letter first: without dots, which stand between the two.
[[nodiscard]] bool is_partner_name(std::string_view text) noexcept;

/// A permission manifest as it was read: views live as long as the bytes. Does not allocate.
class PermissionManifest {
 public:
  /// Strict: names that are none, more than kMaxPermissions APIs, one named twice or out of order are refused. Throws
  /// Error{bad_input}.
  [[nodiscard]] static PermissionManifest parse(ByteView encoded);
  [[nodiscard]] std::string_view partner() const noexcept { return partner_; }
  [[nodiscard]] std::string_view application() const noexcept { return application_; }
  /// Ascending, none twice; empty for an application that calls nothing.
  [[nodiscard]] std::span<const std::string_view> apis() const noexcept { return std::span{apis_}.first(count_); }

 private:
  std::string_view partner_, application_;
  std::array<std::string_view, kMaxPermissions> apis_{};
  std::size_t count_ = 0;
};

/// The same as values.
struct Application {
  std::string partner, name;
  std::vector<std::string> permissions;  ///< ascending, none twice

  /// What a partner delivers beside an image: the map partner, application, permissions. Throws Error{bad_input} with
  /// place.
  [[nodiscard]] static Application load(const std::string& file);
  /// Strict, as PermissionManifest::parse().
  [[nodiscard]] static Application parse(ByteView encoded);
  /// Deterministic CBOR. Throws Error{bad_input} for what parse() would not take.
  [[nodiscard]] Bytes encode() const;
  /// "acme.dimmer".
  [[nodiscard]] std::string text() const { return partner + "." + name; }
  bool operator==(const Application&) const = default;
};

/// The release token's key by which a partner's applications are signed, and nothing else.
[[nodiscard]] std::string application_key(std::string_view partner);
[[nodiscard]] bool is_application_key(std::string_view label) noexcept;

/// An application's class identifier: its name in the name space of the model's class. No model has such a one.
[[nodiscard]] Uuid application_class(const Uuid& model_class, std::string_view partner, std::string_view application);

/// The map `applications` of a device profile.
struct ApplicationSettings {
  std::uint64_t slot_size = 0;      ///< bytes that one application may have
  std::vector<std::string> grants;  ///< APIs that any application of the model may be granted; ascending
  std::map<std::string, std::vector<std::string>> partners;  ///< what each partner's may call; ascending

  /// Throws Error{bad_input} with place.
  [[nodiscard]] static ApplicationSettings read(const config::Node& node);
  [[nodiscard]] Bytes encoded() const;
  /// What the model grants to a partner; nothing when it knows none of that name.
  [[nodiscard]] std::optional<std::vector<std::string>> granted(const std::string& partner) const;
};

/// Of the permissions those that are not granted.
[[nodiscard]] std::vector<std::string> beyond(std::span<const std::string> permissions,
                                              const std::vector<std::string>& grants);

}  // namespace lamp::firmware
