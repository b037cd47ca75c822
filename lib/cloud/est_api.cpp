#include "lib/cloud/est_api.hpp"

#include <botan/x509cert.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/est.hpp"

namespace lamp::cloud {
namespace {

namespace est = pki::est;

constexpr std::string_view kBase = "/.well-known/est/";

Reply plain(unsigned status, std::string text) {
  return {.status = status, .content_type = "text/plain", .body = std::move(text) + "\n", .file = std::nullopt};
}

/// The same words for every reason: a stranger learns nothing about what exists here.
Reply not_with_this() { return plain(403, "not with this certificate"); }

Reply message(std::string_view type, ByteView der) {
  return {.content_type = std::string{type},
          .body = est::encode_body(der),
          .file = std::nullopt,
          .headers = {{"Content-Transfer-Encoding", "base64"}}};
}

/// For the log: what somebody else chose may not make lines of its own.
std::string printable(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return text;
}

std::string label_of(const Request& request) {
  const auto found = request.parameters.find("label");
  return found == request.parameters.end() ? std::string{} : found->second;
}

pki::Applicant applicant_of(const Request& request) {
  return {request.caller.name, request.caller.authority, request.caller.certificate};
}

class Est {
 public:
  explicit Est(const EstService& service) : s_{service} {}

  [[nodiscard]] Reply authorities(const Request& request) const {
    const auto label = label_of(request);
    std::vector<Bytes> all;
    for (const auto& rule : s_.desk.rules()) {
      if (!label.empty() && rule.label != label) continue;
      for (const auto& certificate : rule.authority->chain())
        if (std::find(all.begin(), all.end(), certificate) == all.end()) all.push_back(certificate);
    }
    if (all.empty()) return plain(404, "nothing here");
    return message(est::kCertificatesType, est::certificates_only(all));
  }

  [[nodiscard]] Reply attributes(const Request& request) const {
    const auto who = applicant_of(request);
    const auto* rule = s_.desk.rule_for(pki::Enrolment::initial, label_of(request), who);
    if (rule == nullptr) rule = s_.desk.rule_for(pki::Enrolment::renewal, label_of(request), who);
    if (who.certificate.empty() || rule == nullptr) return refuse(request, "csrattrs", "no certificate that counts");
    return message(est::kAttributesType, est::request_attributes(rule->profile.key));
  }

  [[nodiscard]] Reply enrol(const Request& request, pki::Enrolment act) const {
    const std::string what = act == pki::Enrolment::renewal ? "simplereenroll" : "simpleenroll";
    const auto who = applicant_of(request);
    if (who.certificate.empty()) return refuse(request, what, "no certificate that counts");
    const auto type = request.headers.find("content-type");
    if (type == request.headers.end() || !est::is_media_type(type->second, est::kRequestType))
      return plain(415, "a request is application/pkcs10");
    const auto answer = attempt(
        [&] { return s_.desk.answer(act, label_of(request), who, est::decode_body(request.body), s_.clock.now()); });
    if (const auto* failed = std::get_if<Error>(&answer)) return explain(request, what, *failed);
    const auto& issued = std::get<pki::Issued>(answer);
    s_.log(what + " by " + printable(who.name) + ": certificate " + issued.serial +
           (issued.outcome == pki::Issued::Outcome::existed ? " again" : "") + ", until " +
           format_instant(issued.not_after));
    return message(est::kCertificatesType, est::certificates_only({issued.certificate}));
  }

  [[nodiscard]] Reply guarded_by_rate(const Request& request, Reply (Est::*act)(const Request&) const) const {
    if (auto slower = s_.limits.refusal(request)) return std::move(*slower);
    return (this->*act)(request);
  }
  [[nodiscard]] Reply initial(const Request& request) const { return enrol(request, pki::Enrolment::initial); }
  [[nodiscard]] Reply renewal(const Request& request) const { return enrol(request, pki::Enrolment::renewal); }

 private:
  [[nodiscard]] Reply refuse(const Request& request, const std::string& what, const std::string& reason) const {
    s_.log("refused " + what + " to " + printable(request.caller.name) + " at " + request.address + ": " +
           printable(reason));
    // What is said of its orders is the station's own business, and its operator has no sight of this log.
    return request.caller.role == Role::station ? plain(403, printable(reason)) : not_with_this();
  }

  [[nodiscard]] Reply explain(const Request& request, const std::string& what, const Error& error) const {
    switch (error.code()) {
      case Errc::bad_input: return plain(400, printable(error.what()));
      case Errc::unavailable: {
        s_.log(what + " by " + printable(request.caller.name) + " failed: " + printable(error.what()));
        auto reply = plain(503, "not now");
        reply.headers.emplace_back("Retry-After", "10");
        return reply;
      }
      case Errc::internal: rethrow(error);
      default: return refuse(request, what, error.what());
    }
  }

  EstService s_;
};

}  // namespace

void add_est_routes(Router& router, const EstService& service) {
  const auto est_service = std::make_shared<Est>(service);
  const auto add = [&](const std::string& method, const std::string& name, Reply (Est::*act)(const Request&) const) {
    for (const auto* label : {"", "{label}/"})
      router.add({.method = method,
                  .pattern = std::string{kBase} + label + name,
                  .roles = every_role(),
                  .act = [est_service, act](const Request& r) { return est_service->guarded_by_rate(r, act); },
                  .body_limit = est::kRequestLimit});
  };
  add("GET", "cacerts", &Est::authorities);
  add("GET", "csrattrs", &Est::attributes);
  add("POST", "simpleenroll", &Est::initial);
  add("POST", "simplereenroll", &Est::renewal);
}

Identify identify_or_stranger(ClientTrust& trust) {
  return [&trust](const Bytes& certificate) -> std::optional<Caller> {
    if (certificate.empty()) return Caller{Role::stranger, "somebody without a certificate", {}, {}};
    const auto leaf = guarded(Errc::internal, [&] { return Botan::X509_Certificate{certificate}; });
    auto names = leaf.subject_info("X520.SerialNumber");
    if (names.empty()) names = leaf.subject_info("X520.CommonName");
    const auto name = names.empty() ? std::string{"somebody without a name"} : names.front();
    auto authority = trust.authority_of(leaf);
    if (!authority) return Caller{Role::stranger, name + ", whose certificate is revoked,", {}, {}};
    const auto units = leaf.subject_info("X520.OrganizationalUnit");
    const auto role = units.size() == 1 ? role_from_text(units.front()) : std::nullopt;
    return Caller{role.value_or(Role::device), name, certificate, std::move(*authority)};
  };
}

}  // namespace lamp::cloud
