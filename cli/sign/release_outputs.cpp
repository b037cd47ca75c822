#include "cli/sign/release_outputs.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::cli {
namespace {

std::string no_key(const std::string& label, const quorum::Roster& roster) {
  return "key '" + label + "' is not in the token of roster " + roster.name +
         ": an output's key is made with the quorum, lamp-quorum(5)";
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

std::vector<std::string> missing_output_keys(const firmware::DeviceProfile& profile, const quorum::Roster& roster) {
  std::vector<std::string> missing;
  for (const auto& label : profile.outputs.key_labels())
    if (roster.other_keys.count(label) == 0) missing.push_back(no_key(label, roster));
  return missing;
}

Verdict judge_outputs(Host& host, const Dossier& dossier) {
  const auto profile = firmware::device_profile(host.site(), dossier.request.name.model);
  return firmware::check_outputs(profile.outputs, output_subject(profile, dossier.request), dossier.files.directory,
                                 output_keys(dossier.roster), output_regions(dossier.request));
}

std::vector<firmware::SignedRegion> output_regions(const firmware::Request& request) {
  return {request.signed_regions.begin() + 1, request.signed_regions.end()};
}

}  // namespace lamp::cli
