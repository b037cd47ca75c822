#include "lib/pki/bundle.hpp"

#include <botan/hash.h>

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/c_array.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/der.hpp"

namespace lamp::pki {
namespace {

struct FormatRow {
  std::string_view name;
  BundleFormat format;
};
constexpr std::array kFormats{FormatRow{"pem", BundleFormat::pem}, FormatRow{"der", BundleFormat::der},
                              FormatRow{"c", BundleFormat::c_header}, FormatRow{"cbor", BundleFormat::cbor}};
constexpr std::array kExtensions{FormatRow{".pem", BundleFormat::pem},    FormatRow{".crt", BundleFormat::pem},
                                 FormatRow{".der", BundleFormat::der},    FormatRow{".cer", BundleFormat::der},
                                 FormatRow{".h", BundleFormat::c_header}, FormatRow{".cbor", BundleFormat::cbor}};

std::string fingerprint(ByteView certificate) {
  return hex(Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(certificate));
}

std::vector<Anchor> in_order(std::vector<Anchor> anchors) {
  if (anchors.empty()) throw Error{Errc::denied, "a bundle of no trust anchors trusts nobody"};
  std::ranges::sort(anchors, {}, [](const Anchor& a) { return std::pair{a.name, a.certificate}; });
  std::vector<Anchor> kept;
  for (auto& anchor : anchors) {
    if (!facts_of(anchor.name, anchor.certificate).is_authority)
      throw Error{Errc::denied, "the certificate of " + anchor.name + " is no authority's"};
    if (std::ranges::find(kept, anchor.certificate, &Anchor::certificate) == kept.end())
      kept.push_back(std::move(anchor));
  }
  return kept;
}

std::string c_header(const std::vector<Anchor>& anchors) {
  std::string text =
      "// Trust anchors, DER. Written by lamp-ca bundle, which also checks it: lamp-ca bundle --check FILE\n"
      "#ifndef LAMP_ANCHORS_H\n#define LAMP_ANCHORS_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n";
  std::string table;
  for (std::size_t i = 0; i < anchors.size(); ++i) {
    const auto name = "lamp_anchor_" + std::to_string(i);
    text += "// " + comment_text(anchors[i].name) + ", SHA-256 " + fingerprint(anchors[i].certificate) + "\n";
    text += "static const uint8_t " + name + "[] = {\n    " + c_octets(anchors[i].certificate, "    ") + "};\n\n";
    table += "    {" + name + ", sizeof(" + name + ")},\n";
  }
  return text + "#define LAMP_ANCHOR_COUNT " + std::to_string(anchors.size()) +
         "\n\nstatic const struct {\n  const uint8_t *der;\n  size_t size;\n} lamp_anchors[LAMP_ANCHOR_COUNT] = {\n" +
         table + "};\n\n#endif\n";
}

std::vector<Bytes> split_der(ByteView all) {
  std::vector<Bytes> certificates;
  der::Reader reader{all};
  while (!reader.at_end()) {
    const auto item = reader.next(der::kSequence, "certificate").whole;
    certificates.emplace_back(item.begin(), item.end());
  }
  return certificates;
}

/// Every 0x.. of our header is an octet of a certificate; comments hold names.
std::vector<Bytes> read_c_header(std::string_view text) {
  Bytes all;
  for (const auto line : split(text, '\n')) {
    if (line.starts_with("//")) continue;
    for (auto at = line.find("0x"); at != std::string_view::npos; at = line.find("0x", at + 2))
      append(all, from_hex(line.substr(at + 2, 2)));
  }
  return split_der(all);
}

std::vector<Bytes> read_cbor(ByteView bundle) {
  cbor::Reader reader{bundle};
  std::vector<Bytes> certificates;
  for (auto left = reader.array(); left > 0; --left) {
    const auto one = reader.bytes();
    certificates.emplace_back(one.begin(), one.end());
  }
  reader.end();
  return certificates;
}

}  // namespace

BundleFormat bundle_format(std::string_view name) {
  const auto found = std::ranges::find(kFormats, name, &FormatRow::name);
  if (found == kFormats.end())
    throw Error{Errc::bad_input, "'" + std::string{name} + "' is none of the formats pem, der, c, cbor"};
  return found->format;
}

BundleFormat bundle_format_of(const std::filesystem::path& file) {
  const auto extension = file.extension().string();
  const auto found = std::ranges::find(kExtensions, extension, &FormatRow::name);
  if (found == kExtensions.end())
    throw Error{Errc::bad_input, file.string() + ": its name does not tell the format; say --format"};
  return found->format;
}

Bytes write_bundle(std::vector<Anchor> given, BundleFormat format) {
  const auto anchors = in_order(std::move(given));
  if (format == BundleFormat::c_header) return to_bytes(c_header(anchors));
  std::vector<Bytes> certificates;
  for (const auto& anchor : anchors) certificates.push_back(anchor.certificate);
  if (format == BundleFormat::pem) return to_bytes(to_pem(certificates));
  Bytes all;
  if (format == BundleFormat::der) {
    for (const auto& certificate : certificates) append(all, certificate);
    return all;
  }
  cbor::Writer writer;
  writer.array(certificates.size());
  for (const auto& certificate : certificates) writer.bytes(certificate);
  return std::move(writer).encoded();
}

std::vector<Bytes> read_bundle(ByteView bundle, BundleFormat format) {
  switch (format) {
    case BundleFormat::pem: return certificates_in_pem(to_text(bundle));
    case BundleFormat::der: return split_der(bundle);
    case BundleFormat::c_header: return read_c_header(to_text(bundle));
    case BundleFormat::cbor: return read_cbor(bundle);
  }
  throw Error{Errc::internal, "a bundle of an unknown format"};
}

std::vector<std::string> bundle_drift(const std::vector<Anchor>& anchors, ByteView bundle, BundleFormat format) {
  if (std::ranges::equal(write_bundle(anchors, format), bundle)) return {};
  const auto there = read_bundle(bundle, format);
  std::vector<std::string> drift;
  for (const auto& anchor : anchors)
    if (std::ranges::count(there, anchor.certificate) == 0)
      drift.push_back("lacks the anchor " + anchor.name + ", SHA-256 " + fingerprint(anchor.certificate));
  for (const auto& certificate : there)
    if (std::ranges::find(anchors, certificate, &Anchor::certificate) == anchors.end())
      drift.push_back("has an anchor that is not ours, SHA-256 " + fingerprint(certificate));
  if (drift.empty()) drift.emplace_back("has the same anchors, but not as lamp-ca bundle writes them");
  return drift;
}

}  // namespace lamp::pki
