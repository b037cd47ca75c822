#include "lib/firmware/output_plan.hpp"

#include <botan/data_src.h>
#include <botan/x509_key.h>
#include <botan/x509cert.h>

#include <set>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/firmware/application.hpp"
#include "lib/quorum/hybrid.hpp"

namespace lamp::firmware {
namespace {

std::string read_label(const config::Node& node) {
  auto label = node.text();
  require_name(label, node.place());
  if (label == "release" || label == "custody" || label == quorum::kHybridKey || is_application_key(label))
    node.refuse("the quorum's key '" + label + "' has another purpose");
  return label;
}

Bytes read_public_key(const config::Node& node, const std::filesystem::path& folder) {
  const auto name = node.text();
  if (!is_name(name)) node.refuse("expected the name of a file in this folder");
  const auto pem = read_file(folder / name, 65536);
  return guarded(Errc::bad_input, [&] {
    Botan::DataSource_Memory source{pem};
    return Botan::X509::load_key(source)->subject_public_key();
  });
}

McubootPlan read_mcuboot(const config::Node& node, const std::filesystem::path& folder) {
  node.only({"kind", "key", "header-size", "load-address", "encrypt-for", "key-size"});
  McubootPlan plan;
  plan.key = read_label(node.at("key"));
  if (const auto size = node.find("header-size")) {
    plan.header_size = static_cast<std::uint16_t>(size->number(32, 4096));
    if (plan.header_size % 4 != 0) size->refuse("expected a multiple of 4");
  }
  if (const auto address = node.find("load-address"))
    plan.load_address = static_cast<std::uint32_t>(address->number(0, 0xFFFFFFFF));
  if (const auto file = node.find("encrypt-for")) plan.recipient = read_public_key(*file, folder);
  if (const auto size = node.find("key-size")) {
    if (plan.recipient.empty()) size->refuse("says nothing without encrypt-for");
    const auto bits = size->number(128, 256);
    if (bits != 128 && bits != 256) size->refuse("expected 128 or 256");
    plan.key_size = static_cast<std::size_t>(bits / 8);
  }
  return plan;
}

ZigbeePlan read_zigbee(const config::Node& node) {
  node.only({"kind", "around", "manufacturer", "image-type", "stack-version", "header-string", "hardware"});
  ZigbeePlan plan;
  const auto around = node.at("around");
  if (around.text() != "suit" && around.text() != "mcuboot") around.refuse("expected suit or mcuboot");
  plan.around = around.text() == "suit" ? ZigbeePlan::Around::suit : ZigbeePlan::Around::mcuboot;
  plan.manufacturer = static_cast<std::uint16_t>(node.at("manufacturer").number(0, 0xFFFE));
  plan.image_type = static_cast<std::uint16_t>(node.at("image-type").number(0, 0xFFBF));
  if (const auto stack = node.find("stack-version"))
    plan.stack_version = static_cast<std::uint16_t>(stack->number(0, 3));
  plan.text = node.text_or("header-string", "");
  if (plan.text.size() > 32) node.at("header-string").refuse("expected at most 32 characters");
  if (const auto range = node.find("hardware")) {
    const auto both = range->items();
    if (both.size() != 2) range->refuse("expected the lowest and the highest hardware version");
    plan.hardware = {static_cast<std::uint16_t>(both[0].number(0, 0xFFFF)),
                     static_cast<std::uint16_t>(both[1].number(0, 0xFFFF))};
    if (plan.hardware->first > plan.hardware->second) range->refuse("the lowest is above the highest");
  }
  return plan;
}

Bytes read_certificate(const config::Node& node, const std::filesystem::path& folder) {
  const auto name = node.text();
  if (!is_name(name)) node.refuse("expected the name of a file in this folder");
  const auto pem = read_file(folder / name, 65536);
  return guarded(Errc::bad_input, [&] {
    Botan::DataSource_Memory source{pem};
    return Botan::X509_Certificate{source}.BER_encode();
  });
}

SwuPlan read_swu(const config::Node& node, const std::filesystem::path& folder) {
  node.only({"kind", "key", "certificate", "hardware", "device", "path", "encrypt-key"});
  SwuPlan plan;
  plan.key = read_label(node.at("key"));
  plan.certificate = read_certificate(node.at("certificate"), folder);
  if (const auto hardware = node.find("hardware")) plan.hardware = hardware->texts();
  plan.device = node.text_or("device", "");
  plan.path = node.text_or("path", "");
  if (plan.device.empty() == plan.path.empty()) node.refuse("expected either device or path");
  if (const auto key = node.find("encrypt-key")) {
    if (key->text() != "content-key") key->refuse("expected content-key");
    plan.encrypted = true;
  }
  return plan;
}

cbor::Writer encode(const ZigbeePlan& plan) {
  cbor::Writer writer;
  writer.array(plan.hardware ? 7 : 5).unsigned_integer(static_cast<unsigned>(plan.around));
  writer.unsigned_integer(plan.manufacturer).unsigned_integer(plan.image_type).unsigned_integer(plan.stack_version);
  writer.text(plan.text);
  if (plan.hardware) writer.unsigned_integer(plan.hardware->first).unsigned_integer(plan.hardware->second);
  return writer;
}

cbor::Writer encode(const SwuPlan& plan) {
  cbor::Writer writer;
  writer.array(plan.encrypted ? 6 : 5).text(plan.key).bytes(plan.certificate).array(plan.hardware.size());
  for (const auto& one : plan.hardware) writer.text(one);
  writer.text(plan.device).text(plan.path);
  if (plan.encrypted) writer.boolean(true);
  return writer;
}

cbor::Writer encode(const McubootPlan& plan) {
  cbor::Writer writer;
  writer.array(5).text(plan.key).unsigned_integer(plan.header_size);
  if (plan.load_address)
    writer.unsigned_integer(*plan.load_address);
  else
    writer.null();
  return std::move(writer.bytes(plan.recipient).unsigned_integer(plan.key_size));
}

}  // namespace

OutputPlan OutputPlan::read(const config::Node& list, const std::filesystem::path& folder) {
  OutputPlan plan;
  std::set<std::string> seen;
  for (const auto& item : list.items()) {
    const auto kind = item.at("kind").text();
    if (!seen.insert(kind).second) item.refuse("output " + kind + " is named twice");
    if (kind == "suit")
      item.only({"kind"});
    else if (kind == "mcuboot")
      plan.mcuboot = read_mcuboot(item, folder);
    else if (kind == "zigbee")
      plan.zigbee = read_zigbee(item);
    else if (kind == "swu")
      plan.swu = read_swu(item, folder);
    else
      item.at("kind").refuse("'" + kind + "' is not an output; see lamp-device(5)");
  }
  if (seen.count("suit") == 0) list.refuse("every model has the output suit");
  if (plan.zigbee && plan.zigbee->around == ZigbeePlan::Around::mcuboot && !plan.mcuboot)
    list.refuse("output zigbee is around mcuboot, which is not an output here");
  return plan;
}

std::vector<std::string> OutputPlan::key_labels(const config::Node& list) {
  std::vector<std::string> labels;
  for (const auto& item : list.items())
    if (const auto key = item.find("key")) labels.push_back(read_label(*key));
  return labels;
}

std::vector<std::string> OutputPlan::key_labels() const {
  std::vector<std::string> labels;
  if (mcuboot) labels.push_back(mcuboot->key);
  if (swu) labels.push_back(swu->key);
  return labels;
}

Bytes OutputPlan::encoded() const {
  cbor::MapWriter map;
  if (mcuboot) map.add(1, encode(*mcuboot));
  if (zigbee) map.add(2, encode(*zigbee));
  if (swu) map.add(3, encode(*swu));
  return map.encoded();
}

}  // namespace lamp::firmware
