#include "cli/sign/release_session.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "hsm/custody.hpp"
#include "lib/base/error.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::cli {
namespace {

const quorum::Contribution& contribution_of(const Dossier& dossier, const std::string& officer) {
  const auto& all = dossier.contributions;
  const auto it = std::find_if(all.begin(), all.end(), [&](const auto& c) { return c.officer == officer; });
  if (it == all.end()) throw Error{Errc::denied, "the approval of " + officer + " came without a share"};
  return *it;
}

/// As many good shares as it takes. A bad one among more than enough is passed over.
std::vector<Share> open_shares(Host& host, const Dossier& dossier, const quorum::Tally& tally) {
  const auto key = host.token("host").agreement_key(session_label(dossier.request.name));
  const Bytes request = dossier.request.digest();
  std::vector<Share> shares;
  std::string bad;
  for (const auto& name : tally.approved) {
    if (shares.size() == dossier.roster.threshold) break;
    auto opened = attempt([&] {
      return quorum::open_share(contribution_of(dossier, name).sealed_share, *key,
                                quorum::request_share_context(request, name), *dossier.roster.find(name));
    });
    if (const auto* why = std::get_if<Error>(&opened)) {
      if (why->code() != Errc::denied) throw *why;
      bad += (bad.empty() ? "" : "; ") + std::string{why->what()};
    } else {
      shares.push_back(std::move(std::get<Share>(opened)));
    }
  }
  if (shares.size() < dossier.roster.threshold)
    throw Error{Errc::denied, bad + "; whose share is bad removes the file in approvals/ and approves again"};
  return shares;
}

hsm::Token open_release_token(Host& host, const Dossier& dossier, const quorum::Tally& tally) {
  const Pin pin = hsm::combine(open_shares(host, dossier, tally));
  const auto& place = host.site().token(dossier.roster.token_label);
  auto token = hsm::find_guarded({place.module, place.uri, place.module_init}, dossier.roster);
  const auto& info = token.info();
  if (info.pin_count_low || info.pin_final_try)
    host.world().err << "lamp-sign: warning: token " << info.label
                     << " reports wrong PIN tries: somebody tried to get in without the quorum\n";
  in_context("token '" + place.name + "'", [&] { token.login(pin); });
  return token;
}

}  // namespace

ReleaseSession::ReleaseSession(Host& host, const Dossier& dossier, const quorum::Tally& tally)
    : host_{host}, dossier_{dossier}, token_{open_release_token(host, dossier, tally)} {}

Bytes ReleaseSession::sign() {
  const auto& payload = dossier_.request.suit_digest;
  const auto key = token_.signing_key("release");
  Bytes block = cose::sign1(*key, host_.world().rng, payload, quorum::kReleaseContext);
  const auto public_key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(dossier_.roster.release_key); });
  const auto verdict = cose::verify1(cose::parse_sign1(block), *public_key, payload, quorum::kReleaseContext);
  if (!verdict.acceptable())
    throw Error{Errc::unavailable, "the token's signature does not verify: " + verdict.objections.front()};
  return block;
}

std::vector<firmware::ContentKey> ReleaseSession::fill_stock() {
  const auto point = host_.token("host").agreement_key("requests")->public_point();
  const auto wrap = [&](const std::string& model, const SymmetricKey& key) {
    return token_.wrap_content_key("kek." + model, key);
  };
  // A model whose profile came after the quorum has no key in this token.
  auto models = firmware::device_models(host_.site());
  std::erase_if(models, [&](const std::string& model) { return !token_.has_key("kek." + model); });
  return firmware::make_missing(host_.database(), models, dossier_.roster.token_serial, point, wrap, host_.world().rng);
}

}  // namespace lamp::cli
