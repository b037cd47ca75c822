#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/ca/site_authority.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/revocation.hpp"

namespace lamp::cli {
namespace {

struct RevokeOptions {
  std::string serial, certificate, device, authority;
  std::string reason = "unspecified";
  bool dry_run = false;
};

void declare(Arguments& a, RevokeOptions& o) {
  a.option("--serial", o.serial, "Serial number of the certificate, hex");
  a.option("--certificate", o.certificate, "The certificate, PEM or DER");
  a.option("--device", o.device, "Serial number of the device: its identity is revoked");
  a.option("--authority", o.authority, "Only certificates of this authority");
  a.option("--reason", o.reason, "Reason by its name in RFC 5280, such as keyCompromise");
  a.flag("--dry-run", o.dry_run, "Say what would be revoked and change nothing");
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

bool names_one(const RevokeOptions& o) {
  const auto given = [](const std::string& text) { return text.empty() ? 0 : 1; };
  return given(o.serial) + given(o.certificate) + given(o.device) == 1;
}

pki::Filter filter_of(const RevokeOptions& o) {
  pki::Filter filter;
  filter.authority = o.authority;
  if (!o.serial.empty()) filter.serial = hex(from_hex(lower(o.serial)));
  if (!o.device.empty()) filter.identity = o.device;
  if (!o.certificate.empty())
    filter.serial = hex(pki::Certificate::parse(pki::load_certificates(o.certificate).front()).tbs.serial);
  return filter;
}

bool fits(const config::Site& site, const RevokeOptions& o, const pki::Record& record) {
  if (!o.device.empty()) return load_profile(site, record.profile).key.token == "device";
  if (o.certificate.empty()) return true;
  // A serial number is one authority's own: the file must be that very certificate, whatever it is called.
  return record.certificate == pki::load_certificates(o.certificate).front();
}

pki::Record find_record(Host& host, const RevokeOptions& o) {
  const auto filter = filter_of(o);
  auto records = open_register(host).read([&](store::Transaction& t) { return pki::list(t, filter); });
  std::erase_if(records, [&](const auto& record) { return !fits(host.site(), o, record); });
  // A device whose earlier identity was revoked has that one in the register too.
  if (records.size() > 1 && !o.device.empty())
    std::erase_if(records, [](const auto& record) { return record.state == pki::State::revoked; });
  if (records.empty())
    throw Error{Errc::not_found, "no such certificate in this host's register; lamp-ca list shows what is there"};
  if (records.size() == 1) return records.front();
  std::string which;
  for (const auto& record : records) which += " " + record.serial + " (" + record.authority + ")";
  throw Error{Errc::bad_input, "several certificates fit:" + which + "; name one by --serial and --authority"};
}

bool revoke_record(Host& host, const pki::Record& record, const std::string& reason) {
  return open_register(host).write([&](store::Transaction& t) {
    const auto current = pki::find(t, record.authority, record.serial);
    if (!current || !pki::revoke(t, *current, reason, host.now())) return false;
    audit::record(t,
                  {account_name(),
                   "ca.revoke",
                   record.identity,
                   {{"authority", record.authority},
                    {"profile", record.profile},
                    {"serial", record.serial},
                    {"was", std::string{text(current->state)}},
                    {"reason", reason}}},
                  host.now(), host.world().rng);
    return true;
  });
}

Exit revoke(const RevokeOptions& o, World& world) {
  if (!names_one(o)) {
    world.err << "lamp-ca: error: name one certificate, by --serial, --certificate or --device\n";
    return Exit::usage;
  }
  Host host{world};
  (void)pki::reason_code(o.reason);
  const auto record = find_record(host, o);
  const auto what =
      fmt::format("certificate {} of {} ({} by {})", record.serial, record.identity, record.profile, record.authority);
  if (o.dry_run) {
    fmt::print(world.out, "would revoke {}: it is {}\n", what, text(record.state));
    return Exit::ok;
  }
  const bool changed = revoke_record(host, record, o.reason);
  fmt::print(world.out, "{} {}: {}\n", what, changed ? "revoked" : "was revoked before",
             changed ? o.reason : record.reason);
  const auto list = in_context(
      "the revocation is recorded, but its list is not published yet (lamp-ca crl " + record.authority + " does it)",
      [&] {
        const auto open = open_authority(host, record.authority);
        return publish_list(host, open.authority);
      });
  fmt::print(world.out, "CRL {} of {}: {} revoked, until {}\n", list.number, record.authority, list.entries,
             format_instant(list.next_update));
  host.finish();
  return Exit::ok;
}

}  // namespace

void add_ca_revoke(Tool& tool) {
  tool.verb<RevokeOptions>("revoke", "Revoke a certificate, or withdraw a reservation, and publish the CRL", declare,
                           revoke);
}

}  // namespace lamp::cli
