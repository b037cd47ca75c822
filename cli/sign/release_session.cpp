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
          "lamp-sign approve " + dossier.request.name.text() + " --as NAME",
          nullptr,
          hybrid_in(dossier.request) == firmware::Hybrid::yes ? hsm::HybridKey::used : hsm::HybridKey::untouched};
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

Bytes ReleaseSession::sign_by(const Botan::Private_Key& key, cose::Algorithm algorithm, ByteView expected_key) {
  const auto& payload = dossier_.request.suit_digest;
  Bytes block = cose::sign1_as(algorithm, key, host_.world().rng, payload, quorum::kReleaseContext);
  const auto public_key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(expected_key); });
  const auto use = algorithm == cose::Algorithm::ml_dsa_87 ? cose::Use::hybrid_release : cose::Use::general;
  const auto verdict = cose::verify1(cose::parse_sign1(block), *public_key, payload, quorum::kReleaseContext, use);
  if (!verdict.acceptable())
    throw Error{Errc::unavailable, "a signature does not verify after it was made: " + verdict.objections.front()};
  return block;
}

Bytes ReleaseSession::sign(const firmware::SignedRegion& region) {
  const auto& roster = dossier_.roster;
  if (firmware::is_hybrid(region))
    return sign_by(*session_.hybrid_key(), cose::Algorithm::ml_dsa_87, roster.hybrid_key);
  const auto settings = firmware::settings_of(dossier_.request.signed_regions);
  // Which roles a label stands for the roster decides: its key is compared with the signature that was made.
  const auto& expected =
      firmware::is_application_key(settings.key) ? roster.other_keys.at(settings.key) : roster.release_key;
  return sign_by(*session_.token().signing_key(settings.key), settings.signature, expected);
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
  auto models = firmware::keyed_models(host_.site());
  std::erase_if(models, [&](const auto& keyed) { return !session_.token().has_key("kek." + keyed.model); });
  return firmware::make_missing(host_.database(), models, dossier_.roster.token_serial, point, wrap, host_.world().rng);
}

}  // namespace lamp::cli
