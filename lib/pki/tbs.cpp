#include "lib/pki/tbs.hpp"

#include <algorithm>
#include <array>

#include "lib/base/error.hpp"
#include "lib/pki/der_writer.hpp"
#include "lib/pki/extensions.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/shards.hpp"

namespace lamp::pki {
namespace {

std::string_view oid_of(std::optional<std::string_view> dotted) {
  if (!dotted) throw Error{Errc::internal, "a profile let an unknown name through"};
  return *dotted;
}

/// X.680's PrintableString where it suffices, else UTF8String: both are what RFC 5280 section 4.1.2.4 allows.
der::Tag string_type(std::string_view text) {
  constexpr std::string_view kMarks = " '()+,-./:=?";
  const bool printable = std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kMarks.find(c) != std::string_view::npos;
  });
  return printable ? der::kPrintableString : der::kUtf8String;
}

Bytes encode_name(const std::vector<std::pair<std::string, std::string>>& fields) {
  der::Writer der;
  der.begin(der::kSequence);
  for (const auto& [attribute, text] : fields)
    der.begin(der::kSet)
        .begin(der::kSequence)
        .object_id(oid_of(attribute_oid(attribute)))
        .add(string_type(text), text)
        .end()
        .end();
  return der.end().take();
}

Bytes encode_key_usage(const std::vector<std::string>& names) {
  std::array<std::uint8_t, 2> bits{};
  unsigned last = 0;
  for (const auto& name : names) {
    const unsigned bit = key_usage_bit(name).value_or(0);
    bits[bit / 8] = static_cast<std::uint8_t>(bits[bit / 8] | 0x80U >> bit % 8);
    last = std::max(last, bit);
  }
  // A bit string with named bits ends at its last set bit (X.690, section 11.2.2).
  Bytes content{static_cast<std::uint8_t>(7 - last % 8)};
  content.insert(content.end(), bits.begin(), bits.begin() + 1 + last / 8);
  return encode_extension(oid::kKeyUsage, true, der::Writer{}.add(der::kBitString, content).take());
}

Bytes encode_extended_key_usage(const std::vector<std::string>& names) {
  der::Writer der;
  der.begin(der::kSequence);
  for (const auto& name : names) der.object_id(oid_of(extended_key_usage_oid(name)));
  return encode_extension(oid::kExtendedKeyUsage, false, der.end().take());
}

Bytes encode_basic_constraints(const AuthorityRule& rule) {
  der::Writer der;
  der.begin(der::kSequence).boolean(true);
  if (rule.path_length) der.integer(*rule.path_length);
  return encode_extension(oid::kBasicConstraints, true, der.end().take());
}

Bytes encode_crl_url(const std::string& url) {
  der::Writer der;
  der.begin(der::kSequence).begin(der::kSequence);
  der.begin(der::constructed_context(0)).begin(der::constructed_context(0)).add(der::context(6), url).end().end();
  return encode_extension(oid::kCrlDistributionPoints, false, der.end().end().take());
}

Bytes encode_extensions(const Profile& profile, const Contents& contents, ByteView public_key_info, ByteView serial,
                        const IssuerFacts* issuer) {
  Bytes list;
  if (profile.authority) append(list, encode_basic_constraints(*profile.authority));
  append(list, encode_key_usage(profile.key_usage));
  if (!profile.extended_key_usage.empty()) append(list, encode_extended_key_usage(profile.extended_key_usage));
  append(list, encode_alternative_names(contents));
  const auto key_id = key_identifier(public_key_info);
  const auto id = der::Writer{}.add(der::kOctetString, key_id).take();
  append(list, encode_extension(oid::kSubjectKeyIdentifier, false, id));
  append(list, encode_authority_key_id(issuer != nullptr ? issuer->key_id : key_id));
  append(list, encode_name_constraints(contents));
  if (const auto url = crl_url_of(profile, serial)) append(list, encode_crl_url(*url));
  append(list, encode_information_access(profile));
  append(list, encode_no_revocation_available(profile));
  append(list, encode_ocsp_no_check(profile));
  return list;
}

