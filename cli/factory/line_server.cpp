#include "cli/factory/line_server.hpp"

#include <botan/rng.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "cli/factory/sync_batches.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/est.hpp"

namespace lamp::cli {
namespace {

namespace est = pki::est;

constexpr int kTries = 10;
constexpr std::chrono::seconds kPause{1};
/// A chain of certificates comes nowhere near.
constexpr std::size_t kAnswerLimit = std::size_t{64} * 1024;
constexpr std::size_t kReasonLimit = 300;

std::string path_of(const config::LineServer& plan) {
  return "/.well-known/est/" + (plan.label.empty() ? "" : plan.label + "/") + "simpleenroll";
}

/// One line of what a server says, for a person.
std::string reason_in(const cloud::Response& response) {
  auto text = to_text(response.body);
  text.resize(std::min({text.size(), text.find('\n'), kReasonLimit}));
  std::replace_if(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return text.empty() ? "HTTP status " + std::to_string(response.status) : text;
}

std::vector<Bytes> certificates(const config::Site& site, const std::string& station, Instant now) {
  const auto& file = site.person(station).certificate;
  auto chain = pki::load_certificates(file);
  const auto end =
      in_context(file.string(), [&] { return pki::Certificate::parse(chain.front()).tbs.not_after.instant(); });
  if (end && now > *end)
    throw Error{Errc::denied, "the certificate " + file.string() + " of station " + station + " ended at " +
                                  format_instant(*end) + ", so the line server takes no request; have the CA issue a " +
                                  "new one: lamp-ca issue client --profile station --name " + station};
  return chain;
}

cloud::Client connect(Host& host, const std::string& station, const config::LineServer& plan) {
  const std::shared_ptr<Botan::RandomNumberGenerator> rng{std::shared_ptr<void>{}, &host.world().rng};
  return in_context("line-server in site.yaml", [&] {
    return cloud::Client{plan.url,
                         {service_anchor(host.site())},
                         {certificates(host.site(), station, host.now()), host.person_key(station)},
                         rng};
  });
}

bool is_to_wait(const cloud::Response& response) { return response.status == 429 || response.status == 503; }

}  // namespace

EstLineServer::EstLineServer(Host& host, const std::string& station, const config::LineServer& plan)
    : plan_{plan}, path_{path_of(plan)}, client_{connect(host, station, plan)} {}

/// A server that is asked too often, or whose token is busy, says so; a line that stopped for that would stop daily.
cloud::Response EstLineServer::ask(const std::string& body) {
  for (int tries = 1;; ++tries) {
    auto response = [&] {
      const std::lock_guard lock{one_at_a_time_};
      return client_.send("POST", path_, est::kRequestType, as_bytes(body));
    }();
    if (!is_to_wait(response) || tries == kTries) return response;
    std::this_thread::sleep_for(kPause);
  }
}

Bytes EstLineServer::certificate_in(const cloud::Response& response) const {
  const auto type = est::kCertificatesType.substr(0, est::kCertificatesType.find(';'));
  if (!est::is_media_type(response.content_type, type))
    throw Error{Errc::bad_input, "it answered with " + response.content_type + ", not " + std::string{type}};
  auto all = est::certificates_in(est::decode_body(to_text(response.body), kAnswerLimit));
  if (all.size() != 1) throw Error{Errc::bad_input, "it answered with " + std::to_string(all.size()) + " certificates"};
  return std::move(all.front());
}

Bytes EstLineServer::enrol(ByteView request) {
  const auto response = in_context("the line server", [&] { return ask(est::encode_body(request)); });
  const auto server = "the line server " + plan_.url;
  if (response.status == 200) return in_context(server, [&] { return certificate_in(response); });
  const auto reason = reason_in(response);
  if (response.status == 401 || response.status == 403 || response.status == 404)
    throw Error{Errc::denied, server + " refused: " + reason};
  if (response.status == 202 || is_to_wait(response) || response.status >= 500)
    throw Error{Errc::unavailable, server + " does not certify now: " + reason + "; the next run asks again"};
  throw Error{Errc::bad_input, server + " does not take the request: " + reason};
}

}  // namespace lamp::cli
