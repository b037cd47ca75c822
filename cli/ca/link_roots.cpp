#include "cli/ca/link_roots.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "lib/base/error.hpp"
#include "lib/pki/link.hpp"
#include "lib/pki/records.hpp"

namespace lamp::cli {
namespace {

/// The profile that the register names for this very certificate.
pki::Profile profile_of(Host& host, const pki::Authority& authority) {
  pki::Filter filter;
  filter.authority = authority.name();
  filter.identity = authority.name();
  const auto records = open_register(host).read([&](store::Transaction& t) { return pki::list(t, filter); });
  for (const auto& record : records)
    if (std::ranges::equal(record.certificate, authority.chain().front()))
      return load_profile(host.site(), record.profile);
  throw Error{Errc::not_found, "this host's register does not know the certificate of authority " + authority.name() +
                                   "; run this where it was made"};
}

void link(Host& host, const pki::Authority& signer, const pki::Authority& subject, const std::filesystem::path& file) {
  const auto profile = profile_of(host, subject);
  const pki::Subject values{{"name", subject.name()}, {"site", host.site().name}};
  const auto issued = pki::issue_link(
      open_register(host), signer, subject, profile, values, host.now(), host.world().rng,
      [&](store::Transaction& t, const pki::Issued& fresh) {
        audit::record(
            t,
            {account_name(),
             "ca.link",
             subject.name(),
             {{"authority", signer.name()}, {"serial", fresh.serial}, {"not-after", format_instant(fresh.not_after)}}},
            host.now(), host.world().rng);
      });
  publish_if_other(file, pki::to_pem({issued.certificate}));
  fmt::print(host.world().out, "link certificate of {} by {}: serial {}, until {}: {}\n", subject.name(), signer.name(),
             issued.serial, format_instant(issued.not_after), shown(host.site(), file));
}

}  // namespace

void link_roots(Host& host, const std::string& old_name, const std::string& new_name) {
  const auto old_root = open_authority(host, old_name);
  const auto new_root = open_authority(host, new_name);
  link(host, new_root.authority, old_root.authority, authority_file(host.site(), new_name, "old-with-new.pem"));
  link(host, old_root.authority, new_root.authority, authority_file(host.site(), new_name, "new-with-old.pem"));
}

}  // namespace lamp::cli
