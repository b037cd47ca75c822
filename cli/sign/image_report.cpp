#include "cli/sign/image_report.hpp"

#include <botan/data_src.h>
#include <botan/pem.h>
#include <botan/x509_key.h>
#include <botan/x509cert.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "lib/base/file.hpp"
#include "lib/firmware/images/mcuboot.hpp"
#include "lib/firmware/images/swu.hpp"
#include "lib/firmware/images/zigbee_ota.hpp"
#include "lib/firmware/uuid.hpp"

namespace lamp::cli {
namespace {

using firmware::FileKind;
using firmware::Findings;
using firmware::Input;
using nlohmann::json;

json describe_mcuboot(const Input& file, json all) {
  namespace mcuboot = firmware::mcuboot;
  const auto reading = mcuboot::read(file);
  all["findings"] = to_json(reading.findings);
  if (!reading.value) return all;
  const auto& h = reading.value->header;
  all["version"] = h.version.text();
  all["header-size"] = h.header_size;
  all["load-address"] = h.load_address;
  all["flags"] = h.flags;
  all["encrypted"] = h.encrypted();
  all["image"] = {{"offset", h.header_size}, {"size", h.image_size}};
  auto tlvs = json::array();
  for (const auto& e : reading.value->entries)
    tlvs.push_back({{"offset", e.offset},
                    {"type", e.type},
                    {"name", mcuboot::name_of(e.type)},
                    {"protected", e.is_protected},
                    {"value", hex(e.value)}});
  all["tlvs"] = tlvs;
  return all;
}

json describe_zigbee(const Input& file, json all) {
  namespace zigbee = firmware::zigbee;
  const auto reading = zigbee::read(file);
  all["findings"] = to_json(reading.findings);
  if (!reading.value) return all;
  const auto& h = reading.value->header;
  all["manufacturer"] = h.manufacturer;
  all["image-type"] = h.image_type;
  all["file-version"] = h.file_version;
  all["stack-version"] = h.stack_version;
  all["header-string"] = h.text;
  if (h.credential_version) all["credential-version"] = *h.credential_version;
  if (h.destination) all["destination"] = fmt::format("{:016X}", *h.destination);
  if (h.hardware) all["hardware"] = {h.hardware->first, h.hardware->second};
  auto elements = json::array();
  for (const auto& e : reading.value->elements)
    elements.push_back({{"offset", e.offset}, {"tag", e.tag}, {"size", e.length}});
  all["elements"] = elements;
  all["integrity-code"] = zigbee::name_of(zigbee::check_integrity(file, *reading.value));
  const auto inner = upgrade_image_in(file);
  if (inner.findings.empty())
    all["upgrade-image"] = firmware::name_of(firmware::kind_of(firmware::Section{file, inner.offset, inner.size}));
  return all;
}

json describe_swu(const Input& file, json all) {
  const auto reading = firmware::swu::read(file);
  all["findings"] = to_json(reading.findings);
  if (!reading.value) return all;
  all["version"] = reading.value->description.version;
  auto files = json::array();
  for (const auto& e : reading.value->entries)
    files.push_back({{"offset", e.offset}, {"name", e.name}, {"size", e.size}});
  all["files"] = files;
  auto named = json::array();
  for (const auto& a : reading.value->description.artifacts)
    named.push_back({{"name", a.filename}, {"sha256", a.sha256}, {"encrypted", a.encrypted}});
  all["named"] = named;
  all["signature"] = {{"hash", reading.value->signature.hash},
                      {"certificates", reading.value->signature.certificates.size()},
                      {"attributes", reading.value->signature.attributes.has_value()}};
  return all;
}

Findings judge_mcuboot(const Input& file, const ImageTrust& trust) {
  namespace mcuboot = firmware::mcuboot;
  const auto reading = mcuboot::read(file);
  if (!reading.good()) return reading.findings;
  if (trust.keys.empty())
    throw Error{Errc::bad_input, "an MCUboot image is verified with --trusted FILE, its public key in PEM"};
  const auto minimum = std::min<std::uint64_t>(trust.minimum_epoch.value_or(0), 0xFFFFFFFF);
  auto findings = mcuboot::verify(file, *reading.value, {trust.keys, static_cast<std::uint32_t>(minimum), nullptr});
  if (!trust.model) return findings;
  const auto expected = firmware::class_id(firmware::vendor_id(*trust.vendor), *trust.model);
  const auto* id = reading.value->find(mcuboot::class_uuid);
  if (id == nullptr || !std::ranges::equal(id->value, expected))
    findings.push_back(
        {id == nullptr ? reading.value->protected_offset() : id->offset, "not for model " + *trust.model});
  return findings;
}

Findings judge_swu(const Input& file, const ImageTrust& trust) {
  const auto reading = firmware::swu::read(file);
  if (!reading.good()) return reading.findings;
  if (trust.certificates.empty())
    throw Error{Errc::bad_input, "a package is verified with --trusted FILE, its authority's certificate in PEM"};
  return firmware::swu::verify(file, *reading.value, trust.certificates, trust.now);
}

void print_value(const std::string& name, const json& value, std::ostream& out) {
  if (!value.is_array()) {
    fmt::print(out, "{:<18} {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
    return;
  }
  for (const auto& one : value) {
    std::string line;
    if (one.is_object())
      for (const auto& [key, part] : one.items())
        line += (line.empty() ? "" : ", ") + key + " " + (part.is_string() ? part.get<std::string>() : part.dump());
    else
      line = one.dump();
    fmt::print(out, "{:<18} {}\n", name, line);
  }
}

void add_pem(const std::string& file, ImageTrust& trust) {
  Botan::DataSource_Memory source{read_file(file, 1U << 20U)};
  while (Botan::PEM_Code::matches(source)) {
    std::string label;
    const auto der = Botan::PEM_Code::decode(source, label);
    if (label == "PUBLIC KEY")
      trust.keys.push_back(Botan::X509::load_key(std::span{der})->subject_public_key());
    else if (label == "CERTIFICATE")
      trust.certificates.push_back(Botan::X509_Certificate{der.data(), der.size()}.BER_encode());
    else
      throw Error{Errc::bad_input, "it holds a " + label + "; expected public keys or certificates"};
  }
}

}  // namespace

json to_json(const Findings& findings) {
  auto all = json::array();
  for (const auto& f : findings) all.push_back({{"offset", f.offset}, {"rule", f.rule}});
  return all;
}

json describe_image(FileKind kind, const Input& file) {
  json all{{"kind", firmware::name_of(kind)}, {"size", file.size()}};
  switch (kind) {
    case FileKind::mcuboot: return describe_mcuboot(file, std::move(all));
    case FileKind::zigbee: return describe_zigbee(file, std::move(all));
    case FileKind::swu: return describe_swu(file, std::move(all));
    default: throw Error{Errc::bad_input, "not a SUIT envelope, MCUboot image, Zigbee OTA file or SWUpdate package"};
  }
}

void print_image(const json& all, std::ostream& out) {
  for (const auto& [name, value] : all.items()) print_value(name, value, out);
}

ImageTrust read_trust(const std::vector<std::string>& files, Instant now) {
  ImageTrust trust;
  trust.now = now;
  for (const auto& file : files)
    in_context(file, [&] {
      const auto before = trust.keys.size() + trust.certificates.size();
      guarded(Errc::bad_input, [&] { add_pem(file, trust); });
      if (trust.keys.size() + trust.certificates.size() == before)
        throw Error{Errc::bad_input, "no public key and no certificate in PEM"};
    });
  return trust;
}

Findings judge_image(FileKind kind, const Input& file, const ImageTrust& trust) {
  switch (kind) {
    case FileKind::mcuboot: return judge_mcuboot(file, trust);
    case FileKind::swu: return judge_swu(file, trust);
    default: return {{0, "not a SUIT envelope, MCUboot image, Zigbee OTA file or SWUpdate package"}};
  }
}

ZigbeeElement upgrade_image_in(const Input& file) {
  namespace zigbee = firmware::zigbee;
  auto reading = zigbee::read(file);
  if (!reading.good()) return {0, 0, std::move(reading.findings)};
  auto findings = zigbee::verify(file, *reading.value);
  const auto* e = reading.value->find(zigbee::upgrade_image);
  if (e == nullptr) return {0, 0, {{file.size(), "no element with an upgrade image"}}};
  return {e->data(), e->length, std::move(findings)};
}

}  // namespace lamp::cli
