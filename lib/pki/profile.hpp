// What certificates of one kind hold: for each field, where its value comes from, and what is refused. lamp-profile(5).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/pki/general_name.hpp"

namespace lamp::config {
class Node;
}

namespace lamp::pki {

/// The values that a profile's templates may use: {"name": "localhost"}, {"serial": "SL-26-000001", "model": ...}. A
/// value with commas is a list where a template asks for one.
using Subject = std::map<std::string, std::string>;

/// RFC 5280 section 4.1.2.5: how a certificate says that it has no well-defined end, 99991231235959Z.
inline constexpr Instant kNoEnd{std::chrono::seconds{253402300799}};

enum class KeyKind { p256, p384, rsa3072 };
[[nodiscard]] std::string_view text(KeyKind kind) noexcept;  ///< "P-256", "P-384", "RSA-3072"
enum class KeyUse { sign, sign_with_pin };
enum class Standard { rfc5280, ieee_802_1ar };
/// What becomes of a certificate that would outlive its issuer.
enum class BeyondIssuer { refuse, clip };

/// Text with {placeholders}, or with one {list[]} that makes one text of each of its values.
class Template {
 public:
  /// Throws Error{bad_input} for an unclosed or empty placeholder, and for two lists.
  [[nodiscard]] static Template parse(std::string text);
  /// Throws Error{bad_input} naming a value that `subject` does not have, or that is empty.
  [[nodiscard]] std::string expand(const Subject& subject) const;
  /// One text, or those of the list. Throws like expand(), also for an empty item of the list.
  [[nodiscard]] std::vector<std::string> expand_all(const Subject& subject) const;
  [[nodiscard]] bool is_list() const noexcept { return !list().empty(); }
  /// Whether it has the placeholder of this name, without braces.
  [[nodiscard]] bool uses(std::string_view placeholder) const;
  [[nodiscard]] const std::string& text() const noexcept { return text_; }

 private:
  [[nodiscard]] std::string_view list() const noexcept;  ///< the list's placeholder with its brackets
  std::string text_;
};

struct SubjectField {
  std::string attribute;  ///< "CN", "O", "OU", "C", "serialNumber"
  Template value;
  std::string place{};  ///< file:line:column
};

struct AlternativeName {
  using Kind = NameKind;
  Kind kind;
  Template value;             ///< the name or address, or the hardware serial number
  std::string hardware_type;  ///< hwType of RFC 4108, a dotted object identifier
  std::string place{};
};

/// What an authority's certificates may name (RFC 5280 section 4.2.1.10).
struct NameConstraint {
  NameKind kind;  ///< not hardware_module
  Template value;
  std::string place{};
};
struct NameConstraintRule {
  std::vector<NameConstraint> permitted, excluded;
  [[nodiscard]] bool empty() const noexcept { return permitted.empty() && excluded.empty(); }
};

struct KeyRule {
  KeyKind kind = KeyKind::p256;
  KeyUse use = KeyUse::sign;
  std::string token;  ///< "authority", "person", "device" (the caller brings the public key) or a token of the site
  Template label;
  bool renewal_keeps_key = false;  ///< a renewal may be for the same key
  std::string role = "other";  ///< what policy/tokens.yaml calls it; an authority's is root or issuing whatever is here
};

/// A span of calendar time, or none: the certificate then has no well-defined end.
struct Lifetime {
  enum class Unit { none, days, years };
  Unit unit = Unit::none;
  std::uint64_t count = 0;
  [[nodiscard]] Instant end(Instant begin) const;
  [[nodiscard]] std::string text() const;
};

/// What makes a certificate an authority's.
struct AuthorityRule {
  std::optional<std::uint64_t> path_length;
  std::uint64_t crl_days = 7;  ///< from thisUpdate to nextUpdate
};

struct Profile {
  std::string name;
  std::string purpose;
  Standard standard = Standard::rfc5280;
  Template identity;  ///< what the register files the certificate under; one unexpired certificate for each
  std::vector<SubjectField> subject;
  std::vector<AlternativeName> alternative_names;
  KeyRule key;
  Lifetime lifetime;
  BeyondIssuer beyond_issuer = BeyondIssuer::refuse;
  std::optional<AuthorityRule> authority;
  std::vector<std::string> key_usage;           ///< names of RFC 5280 section 4.2.1.3
  std::vector<std::string> extended_key_usage;  ///< names of section 4.2.1.12
  NameConstraintRule name_constraints;
  std::optional<std::string> crl_url;
  std::optional<std::string> ocsp_url;    ///< of the responder
  std::optional<std::string> issuer_url;  ///< where the issuer's certificate is
  bool no_revocation_available = false;   ///< RFC 9608: nobody is to ask about it; it ends soon
  std::optional<Instant> latest_end;      ///< not from YAML: a link certificate ends with the root it stands for
  bool ocsp_no_check = false;             ///< RFC 6960 section 4.2.2.2.1: the responder's own revocation is not asked
  std::uint64_t crl_shards = 0;           ///< not 0: crl_url has {shard}, see shards.hpp
  std::map<std::string, std::string, std::less<>> places;  ///< key -> file:line:column, for `lamp-ca explain`

  /// Throws Error{bad_input} with file, line and column; also for rules that contradict each other.
  [[nodiscard]] static Profile load(const std::filesystem::path& file);
  [[nodiscard]] static Profile read(const config::Node& root);
  [[nodiscard]] std::string place(std::string_view field) const;
  /// Whether a template of subject or alternative names has this placeholder.
  [[nodiscard]] bool uses(std::string_view placeholder) const;
};

/// The same, with the hardware type of a model in its HardwareModuleNames (RFC 4108 section 5) in place of the
/// profile's.
[[nodiscard]] Profile for_hardware(Profile profile, const std::string& hardware_type);

inline constexpr std::string_view kShardPlaceholder = "{shard}";
/// The profile's crl-url: none, an address, or a template with a number of shards. Throws Error{bad_input}.
void read_crl_url(const config::Node& node, Profile& profile);

}  // namespace lamp::pki