void require_issuer(const Profile& profile, const IssuerFacts& issuer, Instant now) {
  if (!issuer.is_authority) throw Error{Errc::denied, "the certificate of " + issuer.name + " is no authority's"};
  if (now < issuer.not_before)
    throw Error{Errc::denied, "the clock says " + format_instant(now) + ", before authority " + issuer.name +
                                  " began at " + format_instant(issuer.not_before) + "; set the clock"};
  if (now > issuer.not_after)
    throw Error{Errc::denied, "authority " + issuer.name + " ended at " + format_instant(issuer.not_after)};
  if (!profile.authority || !issuer.path_length) return;
  if (*issuer.path_length == 0)
    throw Error{Errc::denied, "authority " + issuer.name + " has path length 0: no authority below it"};
  if (!profile.authority->path_length || *profile.authority->path_length >= *issuer.path_length)
    throw Error{Errc::denied, "profile " + profile.name + " wants a path length that authority " + issuer.name +
                                  " (path length " + std::to_string(*issuer.path_length) + ") cannot give"};
}

void fit_lifetime(const Profile& profile, const IssuerFacts& issuer, Contents& contents) {
  if (contents.not_after <= issuer.not_after) return;
  if (profile.beyond_issuer == BeyondIssuer::refuse)
    throw Error{Errc::denied, "profile " + profile.name + " (lifetime " + profile.lifetime.text() + ") ends at " +
                                  format_instant(contents.not_after) + ", after its issuer " + issuer.name + " (" +
                                  format_instant(issuer.not_after) + "), and says 'beyond-issuer: refuse'"};
  contents.not_after = issuer.not_after;
  contents.clipped = true;
}

void expand_names(const Profile& profile, const Subject& subject, Contents& contents) {
  for (const auto& name : profile.alternative_names)
    for (auto& value : name.value.expand_all(subject)) contents.alternative_names.emplace_back(name, std::move(value));
  for (const auto& name : profile.name_constraints.permitted)
    contents.permitted.emplace_back(name, name.value.expand(subject));
  for (const auto& name : profile.name_constraints.excluded)
    contents.excluded.emplace_back(name, name.value.expand(subject));
}

}  // namespace

Contents resolve(const Profile& profile, const Subject& subject, const IssuerFacts* issuer, Instant now) {
  if (issuer != nullptr)
    require_issuer(profile, *issuer, now);
  else if (!profile.authority)
    throw Error{Errc::denied, "profile " + profile.name + " is no authority's, so it needs an issuer"};
  Contents contents;
  contents.identity = profile.identity.expand(subject);
  for (const auto& [attribute, value, place] : profile.subject)
    contents.subject.emplace_back(attribute, value.expand(subject));
  expand_names(profile, subject, contents);
  contents.not_before = now;
  contents.not_after = profile.lifetime.end(now);
  if (profile.latest_end && contents.not_after > *profile.latest_end) {
    contents.not_after = *profile.latest_end;
    contents.clipped = true;
  }
  if (issuer != nullptr) fit_lifetime(profile, *issuer, contents);
  return contents;
}

Bytes build_tbs(const Profile& profile, const Contents& contents, ByteView public_key_info, ByteView serial,
                const IssuerFacts* issuer, ByteView signature_algorithm) {
  const auto subject = encode_name(contents.subject);
  const auto& issuer_name = issuer != nullptr ? issuer->subject : subject;
  der::Writer der;
  der.begin(der::kSequence);
  der.begin(der::constructed_context(0)).integer(2).end();
  der.add(der::kInteger, serial).raw(signature_algorithm).raw(issuer_name);
  der.begin(der::kSequence).raw(encode_time(contents.not_before)).raw(encode_time(contents.not_after)).end();
  der.raw(subject).raw(public_key_info);
  der.begin(der::constructed_context(3)).begin(der::kSequence);
  der.raw(encode_extensions(profile, contents, public_key_info, serial, issuer)).end().end();
  return der.end().take();
}

}  // namespace lamp::pki
