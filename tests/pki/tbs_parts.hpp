// A TBSCertificate or a revocation list taken apart, for tests that spoil one part and leave the rest as it was.
#pragma once

#include <string>
#include <vector>

#include "lib/base/bytes.hpp"

namespace lamp::test {

/// DER of one item.
[[nodiscard]] Bytes item(std::uint8_t tag, ByteView content);
[[nodiscard]] Bytes item(std::uint8_t tag, const std::string& hex);

struct TbsParts {
  Bytes version, serial, algorithm, issuer, validity, subject, key, unique_id;  ///< whole items
  std::vector<Bytes> extensions;

  [[nodiscard]] static TbsParts of(ByteView tbs);
  [[nodiscard]] Bytes der() const;

  /// `content` is the extension's value, hex.
  void set(const std::string& oid_hex, bool critical, const std::string& content);
  void remove(const std::string& oid_hex);
  [[nodiscard]] Bytes value(const std::string& oid_hex) const;
  /// One RDN of one attribute: identifier, string's tag, text.
  void set_subject(const std::string& oid_hex, std::uint8_t tag, const std::string& text);
};

/// One Extension.
[[nodiscard]] Bytes extension(const std::string& oid_hex, bool critical, const std::string& content);

struct ListParts {
  Bytes version, algorithm, issuer, this_update, next_update;
  std::vector<Bytes> entries;
  bool keep_empty_entries = false;
  std::vector<Bytes> extensions;
  Bytes outer_algorithm;

  [[nodiscard]] static ListParts of(ByteView list);
  /// With a signature of the right form, which no linter verifies.
  [[nodiscard]] Bytes der() const;
};

}  // namespace lamp::test
