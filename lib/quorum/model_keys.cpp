#include "lib/quorum/model_keys.hpp"

#include <botan/x509_key.h>

#include "lib/config/yaml.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::quorum {
namespace {

constexpr std::string_view kContext = "lamp-model-keys-v1";

ModelKeys read(const config::Node& root) {
  root.only({"quorum", "epoch", "keys", "signature"});
  ModelKeys file;
  file.quorum = root.at("quorum").text();
  file.epoch = root.at("epoch").number(1, 1ULL << 32);
  for (const auto& item : root.at("keys").items()) {
    item.only({"model", "station", "wrapped"});
    file.keys.push_back({item.at("model").text(), item.at("station").text(), {}});
    file.keys.back().wrapped =
        in_context(item.at("wrapped").place(), [&] { return from_base64(item.at("wrapped").text()); });
  }
  file.signature = in_context(root.at("signature").place(), [&] { return from_base64(root.at("signature").text()); });
  return file;
}

Verdict check(const ModelKeys& file, const Roster& roster) {
  if (file.quorum != roster.name || file.epoch != roster.epoch)
    return {{"made for quorum " + file.quorum + " epoch " + std::to_string(file.epoch) + ", not for " + roster.name +
             " epoch " + std::to_string(roster.epoch)}};
  const auto custody = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(roster.custody_key); });
  return cose::verify1(cose::parse_sign1(file.signature), *custody, file.canonical(), kContext);
}

}  // namespace

ModelKeys ModelKeys::load(const std::filesystem::path& path, const Roster& roster) {
  ModelKeys file = read(config::Node::load(path));
  const Verdict verdict = in_context(path.string(), [&] { return check(file, roster); });
  if (!verdict.acceptable()) throw Error{Errc::denied, path.string() + ": " + verdict.objections.front()};
  return file;
}

std::string ModelKeys::yaml() const {
  config::YamlWriter out;
  out.comment("The models' keys, wrapped to the stations' transport keys; lamp-quorum(5). Signed: do not edit.");
  out.begin_map().key("quorum").value(quorum).key("epoch").value(epoch).key("keys").begin_list();
  for (const auto& key : keys) {
    out.begin_map().key("model").value(key.model).key("station").value(key.station);
    out.key("wrapped").value(base64(key.wrapped)).end_map();
  }
  out.end_list().key("signature").value(base64(signature)).end_map();
  return out.text();
}

Bytes ModelKeys::canonical() const {
  cbor::Writer list;
  list.array(keys.size());
  for (const auto& key : keys) list.array(3).text(key.model).text(key.station).bytes(key.wrapped);
  return cbor::MapWriter{}
      .add(1, cbor::Writer{}.text(quorum))
      .add(2, cbor::Writer{}.unsigned_integer(epoch))
      .add(3, std::move(list))
      .encoded();
}

void ModelKeys::sign(const Botan::Private_Key& custody_key, Botan::RandomNumberGenerator& rng) {
  signature = cose::sign1(custody_key, rng, canonical(), kContext);
}

const WrappedModelKey& ModelKeys::find(const std::string& model, const std::string& station) const {
  std::string known;
  for (const auto& key : keys) {
    if (key.model == model && key.station == station) return key;
    known += (known.empty() ? "" : ", ") + key.model + " for " + key.station;
  }
  throw Error{Errc::not_found, "quorum " + quorum + " wrapped no key of model " + model + " for station " + station +
                                   "; it has " + (known.empty() ? "none" : known)};
}

std::filesystem::path model_keys_file(const std::filesystem::path& site, const std::string& quorum) {
  return site / "quorum" / (quorum + ".kek.yaml");
}

}  // namespace lamp::quorum
