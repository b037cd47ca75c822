#include "lib/pki/path.hpp"

#include <botan/certstor.h>
#include <botan/x509_crl.h>
#include <botan/x509_ext.h>
#include <botan/x509path.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/general_name.hpp"
#include "lib/pki/names.hpp"

namespace lamp::pki {
namespace {

/// Below RSA-2048 and P-224 nothing counts: NIST SP 800-131A.
constexpr std::size_t kKeyStrength = 110;

Botan::Usage_Type usage(PathUse use) {
  switch (use) {
    case PathUse::tls_client: return Botan::Usage_Type::TLS_CLIENT_AUTH;
    case PathUse::tls_server: return Botan::Usage_Type::TLS_SERVER_AUTH;
    case PathUse::any: break;
  }
  return Botan::Usage_Type::UNSPECIFIED;
}

/// Botan compares addresses only, and takes points that are named otherwise for the same.
bool has_uri(const der::Item& point) {
  der::Reader choice{point.content};
  if (choice.peek() != der::constructed_context(0)) return false;
  auto names = choice.enter(der::constructed_context(0), "fullName");
  while (!names.at_end())
    if (names.next("fullName").tag == name_tag(NameKind::uri)) return true;
  return false;
}

/// Whether a list speaks of all that its issuer revoked, or of all below one distribution point. Botan does not look at
/// the other limits of an issuingDistributionPoint, and would take "not on this list" for "not revoked".
bool has_whole_scope(const Botan::X509_CRL& list) {
  const Botan::OID point{oid::kIssuingDistributionPoint};
  if (list.extensions().extension_set(Botan::OID{oid::kDeltaCrlIndicator})) return false;
  if (!list.extensions().extension_set(point)) return true;
  const auto value = list.extensions().get_extension_bits(point);
  der::Reader outer{value};
  auto fields = outer.enter(der::kSequence, "issuingDistributionPoint");
  if (const auto name = fields.next_if(der::constructed_context(0), "distributionPoint"); name && !has_uri(*name))
    return false;
  return fields.at_end();
}

bool self_issued(const Tbs& tbs) { return std::ranges::equal(tbs.issuer, tbs.subject); }

bool permits(const NameConstraints& limits, const std::vector<GeneralName>& names) {
  return std::ranges::all_of(names, [&](const GeneralName& name) {
    const auto same_kind = [&](const GeneralName& tree) { return tree.tag == name.tag; };
    const auto holds = [&](const GeneralName& tree) { return within_subtree(name, tree); };
    return std::ranges::none_of(limits.excluded, holds) &&
           (std::ranges::none_of(limits.permitted, same_kind) || std::ranges::any_of(limits.permitted, holds));
  });
}

/// RFC 5280 section 6.1.3 (b) and (c): the names of each certificate against the limits of all above it. `path` is that
/// of Botan, leaf first.
bool names_permitted(const std::vector<Botan::X509_Certificate>& path) {
  std::vector<Bytes> encoded;
  for (const auto& certificate : path) encoded.push_back(certificate.BER_encode());
  std::vector<NameConstraints> limits;
  for (std::size_t i = encoded.size(); i-- > 0;) {
    const auto tbs = Certificate::parse(encoded[i]).tbs;
    const bool checked = i == 0 || !self_issued(tbs);
    const auto names = checked && !limits.empty() ? constrained_names(tbs) : std::vector<GeneralName>{};
    if (!std::ranges::all_of(limits, [&](const NameConstraints& one) { return permits(one, names); })) return false;
    if (const auto* extension = tbs.find(oid::kNameConstraints)) limits.push_back(name_constraints(extension->value));
  }
  return true;
}

bool any_constraints(const std::vector<Botan::X509_Certificate>& path) {
  return std::ranges::any_of(path, [](const Botan::X509_Certificate& c) {
    return c.v3_extensions().extension_set(Botan::OID{oid::kNameConstraints});
  });
}

}  // namespace

Botan::Path_Validation_Result validate_path(const std::vector<Botan::X509_Certificate>& chain,
                                            const std::vector<Botan::Certificate_Store*>& anchors,
                                            const PathQuery& query) {
  return guarded(Errc::bad_input, [&] {
    Botan::Certificate_Store_In_Memory lists;
    for (const auto& der : query.lists)
      if (const Botan::X509_CRL list{der}; has_whole_scope(list)) lists.add_crl(list);
    auto stores = anchors;
    stores.push_back(&lists);
    const Botan::Path_Validation_Restrictions rules{query.revocation == PathRevocation::required, kKeyStrength};
    auto result = Botan::x509_path_validate(chain, rules, stores, query.host, usage(query.use), query.at);
    if (!result.successful_validation() || !any_constraints(result.cert_path())) return result;
    if (names_permitted(result.cert_path())) return result;
    return Botan::Path_Validation_Result{Botan::Certificate_Status_Code::NAME_CONSTRAINT_ERROR};
  });
}

}  // namespace lamp::pki
