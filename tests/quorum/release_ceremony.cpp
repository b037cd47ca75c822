#include "tests/quorum/release_ceremony.hpp"

#include "lib/audit/log.hpp"
#include "lib/base/file.hpp"
#include "lib/quorum/approval.hpp"

namespace lamp::firmware::test {

Ceremony::Ceremony(Model model) {
  quorum.roster.release_key = release_key.subject_public_key();
  quorum.sign();
  quorum.deal_again(1);
  if (model == Model::hybrid) quorum.add_hybrid_key();
  auto made =
      make_request_files(quorum.share_keys.front().public_value(), quorum.roster.digest(), kNow - std::chrono::days{1});
  request = std::move(made.request);
  request.terms.witness.clear();
  manifest = std::move(made.manifest);
  payload = std::move(made.payload);
  if (model == Model::hybrid)
    request.signed_regions = suit_regions(request.suit_digest, {cose::Algorithm::ps256, true});
  approvals = {approval_of(0), approval_of(1)};
  policy = {kPolicy,
            {kNow,
             false,
             request.terms.hardware.type,
             2,
             3,
             {cose::key_id(*Botan::X509::load_key(quorum.roster.release_key))}},
            {1, 1, 1}};
  token = {"release",  quorum.roster.token_serial,      "a token", 4096, quorum.dealing.number, Bytes(32, 1),
           "test/log", Botan::X509::BER_encode(log_key)};
  suit_signature = cose::sign1(release_key, Botan::system_rng(), request.suit_digest, "");
  signatures = {{request.signed_regions.front(), suit_signature}};
  if (model == Model::hybrid) make_hybrid();
  assemble();
  quorum.deal_again(quorum.dealing.number + 1);
  dealing_after = quorum.dealing.yaml();
}

void Ceremony::make_hybrid() {
  policy.here.signing_keys.push_back(cose::key_id(*quorum.hybrid));
  hybrid_signature = sign_by_ml_dsa(*quorum.hybrid, request.suit_digest);
  signatures.push_back({request.signed_regions.back(), hybrid_signature});
}

Bytes Ceremony::sign_by_ml_dsa(const Botan::Private_Key& key, ByteView what) const {
  return cose::sign1_as(cose::Algorithm::ml_dsa_87, key, Botan::system_rng(), what, "");
}

ApprovalBody Ceremony::approval_of(std::size_t officer) const {
  return {quorum.roster.officers.at(officer).name,
          quorum::approve(quorum.approval_keys.at(officer), quorum.roster, request.suit_digest, "", approved_until,
                          Botan::system_rng(), request.digest()),
          1};
}

void Ceremony::assemble() {
  std::vector<Bytes> blocks{suit_signature};
  if (!hybrid_signature.empty()) blocks.push_back(hybrid_signature);
  for (const auto& approval : approvals) blocks.push_back(approval.approval);
  publish_envelope(blocks);
}

void Ceremony::publish_envelope(const std::vector<Bytes>& blocks) {
  release = encode_envelope(manifest, blocks, payload);
  files = {{"release.suit", bytes_of(sha256(release)), release.size()}};
}

Transcript Ceremony::write() const {
  Transcript t;
  t.add(RecordKind::request, request.encode(), kNow);
  for (const auto& approval : approvals) t.add(RecordKind::approval, approval.encode(), kNow);
  t.add(RecordKind::policy, policy.encode(), kNow);
  t.add(RecordKind::token, token.encode(), kNow);
  for (const auto& signature : signatures) t.add(RecordKind::signature, signature.encode(), kNow);
  t.seal(ReleaseBody{files}.encode(), kNow, *custody, Botan::system_rng());
  for (int times = renewed_twice ? 2 : renewed ? 1 : 0; times > 0; --times)
    t.add(RecordKind::renewal, RenewalBody{dealing_after}.encode(), kNow);
  if (!logged) return t;
  const lamp::test::TemporaryDirectory folder;
  store::Database database{folder / "state.db"};
  database.migrate(audit::schema());
  audit::Event event{"somebody",
                     logged_action,
                     request.name.text(),
                     {{"request", hex(logged_request.empty() ? request.digest() : logged_request)},
                      {"release", hex(sha256(release))},
                      {"roster", hex(request.roster_digest)},
                      {"transcript", hex(t.find(RecordKind::release)->digest())}}};
  for (const auto& officer : logged_officers) event.details.emplace_back("officer", officer);
  database.write([&](store::Transaction& s) { audit::record(s, event, logged_at, Botan::system_rng()); });
  const audit::LogPlace place{folder / "log", "test/log"};
  audit::sequence(database, place, log_key, kNow, Botan::system_rng());
  t.add(RecordKind::receipt, ReceiptBody{audit::prove(database, place, 0)}.encode(), kNow);
  return t;
}

Evidence Ceremony::evidence() const {
  publish(published / "release.suit", ByteView{release});
  publish(published / "zephyr.bin", ByteView{payload});
  return {quorum.roster,
          quorum.roster.digest(),
          {{"release.suit", published / "release.suit"}, {"zephyr.bin", published / "zephyr.bin"}},
          {}};
}

std::vector<std::string> objections(const Ceremony& ceremony, const Evidence& evidence) {
  return judge_transcript(Transcript::parse(ceremony.write().encoded()), evidence).objections;
}

}  // namespace lamp::firmware::test
