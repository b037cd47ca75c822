#include "cli/ca/choice.hpp"

#include <algorithm>
#include <map>

#include "cli/usage.hpp"
#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"

namespace lamp::cli {
namespace {

int count(std::initializer_list<const std::string*> texts) {
  return static_cast<int>(std::count_if(texts.begin(), texts.end(), [](const auto* text) { return !text->empty(); }));
}

pki::Filter filter_of(const Choice& o) {
  pki::Filter filter;
  filter.authority = o.authority;
  if (!o.serial.empty()) filter.serial = hex(from_hex(o.serial));
  if (!o.device.empty()) filter.identity = o.device;
  if (!o.certificate.empty())
    filter.serial = hex(pki::Certificate::parse(pki::load_certificates(o.certificate).front()).tbs.serial);
  return filter;
}

bool is_device(const config::Site& site, const std::string& profile) {
  return load_profile(site, profile).key.token == "device";
}

bool fits(const config::Site& site, const Choice& o, const pki::Record& record) {
  if (!o.device.empty()) return is_device(site, record.profile);
  if (o.certificate.empty()) return true;
  // A serial number is one authority's own: the file must be that very certificate, whatever it is called.
  return record.certificate == pki::load_certificates(o.certificate).front();
}

void require_both(const std::string& from, const std::string& to, std::string_view option) {
  if (from.empty() || to.empty())
    throw UsageError{"a range has two ends: give --" + std::string{option} + "-from and --" + std::string{option} +
                     "-to"};
}

}  // namespace

void declare_choice(Arguments& a, Choice& o) {
  a.option("--serial", o.serial, "Serial number of the certificate, hex");
  a.option("--certificate", o.certificate, "The certificate, PEM or DER");
  a.option("--device", o.device, "Serial number of the device: its identity is meant");
  a.option("--authority", o.authority, "Only certificates of this authority");
}

int given(const Choice& o) { return count({&o.serial, &o.certificate, &o.device}); }

pki::Record find_record(Host& host, const Choice& o) {
  const auto filter = filter_of(o);
  auto records = open_register(host).read([&](store::Transaction& t) { return pki::list(t, filter); });
  std::erase_if(records, [&](const auto& record) { return !fits(host.site(), o, record); });
  // A device whose earlier identity was revoked has that one in the register too.
  if (records.size() > 1 && !o.device.empty())
    std::erase_if(
        records, [](const auto& record) { return record.state == pki::State::revoked && record.reason != pki::kHold; });
  if (records.empty())
    throw Error{Errc::not_found, "no such certificate in this host's register; lamp-ca list shows what is there"};
  if (records.size() == 1) return records.front();
  std::string which;
  for (const auto& record : records) which += " " + record.serial + " (" + record.authority + ")";
  throw Error{Errc::bad_input, "several certificates fit:" + which + "; name one by --serial and --authority"};
}

void declare_bulk(Arguments& a, BulkChoice& o) {
  a.option("--order", o.order, "All devices of this production order");
  a.option("--mac-from", o.mac_from, "All devices from this MAC address on, up to --mac-to");
  a.option("--mac-to", o.mac_to, "Last MAC address");
  a.option("--device-from", o.device_from, "All devices from this serial number on, up to --device-to");
  a.option("--device-to", o.device_to, "Last serial number, of the same length");
}

int given(const BulkChoice& o) {
  const auto any = [](const std::string& a, const std::string& b) { return a.empty() && b.empty() ? 0 : 1; };
  return count({&o.order}) + any(o.mac_from, o.mac_to) + any(o.device_from, o.device_to);
}

pki::Selection selection_of(const BulkChoice& o, const std::string& authority) {
  pki::Selection selection;
  selection.authority = authority;
  selection.order = o.order;
  if (!o.mac_from.empty() || !o.mac_to.empty()) {
    require_both(o.mac_from, o.mac_to, "mac");
    selection.addresses = {MacAddress::parse(o.mac_from), MacAddress::parse(o.mac_to)};
    if (selection.addresses->second < selection.addresses->first) throw UsageError{"--mac-to is before --mac-from"};
  }
  if (!o.device_from.empty() || !o.device_to.empty()) {
    require_both(o.device_from, o.device_to, "device");
    if (o.device_from.size() != o.device_to.size() || o.device_to < o.device_from)
      throw UsageError{"--device-from and --device-to are serial numbers of one length, in order"};
    selection.identities = {o.device_from, o.device_to};
  }
  return selection;
}

std::vector<pki::Selected> find_many(Host& host, const pki::Selection& selection) {
  std::map<std::string, bool, std::less<>> device;
  return open_register(host).read([&](store::Transaction& t) {
    std::vector<pki::Selected> found;
    for_each(t, selection, [&](const pki::Selected& one) {
      const auto known = device.find(one.profile);
      const bool wanted = known != device.end()
                              ? known->second
                              : device.emplace(one.profile, is_device(host.site(), one.profile)).first->second;
      if (wanted) found.push_back(one);
    });
    return found;
  });
}

}  // namespace lamp::cli
