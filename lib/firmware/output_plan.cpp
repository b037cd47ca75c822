#include "lib/firmware/output_plan.hpp"

#include <botan/data_src.h>
#include <botan/x509_key.h>

#include <set>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"

namespace lamp::firmware {
namespace {

std::string read_label(const config::Node& node) {
  auto label = node.text();
  require_name(label, node.place());
  if (label == "release" || label == "custody") node.refuse("the token's key '" + label + "' has another purpose");
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
    else
      item.at("kind").refuse("'" + kind + "' is not an output; see lamp-device(5)");
  }
  if (seen.count("suit") == 0) list.refuse("every model has the output suit");
  return plan;
}

Bytes OutputPlan::encoded() const {
  cbor::MapWriter map;
  if (mcuboot) map.add(1, encode(*mcuboot));
  return map.encoded();
}

}  // namespace lamp::firmware
