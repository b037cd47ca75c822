// The device's side of the service: what to install, from where, and what became of it. Every answer is exactly 200
// with JSON wherever hawkBit's is: rauc-hawkbit-updater takes 201 and 204 for failures.
#include <fmt/format.h>

#include <botan/rng.h>

#include <charconv>
#include <nlohmann/json.hpp>

#include "lib/base/error.hpp"
#include "lib/cloud/ddi_message.hpp"
#include "lib/cloud/json_fields.hpp"
#include "lib/cloud/router.hpp"
#include "lib/cloud/service.hpp"
#include "lib/registry/device.hpp"

namespace lamp::cloud {
namespace {

using Json = nlohmann::json;
using Handler = Reply (*)(const Service&, const Request&);

constexpr std::string_view kBase = "/default/controller/v1/";
constexpr std::chrono::seconds kBusyPoll{5};
constexpr std::size_t kFeedbackLimit = std::size_t{256} * 1024;

Reply json_reply(const Json& json) { return {.status = 200, .body = dump(json), .file = std::nullopt}; }

std::string url_of(const Service& service, const std::string& device, const std::string& rest) {
  return service.url + std::string{kBase} + device + rest;
}

/// Devices must not poll in step, and their clients do not spread themselves.
std::string poll_after(const Service& service, bool busy) {
  if (busy) return fmt::format("00:00:{:02}", std::min(kBusyPoll, service.poll).count());
  const auto fifth = static_cast<std::uint32_t>(service.poll.count() / 5);
  const auto dice = service.rng.random_array<4>();
  const auto number =
      std::uint32_t{dice[0]} << 24 | std::uint32_t{dice[1]} << 16 | std::uint32_t{dice[2]} << 8 | dice[3];
  const auto wait = service.poll.count() - fifth + number % (2 * fifth + 1);
  return fmt::format("{:02}:{:02}:{:02}", wait / 3600 % 24, wait / 60 % 60, wait % 60);
}

std::optional<rollout::Deployment> deployment_of(const Service& service, const std::string& device) {
  const auto now = service.clock.now();
  return service.database.read([&](store::Transaction& t) { return rollout::deployment_for(t, device, now); });
}

std::int64_t action_in(const Request& request) {
  const auto& text = request.parameters.at("action");
  std::int64_t action = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), action);
  if (failed != std::errc{} || end != text.data() + text.size()) throw Error{Errc::not_found, "no such action"};
  return action;
}

Reply poll(const Service& service, const Request& request) {
  const auto& device = request.caller.name;
  const auto deployment = deployment_of(service, device);
  Json links{{"configData", {{"href", url_of(service, device, "/configData")}}}};
  if (deployment)
    links["deploymentBase"] = {
        {"href", url_of(service, device, "/deploymentBase/" + std::to_string(deployment->action))}};
  return json_reply({{"config", {{"polling", {{"sleep", poll_after(service, deployment.has_value())}}}}},
                     {"_links", std::move(links)}});
}

Reply take_config(const Service& service, const Request& request) {
  const auto version = read_config_version(request.body);
  const auto now = service.clock.now();
  if (version) {
    service.database.write([&](store::Transaction& t) {
      registry::note_version(t, request.caller.name, *version, now);
      rollout::report_version(t, request.caller.name, *version, now, service.rng);
    });
  }
  return {};
}

Json artifact_json(const Service& service, const std::string& device, const rollout::Deployment& deployment,
                   const Artifact& artifact) {
  const auto filename = deployment.model + "-" + deployment.version + ".suit";
  return {{"filename", filename},
          {"size", artifact.size},
          {"hashes", {{"sha1", artifact.sha1}, {"md5", artifact.md5}, {"sha256", artifact.sha256}}},
          {"_links",
           {{"download", {{"href", url_of(service, device, "/artifacts/" + artifact.sha256 + "/" + filename)}}}}}};
}

Reply deployment(const Service& service, const Request& request) {
  const auto& device = request.caller.name;
  const auto open = deployment_of(service, device);
  if (!open || open->action != action_in(request)) return error_reply(404, "no such action");
  const auto artifact = service.artifacts.find(open->artifact);
  if (!artifact) throw Error{Errc::internal, "the artifact " + open->artifact + " of a running rollout is missing"};
  const Json chunk{{"part", "os"},
                   {"version", open->version},
                   {"name", open->model},
                   {"artifacts", Json::array({artifact_json(service, device, *open, *artifact)})}};
  return json_reply({{"id", std::to_string(open->action)},
                     {"deployment", {{"download", "forced"}, {"update", "forced"}, {"chunks", Json::array({chunk})}}}});
}

/// Also 200 for an action that is closed or unknown: the device would repeat itself for ever.
Reply take_feedback(const Service& service, const Request& request) {
  const auto read = read_feedback(request.body);
  const auto action = action_in(request);
  const auto now = service.clock.now();
  service.database.write([&](store::Transaction& t) {
    rollout::report_feedback(t, request.caller.name, action, read.feedback, read.detail, now, service.rng);
  });
  return {};
}

/// A device gets what it is to install, nothing else.
Reply artifact(const Service& service, const Request& request) {
  const auto open = deployment_of(service, request.caller.name);
  if (!open || open->artifact != request.parameters.at("sha256")) return error_reply(404, "no such artifact");
  const auto found = service.artifacts.find(open->artifact);
  if (!found) throw Error{Errc::internal, "the artifact " + open->artifact + " of a running rollout is missing"};
  return {.status = 200, .content_type = "application/octet-stream", .body = {}, .file = found->file};
}

/// No action is ever cancelled yet, but clients acknowledge what they believe to be.
Reply ignore(const Service& /*service*/, const Request& /*request*/) { return {}; }

void add(Router& router, const Service& service, const char* method, const char* rest, Handler handler,
         std::size_t limit = kDefaultBodyLimit) {
  // The path must name the device of the certificate: the certificate says who is asking, the path only what the client
  // was configured with.
  const auto act = [service, handler](const Request& request) {
    if (request.parameters.at("id") != request.caller.name) return error_reply(403, "not with this certificate");
    return handler(service, request);
  };
  router.add({.method = method,
              .pattern = std::string{kBase} + "{id}" + rest,
              .roles = {Role::device},
              .act = act,
              .body_limit = limit});
}

}  // namespace

void add_ddi_routes(Router& router, const Service& service) {
  add(router, service, "GET", "", poll);
  add(router, service, "PUT", "/configData", take_config);
  add(router, service, "GET", "/deploymentBase/{action}", deployment);
  add(router, service, "POST", "/deploymentBase/{action}/feedback", take_feedback, kFeedbackLimit);
  add(router, service, "POST", "/cancelAction/{action}/feedback", ignore);
  add(router, service, "GET", "/artifacts/{sha256}/{filename}", artifact);
}

}  // namespace lamp::cloud
