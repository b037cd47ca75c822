#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/ca/by_quorum.hpp"
#include "cli/ca/quorum_requests.hpp"
#include "cli/ca/site_ocsp.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

struct PresignOptions {
  std::string authority, signer, quorum;
  std::uint64_t days = 7;
};

void declare(Arguments& a, PresignOptions& o) {
  a.positional("authority", o.authority, "Authority whose certificates to sign responses for");
  a.option("--days", o.days, "How long the responses hold, 1 to 400 days; 7 by default");
  a.option("--signer", o.signer, "OCSP signer of that authority; the authority itself by default");
  a.option("--quorum", o.quorum, "Quorum that guards the key: officers approve, the same command then does it");
}

void sign_ahead(const PresignOptions& o, Host& host) {
  auto& world = host.world();
  const auto open = open_responder(host, o.authority, o.signer);
  const bool interactive = world.terminal.is_interactive();
  const auto count =
      pki::presign_ocsp(open_register(host), open.authority, std::chrono::days{o.days}, host.now(), world.rng,
                        [&](const pki::PresignCount& so_far) {
                          if (interactive)
                            fmt::print(world.err, "\r{} signed, {} kept", so_far.signed_now, so_far.kept);
                        });
  if (interactive) world.err << '\n';
  host.record({account_name(),
               "ca.ocsp.presign",
               o.authority,
               {{"signed", std::to_string(count.signed_now)},
                {"kept", std::to_string(count.kept)},
                {"days", std::to_string(o.days)}}});
  fmt::print(world.out, "OCSP responses of {}: {} signed, {} still hold\n", o.authority, count.signed_now, count.kept);
}

Exit presign(const PresignOptions& o, World& world) {
  if (o.days < 1 || o.days > 400) {
    throw UsageError{"--days is 1 to 400"};
  }
  Host host{world};
  if (!o.quorum.empty()) {
    const GuardedKey key{o.quorum, responder_token(host, o.authority, o.signer),
                         o.signer.empty() ? "authority " + o.authority : "OCSP signer " + o.signer};
    return by_quorum(host, key, to_presign(host, o.authority, o.signer, o.days), [&] { sign_ahead(o, host); });
  }
  sign_ahead(o, host);
  host.finish();
  return Exit::ok;
}

struct AnswerOptions {
  std::string request, output, signer;
  bool presigned = false;
};

void declare(Arguments& a, AnswerOptions& o) {
  a.positional("request", o.request, "OCSP request, DER");
  a.required("--output,-o", o.output, "File to write the OCSP response to");
  a.option("--signer", o.signer, "OCSP signer of the authority that is asked; the authority itself by default");
  a.flag("--presigned", o.presigned, "Use no key: answer from what was signed ahead");
}

/// The authority that the request asks, if it asks one of ours.
std::string authority_asked(const std::vector<pki::OcspAuthority>& authorities, const Bytes& request) {
  const auto read = attempt([&] { return pki::OcspRequest::parse(request); });
  const auto* parsed = std::get_if<pki::OcspRequest>(&read);
  if (parsed == nullptr) return {};
  for (const auto& authority : authorities)
    if (std::any_of(parsed->wanted.begin(), parsed->wanted.end(),
                    [&](const auto& id) { return authority.id().is_named_by(id); }))
      return authority.name();
  return {};
}

std::string_view status_name(const Bytes& response) {
  switch (response.size() == 5 ? response[4] : 0) {
    case 0: return "successful";
    case 1: return "malformedRequest";
    case 3: return "tryLater";
    case 6: return "unauthorized";
    default: return "internalError";
  }
}

Exit answer(const AnswerOptions& o, World& world) {
  Host host{world};
  const auto request = read_file(o.request, pki::OcspRequest::kLargest);
  const auto keyless = keyless_responders(host.site());
  const auto asked = o.presigned ? std::string{} : authority_asked(keyless, request);
  auto& database = open_register(host);
  Bytes response;
  if (asked.empty()) {
    response = pki::answer_ocsp(database, keyless, request, host.now(), world.rng);
  } else {
    const auto open = open_responder(host, asked, o.signer);
    response = pki::answer_ocsp(database, {&open.authority, 1}, request, host.now(), world.rng);
  }
  publish(o.output, ByteView{response});
  const auto status = status_name(response);
  fmt::print(world.out, "{}: {}\n", o.output, status);
  return status == "successful" ? Exit::ok : Exit::refused;
}

}  // namespace

void add_ca_ocsp(Tool& tool) {
  tool.verb<PresignOptions>("ocsp presign", "Sign OCSP responses ahead, so that a host without the key can answer",
                            declare, presign);
  tool.verb<AnswerOptions>("ocsp answer", "Answer one OCSP request, from a file into a file", declare, answer);
}

}  // namespace lamp::cli
