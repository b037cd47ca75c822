#include <botan/pk_keys.h>
#include <botan/x509_key.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/ca/by_quorum.hpp"
#include "cli/ca/quorum_requests.hpp"
#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/csr.hpp"
#include "lib/pki/issue.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::cli {
namespace {

struct RenewOptions {
  std::string serial, authority, request, public_key, output, quorum;
  bool same_key = false, json = false;
};

void declare(Arguments& a, RenewOptions& o) {
  a.positional("serial", o.serial, "Serial number of the certificate to renew, hex");
  a.option("--authority", o.authority, "The authority, when several issued that number");
  a.option("--csr", o.request, "Certificate request for the new key");
  a.option("--public-key", o.public_key, "The new public key, proven otherwise");
  a.flag("--same-key", o.same_key, "For the same key, where the profile allows it");
  a.option("-o,--output", o.output, "Where the certificate goes; standard output when not given");
  a.option("--quorum", o.quorum, "Quorum that guards the key: officers approve, the same command then does it");
  a.flag("--json", o.json, "Print JSON");
}

Bytes wanted_key(const RenewOptions& o, const pki::Record& old) {
  if (!o.request.empty())
    return in_context(o.request, [&] { return pki::parse_request(pki::read_request_file(o.request)).public_key_info; });
  if (o.same_key) {
    const auto own = pki::Certificate::parse(old.certificate).tbs.public_key;
    return {own.begin(), own.end()};
  }
  return pki::read_public_key_file(o.public_key);
}

void record_renewal(Host& host, store::Transaction& t, const pki::Record& old, const pki::Issued& fresh,
                    const Botan::Public_Key& key) {
  audit::record(t,
                {account_name(),
                 "ca.renew",
                 old.identity,
                 {{"authority", old.authority},
                  {"profile", old.profile},
                  {"serial", fresh.serial},
                  {"replaces", old.serial},
                  {"key", pki::key_fingerprint(key.subject_public_key())},
                  {"not-after", format_instant(fresh.not_after)}}},
                host.now(), host.world().rng);
}

void report(const RenewOptions& o, const pki::Record& old, const pki::Issued& issued, std::ostream& out) {
  const bool existed = issued.outcome == pki::Issued::Outcome::existed;
  const auto pem = pki::to_pem({issued.certificate});
  if (o.json) {
    const nlohmann::json all{{"name", old.identity},
                             {"authority", old.authority},
                             {"profile", old.profile},
                             {"serial", issued.serial},
                             {"replaces", old.serial},
                             {"existed", existed},
                             {"not-after", format_instant(issued.not_after)},
                             {"certificate", o.output.empty() ? pem : o.output}};
    out << all.dump(2) << '\n';
  } else if (o.output.empty()) {
    out << pem;
  } else {
    fmt::print(out, "certificate {} of {} {} by {}, until {}: {}\n", old.serial, old.identity,
               existed ? "was renewed before" : "renewed", issued.serial, format_instant(issued.not_after), o.output);
  }
}

void sign_successor(const RenewOptions& o, Host& host, const pki::Record& old, const pki::Profile& profile,
                    const Botan::Public_Key& key, std::ostream& out) {
  const auto signer = open_authority(host, old.authority);
  const auto issued =
      pki::renew(open_register(host), signer.authority, profile, old, key, host.now(), host.world().rng,
                 [&](store::Transaction& t, const auto& fresh) { record_renewal(host, t, old, fresh, key); });
  if (!o.output.empty()) publish_if_other(o.output, pki::to_pem({issued.certificate}));
  report(o, old, issued, out);
}

Exit renew(const RenewOptions& o, World& world) {
  const auto given = [](const std::string& text) { return text.empty() ? 0 : 1; };
  if (given(o.request) + given(o.public_key) + (o.same_key ? 1 : 0) != 1) {
    throw UsageError{"give the key of the new certificate: one of --csr, --public-key and --same-key"};
  }
  auto aside = o.json ? with_prose_aside(world) : world;
  Host host{aside};
  const auto old = find_certificate(host, o.serial, o.authority);
  if (old.state != pki::State::issued)
    throw Error{Errc::denied, "certificate " + old.serial + " is " + std::string{text(old.state)} +
                                  ", so it cannot be renewed; issue a new one"};
  const auto profile = load_profile(host.site(), old.profile);
  if (profile.authority)
    throw Error{Errc::denied, old.identity + " is an authority; lamp-ca create makes its successor"};
  const auto info = wanted_key(o, old);
  const auto key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(info); });
  const auto work = [&] { sign_successor(o, host, old, profile, *key, world.out); };
  if (!o.quorum.empty())
    return by_quorum(host, key_of_authority(host.site(), o.quorum, old.authority),
                     to_renew(host.site(), old, pki::key_fingerprint(info)), work, o.json ? &world.out : nullptr);
  work();
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_renew(Tool& tool) {
  tool.verb<RenewOptions>("renew", "Issue the successor of a certificate: same subject, new key", declare, renew);
}

}  // namespace lamp::cli
