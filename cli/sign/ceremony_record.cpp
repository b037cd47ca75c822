#include "cli/sign/ceremony_record.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "cli/sign/policy_check.hpp"
#include "lib/base/error.hpp"
#include "lib/base/lockdown.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/release_file.hpp"
#include "lib/firmware/transcript_verify.hpp"

namespace lamp::cli {
namespace {

using firmware::RecordKind;

firmware::PolicyBody policy_body(Host& host, const Dossier& dossier, const firmware::ReleasePolicy& policy) {
  const auto& request = dossier.request;
  return {policy.text, circumstances(host, dossier.roster, request.terms),
          host.database().read([&](store::Transaction& t) { return firmware::history(t, request.name.line()); })};
}

firmware::TokenBody token_body(Host& host, ReleaseSession& session) {
  const auto& info = session.token().info();
  firmware::TokenBody body;
  body.label = info.label;
  body.serial = info.serial;
  body.model = info.manufacturer + " " + info.model + " " + info.firmware;
  body.locked_memory = locked_memory();
  body.dealing = session.dealing().number;
  body.dealing_digest = sha256_of(session.dealing().canonical());
  body.log_origin = host.site().log_origin;
  body.log_key = Botan::X509::BER_encode(*host.token("host").public_key("log"));
  return body;
}

}  // namespace

void CeremonyRecord::begin(const quorum::Tally& tally, const firmware::ReleasePolicy& policy, ReleaseSession& session) {
  const auto now = host_.now();
  transcript_.add(RecordKind::request, dossier_.request.encode(), now);
  for (const auto& officer : tally.approved) {
    const auto it = std::ranges::find(dossier_.contributions, officer, &quorum::Contribution::officer);
    if (it == dossier_.contributions.end())
      throw Error{Errc::denied, "the approval of " + officer + " lies in a file that says another officer"};
    transcript_.add(RecordKind::approval, firmware::ApprovalBody{officer, it->approval, it->dealing}.encode(), now);
  }
  transcript_.add(RecordKind::policy, policy_body(host_, dossier_, policy).encode(), now);
  transcript_.add(RecordKind::token, token_body(host_, session).encode(), now);
}

void CeremonyRecord::add_signature(const firmware::SignedRegion& region, Bytes signature) {
  transcript_.add(RecordKind::signature, firmware::SignatureBody{region, std::move(signature)}.encode(), host_.now());
}

firmware::Transcript CeremonyRecord::close(const firmware::ReleaseBody& release, ReleaseSession& session) && {
  transcript_.seal(release.encode(), host_.now(), *session.custody_key(), host_.world().rng);
  return std::move(transcript_);
}

void assemble(const Dossier& dossier, const firmware::Transcript& transcript, ByteSink& release) {
  const auto signatures = transcript.of(RecordKind::signature);
  if (signatures.empty()) throw Error{Errc::bad_input, "the transcript has no signature"};
  std::vector<Bytes> blocks;
  for (const auto* record : signatures)
    if (auto body = firmware::SignatureBody::decode(record->body); firmware::is_of_envelope(body.region))
      blocks.push_back(std::move(body.signature));
  for (const auto* record : transcript.of(RecordKind::approval))
    blocks.push_back(firmware::ApprovalBody::decode(record->body).approval);
  FileSource payload{dossier.files.payload()};
  firmware::write_release(dossier.manifest, blocks, payload, release);
}

firmware::Transcript load_signed_transcript(const Dossier& dossier, ByteView file) {
  auto transcript = firmware::Transcript::parse(file);
  const auto verdict = firmware::judge_custody_signature(transcript, dossier.roster);
  if (!verdict.acceptable()) throw Error{Errc::denied, verdict.objections.front()};
  if (transcript.records().front().body != dossier.request.encode())
    throw Error{Errc::denied, "it is of another request; move it away"};
  return transcript;
}

Bytes sealed_head(const firmware::Transcript& transcript) { return transcript.find(RecordKind::release)->digest(); }

std::vector<std::string> approving_officers(const firmware::Transcript& transcript) {
  std::vector<std::string> officers;
  for (const auto* record : transcript.of(RecordKind::approval))
    officers.push_back(firmware::ApprovalBody::decode(record->body).officer);
  return officers;
}

}  // namespace lamp::cli
