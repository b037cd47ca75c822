#include "cli/sign/release_outputs.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <iterator>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"
#include "lib/firmware/encryption.hpp"

namespace lamp::cli {
namespace {

std::string no_key(const std::string& label, const quorum::Roster& roster) {
  return "key '" + label + "' is not in the token of roster " + roster.name +
         ": an output's or a partner's key is made with the quorum, lamp-quorum(5)";
}

}  // namespace

firmware::OutputSubject output_subject(const firmware::DeviceProfile& profile, const firmware::Request& request) {
  return {profile.vendor,    profile.model, Version::parse(request.name.version),
          request.sequence,  request.epoch, request.image_digest,
          request.image_size};
}

firmware::PublicKeyFor output_keys(const quorum::Roster& roster) {
  return [&roster](const std::string& label) {
    const auto found = roster.other_keys.find(label);
    if (found == roster.other_keys.end()) throw Error{Errc::not_found, no_key(label, roster)};
    return guarded(Errc::bad_input,
                   [&] { return std::shared_ptr<Botan::Public_Key>{Botan::X509::load_key(found->second)}; });
  };
}

firmware::DeviceProfile profile_of(Host& host, const firmware::Request& request) {
  const auto profile = firmware::device_profile(host.site(), request.name.model);
  return request.terms.application ? profile.for_partner(request.terms.application->partner) : profile;
}

firmware::ReleaseTrust trust_of(Host& host, const quorum::Roster& roster, const firmware::Request& request) {
  const auto profile = profile_of(host, request);
  const auto& application = request.terms.application;
  auto trust =
      application
          ? firmware::application_trust_in(
                roster, {application->partner, application->name,
                         profile.applications->granted(application->partner).value_or(std::vector<std::string>{})})
          : firmware::trust_in(roster, hybrid_in(request));
  trust.model = request.name.model;
  trust.vendor = profile.vendor;
  return trust;
}

std::vector<std::string> missing_keys(const firmware::DeviceProfile& profile, const quorum::Roster& roster) {
  std::vector<std::string> missing;
  if (profile.release.hybrid && roster.hybrid_key.empty())
    missing.push_back("releases of " + profile.model + " are signed by ML-DSA-87 as well, and quorum " + roster.name +
                      " has no such key: it is made with the quorum, lamp-quorum(5)");
  auto labels = profile.outputs.key_labels();
  if (firmware::is_application_key(profile.release.key)) labels.push_back(profile.release.key);
  for (const auto& label : labels)
    if (roster.other_keys.count(label) == 0) missing.push_back(no_key(label, roster));
  return missing;
}

Verdict judge_outputs(Host& host, const Dossier& dossier) {
  const auto& request = dossier.request;
  const auto profile = profile_of(host, request);
  auto verdict = firmware::check_outputs(profile.outputs, output_subject(profile, request), dossier.files.directory,
                                         output_keys(dossier.roster), output_regions(request));
  const auto manifest = firmware::parse_any_manifest(dossier.manifest);
  const auto cipher = firmware::parse_encryption_info(manifest.encryption_info).cipher;
  if (cipher != profile.release.cipher || manifest.place != profile.release.place)
    verdict.objections.push_back("the payload is " + describe_payload(cipher, manifest.place) +
                                 ", by the device profile of " + profile.model + " here it is " +
                                 describe_payload(profile.release.cipher, profile.release.place));
  if (envelope_regions(request) != firmware::suit_regions(request.suit_digest, profile.release))
    verdict.objections.push_back("the envelope's signatures are not those that the device profile of " + profile.model +
                                 " has here");
  return verdict;
}

std::string describe_payload(firmware::PayloadCipher cipher, firmware::PayloadPlace place) {
  return std::string{firmware::name_of(cipher)} +
         (place == firmware::PayloadPlace::detached ? ", beside the envelope" : ", in the envelope");
}

firmware::Hybrid hybrid_in(const firmware::Request& request) {
  return firmware::settings_of(request.signed_regions).hybrid ? firmware::Hybrid::yes : firmware::Hybrid::no;
}

std::vector<firmware::SignedRegion> envelope_regions(const firmware::Request& request) {
  std::vector<firmware::SignedRegion> regions;
  std::ranges::copy_if(request.signed_regions, std::back_inserter(regions), firmware::is_of_envelope);
  return regions;
}

std::vector<firmware::SignedRegion> output_regions(const firmware::Request& request) {
  auto regions = request.signed_regions;
  std::erase_if(regions, firmware::is_of_envelope);
  return regions;
}

}  // namespace lamp::cli
