#include <map>
#include <nlohmann/json.hpp>

#include "cli/hsm/ceremony.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

/// The plan without its steps.
nlohmann::json describe_occasion(const ceremony::Plan& plan) {
  return {{"ceremony", plan.name},
          {"purpose", plan.purpose},
          {"steps-digest", hex(plan.digest)},
          {"conductor", plan.conductor},
          {"witnesses", plan.witnesses}};
}

nlohmann::json describe_step(const ceremony::Plan& plan, std::size_t number) {
  const auto& step = plan.steps.at(number - 1);
  return {{"number", number}, {"by", step.by}, {"kind", step.kind()}, {"what", step.what()}};
}

nlohmann::json values_of(const ceremony::Details& details) {
  auto all = nlohmann::json::object();
  for (const auto& [name, value] : details) all[std::string{name}] = value;
  return all;
}

}  // namespace

nlohmann::json describe(const ceremony::Plan& plan) {
  auto all = describe_occasion(plan);
  all["steps"] = nlohmann::json::array();
  for (std::size_t number = 1; number <= plan.steps.size(); ++number)
    all["steps"].push_back(describe_step(plan, number));
  return all;
}

nlohmann::json describe_transcript(const ceremony::Plan& plan, const std::filesystem::path& file) {
  const auto records = ceremony::parse_records(read_file(file));
  auto all = describe_occasion(plan);
  all["mode"] = ceremony::text(ceremony::mode_of(records.front()));
  all["anchor"] = hex(records.front().digest());
  all["begun"] = format_instant(records.front().at);
  all["records"] = records.size();
  all["over"] = records.back().kind == ceremony::Kind::end;
  all["transcript"] = file.string();
  all["steps"] = nlohmann::json::array();
  for (const auto& record : records) {
    if (record.kind != ceremony::Kind::done) continue;
    auto step = describe_step(plan, record.step);
    step["done"] = format_instant(record.at);
    step["result"] = values_of(record.details);
    all["steps"].push_back(std::move(step));
  }
  return all;
}

}  // namespace lamp::cli
