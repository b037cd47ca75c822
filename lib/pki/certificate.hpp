// A certificate taken apart: views into its DER, nothing judged yet beyond the grammar. Lint judges.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"

namespace lamp::pki {

struct NameAttribute {
  std::string oid;
  std::uint8_t string_type = 0;  ///< DER tag
  std::string text;
};

/// The one value of an attribute, dotted, of a name; nothing when there is none, or several.
[[nodiscard]] std::optional<std::string> only_value(const std::vector<NameAttribute>& name, std::string_view oid);

struct CertificateTime {
  std::uint8_t tag = 0;
  std::string text;
  /// Nothing when the text is not a time in the form that RFC 5280 section 4.1.2.5 wants.
  [[nodiscard]] std::optional<Instant> instant() const;
};

struct Extension {
  std::string oid;
  bool critical = false;
  bool default_written = false;  ///< "critical FALSE" spelled out, which DER forbids
  ByteView value;
};

struct Tbs {
  std::uint64_t version = 1;
  ByteView serial;               ///< INTEGER content
  ByteView signature_algorithm;  ///< whole AlgorithmIdentifier
  ByteView issuer, subject;      ///< whole Names
  std::vector<NameAttribute> subject_attributes;
  CertificateTime not_before, not_after;
  ByteView public_key;  ///< whole SubjectPublicKeyInfo
  bool unique_ids = false;
  std::vector<Extension> extensions;

  /// Throws Error{bad_input} when it is not DER or no TBSCertificate. Views live as long as `der`.
  [[nodiscard]] static Tbs parse(ByteView der);
  [[nodiscard]] const Extension* find(std::string_view oid) const noexcept;
};

struct Certificate {
  ByteView tbs_der;
  Tbs tbs;
  ByteView signature_algorithm;
  ByteView signature;  ///< without the count of unused bits
  [[nodiscard]] static Certificate parse(ByteView der);
};

/// The parts of a Name and of an Extensions field, which requests have too. They throw Error{bad_input}.
[[nodiscard]] std::vector<NameAttribute> read_name(ByteView content);
[[nodiscard]] std::vector<Extension> read_extensions(ByteView content);

struct GeneralName {
  std::uint8_t tag = 0;
  std::string text;           ///< dNSName and the like
  std::string other_type;     ///< type-id of an otherName
  std::string hardware_type;  ///< of a hardwareModuleName
  std::string hardware_serial;
};

/// RFC 5280 section 4.2.1.10; a subtree is a GeneralName, an ip range has address and mask in `text`.
struct NameConstraints {
  std::vector<GeneralName> permitted, excluded;
  bool distances = false;  ///< has minimum or maximum, which RFC 5280 forbids
};

/// What the authority's own certificate says, which what it issues must agree with.
struct IssuerFacts {
  std::string name;           ///< the authority's, for messages
  Bytes subject;              ///< whole Name
  Bytes key_id;               ///< SubjectKeyIdentifier
  Bytes signature_algorithm;  ///< whole AlgorithmIdentifier that its key signs with
  Instant not_before{}, not_after{};
  bool is_authority = false;
  bool signs_certificates = true, signs_lists = true;  ///< key usage, where there is one
  std::optional<std::uint64_t> path_length;
  std::vector<NameConstraints> name_constraints;  ///< its own and those of its issuers, as far as they are known
};

/// Throws Error{bad_input} when the certificate is not one of ours: no key identifier, times out of form.
[[nodiscard]] IssuerFacts facts_of(std::string name, ByteView certificate);
/// The same of chain.front(), with the name constraints of the whole chain.
[[nodiscard]] IssuerFacts facts_of_chain(std::string name, const std::vector<Bytes>& chain);

/// The AlgorithmIdentifier that a key signs certificates with: P-256 with SHA-256, P-384 with SHA-384, nothing else.
[[nodiscard]] Bytes signature_algorithm_for(ByteView public_key_info);

/// Contents of extensions. They throw Error{bad_input} when the value is not what the extension holds.
struct BasicConstraints {
  bool authority = false;
  bool default_written = false;
  std::optional<std::uint64_t> path_length;
};
[[nodiscard]] BasicConstraints basic_constraints(ByteView value);
/// Named bits in order; `trailing_zeros` is what DER forbids (X.690 section 11.2.2).
struct KeyUsageBits {
  std::vector<unsigned> set;
  bool trailing_zeros = false;
};
[[nodiscard]] KeyUsageBits key_usage(ByteView value);
[[nodiscard]] Bytes authority_key_id(ByteView value);  ///< empty when it has no keyIdentifier
[[nodiscard]] Bytes subject_key_id(ByteView value);
[[nodiscard]] std::vector<std::string> extended_key_usage(ByteView value);  ///< dotted

[[nodiscard]] std::vector<GeneralName> general_names(ByteView value);
[[nodiscard]] NameConstraints name_constraints(ByteView value);
/// Whether `name` lies below `subtree`, which is of its kind.
[[nodiscard]] bool within_subtree(const GeneralName& name, const GeneralName& subtree);
/// Every name of the certificate that constraints speak of: alternative names, mail addresses of the subject, and the
/// subject itself as a directoryName.
[[nodiscard]] std::vector<GeneralName> constrained_names(const Tbs& tbs);

}  // namespace lamp::pki
