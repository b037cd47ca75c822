#include "cli/sign/release_session.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include "cli/sign/release_outputs.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::cli {
namespace {

hsm::Occasion occasion(Host& host, const Dossier& dossier, const quorum::Tally& tally, crypto::AgreementKey& key) {
  const auto& place = host.site().token(dossier.roster.token_label);
  return {host.site().root,
          dossier.roster,
          {place.module, place.uri, place.module_init},
          dossier.request.digest(),
          key,
          dossier.contributions,
          tally.approved,
          "lamp-sign approve " + dossier.request.name.text() + " --as NAME"};
}

}  // namespace

ReleaseSession::ReleaseSession(Host& host, const Dossier& dossier, const quorum::Tally& tally)
    : host_{host},
      dossier_{dossier},
      session_key_{host.token("host").agreement_key(session_label(dossier.request.name))},
      session_{occasion(host, dossier, tally, *session_key_)} {
  if (session_.wrong_tries_seen())
    host.world().err << "lamp-sign: warning: token " << session_.token().info().label
                     << " reports wrong PIN tries: somebody tried to get in without the quorum\n";
}

Bytes ReleaseSession::sign() {
  const auto& payload = dossier_.request.suit_digest;
  const auto key = session_.token().signing_key("release");
  Bytes block = cose::sign1(*key, host_.world().rng, payload, quorum::kReleaseContext);
  const auto public_key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(dossier_.roster.release_key); });
  const auto verdict = cose::verify1(cose::parse_sign1(block), *public_key, payload, quorum::kReleaseContext);
  if (!verdict.acceptable())
    throw Error{Errc::unavailable, "the token's signature does not verify: " + verdict.objections.front()};
  return block;
}

void ReleaseSession::sign_outputs(const firmware::DeviceProfile& profile) {
  const auto expected = output_keys(dossier_.roster);
  const auto key = [&](const std::string& label) {
    auto found = session_.token().signing_key(label);
    if (found->public_key()->subject_public_key() != expected(label)->subject_public_key())
      throw Error{Errc::denied, "key '" + label + "' in the token is not the one that the roster names"};
    return found;
  };
  const auto& files = dossier_.files;
  (void)firmware::finish_outputs(profile.outputs, output_subject(profile, dossier_.request), files.directory,
                                 files.staging(), output_regions(dossier_.request), key, host_.world().rng);
}

std::vector<firmware::ContentKey> ReleaseSession::fill_stock() {
  const auto point = host_.token("host").agreement_key("requests")->public_point();
  const auto wrap = [&](const std::string& model, const SymmetricKey& key) {
    return session_.token().wrap_content_key("kek." + model, key);
  };
  // A model whose profile came after the quorum has no key in this token.
  auto models = firmware::device_models(host_.site());
  std::erase_if(models, [&](const std::string& model) { return !session_.token().has_key("kek." + model); });
  return firmware::make_missing(host_.database(), models, dossier_.roster.token_serial, point, wrap, host_.world().rng);
}

}  // namespace lamp::cli
