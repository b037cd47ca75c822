// The kinds of GeneralName (RFC 5280 section 4.2.1.6) that profiles may use, as text and as the octets of a
// certificate.
#pragma once

#include <optional>
#include <string_view>

#include "lib/base/bytes.hpp"

namespace lamp::pki {

enum class NameKind { dns, email, uri, ip, hardware_module };

/// As profiles write it: "dns", "email", "uri", "ip", "hardware-module".
[[nodiscard]] std::string_view text(NameKind kind) noexcept;
[[nodiscard]] std::optional<NameKind> name_kind(std::string_view text) noexcept;
/// The kind that a DER tag of a GeneralName stands for; nothing for otherName, directoryName and the rest.
[[nodiscard]] std::optional<NameKind> name_kind(std::uint8_t tag) noexcept;
/// The DER tag; not for hardware_module, which is an otherName.
[[nodiscard]] std::uint8_t name_tag(NameKind kind) noexcept;

/// RFC 1123 labels; a first label of "*" is allowed.
[[nodiscard]] bool is_host_name(std::string_view name) noexcept;
/// Local part and host, ASCII, no quoting: what RFC 5280 calls a mailbox, as people have them.
[[nodiscard]] bool is_mail_address(std::string_view name) noexcept;
/// Absolute, printable, and with a host name or address where it has an authority.
[[nodiscard]] bool is_uri(std::string_view name) noexcept;
/// The host of a URI; empty when it has none.
[[nodiscard]] std::string_view uri_host(std::string_view uri) noexcept;
/// 4 octets or 16; nothing when it is no address.
[[nodiscard]] std::optional<Bytes> address_octets(std::string_view text);

/// Content octets of a subjectAltName entry. Throws Error{denied} for an address that is none; other kinds are written
/// as they are, and lint judges them.
[[nodiscard]] Bytes name_content(NameKind kind, std::string_view value);
/// Content octets of the subtrees of a name constraint: "example.com", "10.0.0.0/8", "2001:db8::/32", or "any" for dns
/// and ip. Throws Error{bad_input}.
[[nodiscard]] std::vector<Bytes> subtree_contents(NameKind kind, std::string_view value);

}  // namespace lamp::pki
