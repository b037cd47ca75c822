#include "lib/cloud/factory_batch.hpp"

#include <nlohmann/json.hpp>

#include "lib/base/error.hpp"
#include "lib/cloud/json_fields.hpp"

namespace lamp::cloud {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kOrderLimit = 64, kApprovalLimit = 32;

Json json_of(const OrderEvidence& order) {
  auto approvals = Json::array();
  for (const auto& approval : order.approvals) approvals.push_back(base64(approval));
  return {{"id", order.id}, {"canonical", base64(order.canonical)}, {"approvals", std::move(approvals)}};
}

Json json_of(const registry::FactoryRecord& record) {
  return {{"serial", record.serial},
          {"model", record.model},
          {"mac", record.mac.text()},
          {"certificate", base64(record.certificate)},
          {"claim_salt", base64(record.claim_salt)},
          {"claim_verifier", base64(record.claim_verifier)},
          {"station", record.station},
          {"order", record.order},
          {"completed_at", format_instant(record.completed_at)},
          {"escrow", base64(record.escrow)},
          {"public_keys", base64(record.public_keys)}};
}

OrderEvidence order_from(const Json& json) {
  OrderEvidence order{text_field(json, "id"), bytes_field(json, "canonical", 65536), {}};
  for (const auto& text : texts_field(json, "approvals", kApprovalLimit)) order.approvals.push_back(from_base64(text));
  return order;
}

registry::FactoryRecord record_from(const Json& json) {
  return {.serial = text_field(json, "serial", 64),
          .model = text_field(json, "model", 63),
          .mac = MacAddress::parse(text_field(json, "mac")),
          .certificate = bytes_field(json, "certificate"),
          .claim_salt = bytes_field(json, "claim_salt", 64),
          .claim_verifier = bytes_field(json, "claim_verifier", 64),
          .station = text_field(json, "station", 63),
          .order = text_field(json, "order", 63),
          .completed_at = parse_instant(text_field(json, "completed_at")),
          .escrow = bytes_field(json, "escrow"),
          .public_keys = bytes_field(json, "public_keys", 1024)};
}

/// Reads every item of a list; an error says which one it was.
template <class Item>
std::vector<Item> items(const Json& json, const char* name, std::size_t longest, Item (*read)(const Json&)) {
  std::vector<Item> all;
  for (const auto& item : list_field(json, name, longest))
    in_context(std::string{name} + "[" + std::to_string(all.size()) + "]", [&] { all.push_back(read(item)); });
  return all;
}

RecordAnswer answer_from(const Json& json) {
  RecordAnswer answer{text_field(json, "serial"), registry::Intake::accepted, {}};
  if (text_field(json, "result") == "accepted") return answer;
  answer.intake = registry::Intake::parked;
  answer.reason = text_field(json, "reason", 4096);
  return answer;
}

}  // namespace

std::string write_batch(const FactoryBatch& batch) {
  Json json{{"orders", Json::array()}, {"records", Json::array()}};
  for (const auto& order : batch.orders) json["orders"].push_back(json_of(order));
  for (const auto& record : batch.records) json["records"].push_back(json_of(record));
  return dump(json);
}

FactoryBatch read_batch(std::string_view text) {
  const auto json = parse_object(text);
  FactoryBatch batch{items(json, "orders", kOrderLimit, order_from), {}};
  std::size_t index = 0;
  for (const auto& item : list_field(json, "records", kBatchLimit)) {
    const auto where = "records[" + std::to_string(index++) + "]";
    auto record = attempt([&] { return in_context(where, [&] { return record_from(item); }); });
    if (auto* read = std::get_if<registry::FactoryRecord>(&record)) {
      batch.records.push_back(std::move(*read));
      continue;
    }
    batch.unread.push_back({in_context(where, [&] { return text_field(item, "serial", 64); }),
                            std::get<Error>(record).what(), dump(item)});
  }
  return batch;
}

std::string write_answers(const std::vector<RecordAnswer>& answers) {
  Json json{{"results", Json::array()}};
  for (const auto& answer : answers) {
    Json one{{"serial", answer.serial},
             {"result", answer.intake == registry::Intake::accepted ? "accepted" : "parked"}};
    if (answer.intake == registry::Intake::parked) one["reason"] = answer.reason;
    json["results"].push_back(std::move(one));
  }
  return dump(json);
}

std::vector<RecordAnswer> read_answers(std::string_view text) {
  return items(parse_object(text), "results", kBatchLimit, answer_from);
}

}  // namespace lamp::cloud
