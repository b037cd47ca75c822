#include "cli/sim/ddi_client.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/firmware/suit.hpp"

namespace lamp::sim {

namespace {

using nlohmann::json;

constexpr std::uint64_t kLargestRelease = 64ULL << 20;
constexpr std::string_view kJson = "application/json";

/// A member whatever its depth: at(answer, "/_links/download/href"). Throws Error{bad_input} naming it.
template <class T>
T at(const json& object, const char* pointer) {
  return in_context(std::string{"answer of the service: "} + pointer, [&] {
    return guarded(Errc::bad_input, [&] { return object.at(json::json_pointer{pointer}).get<T>(); });
  });
}

std::optional<std::string> link(const json& answer, const char* name) {
  const json::json_pointer pointer{std::string{"/_links/"} + name + "/href"};
  if (!answer.contains(pointer) || !answer[pointer].is_string()) return std::nullopt;
  return answer[pointer].get<std::string>();
}

json parse(const std::string& text) {
  auto answer = json::parse(text, nullptr, false);
  if (answer.is_discarded()) throw Error{Errc::bad_input, "the service's answer is not JSON"};
  return answer;
}

/// Why the service did not take something, in its own words.
std::string complaint_in(const cloud::Response& answer) {
  const auto body = json::parse(answer.body, nullptr, false);
  const bool said = body.is_object() && body.contains("error") && body["error"].is_string();
  return "the service refuses the device: " +
         (said ? body["error"].get<std::string>() : "HTTP status " + std::to_string(answer.status));
}

/// Action ids end up in a path: a positive number in decimal (hawkBit's are 31 bits), nothing else.
std::string checked_action(const std::string& id) {
  const bool digits = std::all_of(id.begin(), id.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (id.empty() || id.size() > 10 || !digits) throw Error{Errc::bad_input, "action id is not a number"};
  return id;
}

json feedback_body(Progress progress, std::string_view detail) {
  const bool closed = progress != Progress::proceeding;
  const char* const finished = progress == Progress::success   ? "success"
                               : progress == Progress::failure ? "failure"
                                                               : "none";
  return {{"status",
           {{"execution", closed ? "closed" : "proceeding"},
            {"result", {{"finished", finished}}},
            {"details", json::array({detail})}}}};
}

}  // namespace

DdiClient::DdiClient(const std::string& url, const std::string& serial, cloud::Client client)
    : url_{url}, base_{"/default/controller/v1/" + serial}, client_{std::move(client)} {}

std::string DdiClient::path_of(const std::string& href) const {
  if (href.starts_with('/') && !href.starts_with("//")) return href;
  // The certificate was made for one service: a link elsewhere is not followed.
  if (href.starts_with(url_ + "/")) return href.substr(url_.size());
  throw Error{Errc::bad_input, "the service links to another host: " + href};
}

std::optional<Offer> DdiClient::poll() {
  const auto answer = parse(client_.get_json(base_));
  if (const auto cancel = link(answer, "cancelAction")) {
    const auto path = path_of(*cancel);
    const auto id = checked_action(at<std::string>(parse(client_.get_json(path)), "/cancelAction/stopId"));
    post_feedback(base_ + "/cancelAction/" + id + "/feedback", Progress::success, "cancellation acknowledged");
    return std::nullopt;
  }
  const auto deployment = link(answer, "deploymentBase");
  if (!deployment) return std::nullopt;
  const auto body = parse(client_.get_json(path_of(*deployment)));
  Offer offer;
  offer.action = checked_action(at<std::string>(body, "/id"));
  offer.version = at<std::string>(body, "/deployment/chunks/0/version");
  offer.size = at<std::uint64_t>(body, "/deployment/chunks/0/artifacts/0/size");
  offer.sha256 = at<json>(body, "/deployment/chunks/0/artifacts/0/hashes").value("sha256", "");
  offer.artifact_path = path_of(at<std::string>(body, "/deployment/chunks/0/artifacts/0/_links/download/href"));
  return offer;
}

void DdiClient::report(const Attributes& a) {
  const json body{{"mode", "replace"},
                  {"data",
                   {{"model", a.model},
                    {"serial", a.serial},
                    {"version", a.version},
                    {"sequence", std::to_string(a.sequence)},
                    {"epoch", std::to_string(a.epoch)}}}};
  const auto text = body.dump();
  const auto answer = client_.send("PUT", base_ + "/configData", kJson, as_bytes(text));
  if (answer.status / 100 == 2) return;
  throw Error{answer.status / 100 == 4 ? Errc::denied : Errc::unavailable, complaint_in(answer)};
}

void DdiClient::feed_back(const std::string& action, Progress progress, std::string_view detail) {
  post_feedback(base_ + "/deploymentBase/" + action + "/feedback", progress, detail);
}

void DdiClient::post_feedback(const std::string& path, Progress progress, std::string_view detail) {
  client_.post_json(path, feedback_body(progress, detail).dump());
}

Bytes DdiClient::download(const Offer& offer) {
  if (offer.size > kLargestRelease) throw Error{Errc::bad_input, "the offered release is over 64 MiB"};
  Bytes file;
  const auto status = client_.download(offer.artifact_path, 0, [&](ByteView piece) {
    if (piece.size() > offer.size - file.size()) throw Error{Errc::bad_input, "the release is longer than announced"};
    append(file, piece);
  });
  if (status != 200)
    throw Error{Errc::unavailable, "the service answered " + std::to_string(status) + " to the download"};
  if (file.size() != offer.size) throw Error{Errc::bad_input, "the release is shorter than announced"};
  if (!offer.sha256.empty() && hex(firmware::sha256(file)) != offer.sha256)
    throw Error{Errc::bad_input, "the release's hash differs from the announced one"};
  return file;
}

}  // namespace lamp::sim
