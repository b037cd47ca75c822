#include "cli/sign/sealing.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/sign/ceremony_record.hpp"
#include "cli/sign/policy_check.hpp"
#include "cli/sign/release_outputs.hpp"
#include "lib/audit/log.hpp"
#include "lib/audit/note.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/lockdown.hpp"
#include "lib/base/move_file.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/output_evidence.hpp"
#include "lib/firmware/release_file.hpp"

namespace lamp::cli {
namespace {

using firmware::RecordKind;

firmware::ReleaseTrust trust(Host& host, const Dossier& dossier) {
  auto trust = trust_of(host, dossier.roster, dossier.request);
  trust.minimum_sequence = dossier.request.sequence;
  trust.minimum_epoch = dossier.request.epoch;
  return trust;
}

audit::Event event(const Dossier& dossier, const firmware::Transcript& transcript, ByteView release_digest) {
  audit::Event event{account_name(), "sign.seal", dossier.request.name.text(), {}};
  event.details = {{"request", hex(dossier.request.digest())},
                   {"release", hex(release_digest)},
                   {"sequence", std::to_string(dossier.request.sequence)},
                   {"epoch", std::to_string(dossier.request.epoch)},
                   {"roster", hex(dossier.request.roster_digest)},
                   {"transcript", hex(sealed_head(transcript))}};
  for (const auto& officer : approving_officers(transcript)) event.details.emplace_back("officer", officer);
  return event;
}

/// A file under its published name.
firmware::PublishedFile measured(const std::filesystem::path& file) {
  FileSource source{file};
  const auto is = firmware::measure(source);
  return {file.filename().string(), {is.digest.begin(), is.digest.end()}, is.size};
}

/// What lies in the staging folder is what the request lists, by the roster's key; gives its signature.
Bytes staged_signature(const Dossier& dossier, const firmware::SignedRegion& region) {
  const auto file = dossier.files.staging() / firmware::output_file(region.output);
  auto signature = firmware::output_signature(region, file);
  const auto verdict = firmware::judge_output(region, dossier.roster.other_keys.at(region.key), signature, file);
  if (!verdict.acceptable())
    throw Error{Errc::denied, "an output does not verify after it was signed (" + verdict.objections.front() +
                                  "); nothing was published"};
  return signature;
}

/// The newest record of this seal in the log, searched from the log's end.
std::optional<std::uint64_t> entry_of(Host& host, const std::string& release) {
  const auto note = read_text_file(host.site().log_directory / "checkpoint");
  std::uint64_t end = audit::parse_checkpoint(audit::parse_note(note).text).size;
  for (std::uint64_t window = 64;; window *= 8) {
    const auto from = end > window ? end - window : 0;
    const auto entries = audit::entries(host.database(), from);
    const auto found = std::find_if(entries.rbegin(), entries.rend(), [&](const audit::LogEntry& entry) {
      return entry.event.action == "sign.seal" && entry.event.subject == release;
    });
    if (found != entries.rend()) return found->index;
    if (from == 0) return std::nullopt;
  }
}

}  // namespace

Verdict judge_release(Host& host, const Dossier& dossier, const std::filesystem::path& file) {
  const firmware::ReleaseFile release{file, dossier.files.payload()};
  auto verdict = firmware::verify_release(release, trust(host, dossier));
  if (!verdict.acceptable()) return verdict;
  if (!std::ranges::equal(release.head().envelope.manifest, dossier.manifest))
    verdict.objections.push_back("its manifest is another one");
  return verdict;
}

Sealing::Sealing(Host& host, const Dossier& dossier) : host_{host}, dossier_{dossier} {
  const auto file = dossier.files.transcript();
  if (std::filesystem::exists(file))
    transcript_ = in_context(file.string(), [&] { return load_signed_transcript(dossier, read_file(file)); });
}

Sealing::~Sealing() = default;

void Sealing::open_session(const quorum::Tally& tally) {
  // Every module and PIN that this takes, before the process can no longer start a helper.
  (void)host_.token("host").agreement_key(session_label(dossier_.request.name));
  (void)host_.public_token(dossier_.roster.token_label);
  lock_down();
  session_ = std::make_unique<ReleaseSession>(host_, dossier_, tally);
  fmt::print(host_.world().out, "combiner   {} KiB of memory locked; no core file, no debugger, no other program\n",
             locked_memory() / 1024);
}

void Sealing::sign(const quorum::Tally& tally, const firmware::ReleasePolicy& policy) {
  open_session(tally);
  CeremonyRecord record{host_, dossier_};
  record.begin(tally, policy, *session_);
  const auto profile = profile_of(host_, dossier_.request);
  session_->sign_outputs(profile);
  for (const auto& region : envelope_regions(dossier_.request)) record.add_signature(region, session_->sign(region));
  for (const auto& region : output_regions(dossier_.request))
    record.add_signature(region, staged_signature(dossier_, region));
  const auto release = stage_all(record.transcript(), profile);
  transcript_ = std::move(record).close(release, *session_);
  keep_transcript();
}

/// The envelope, and what is around something signed.
firmware::ReleaseBody Sealing::stage_all(const firmware::Transcript& transcript,
                                         const firmware::DeviceProfile& profile) {
  stage(transcript);
  const auto folder = dossier_.files.staging();
  firmware::ReleaseBody body;
  body.files.push_back(measured(folder / dossier_.files.sealed().filename()));
  if (profile.release.place == firmware::PayloadPlace::detached)
    body.files.push_back(measured(dossier_.files.payload()));  // it has its place already
  for (const auto& region : output_regions(dossier_.request))
    body.files.push_back(measured(folder / firmware::output_file(region.output)));
  for (const auto& file : firmware::wrap_outputs(profile.outputs, output_subject(profile, dossier_.request), folder))
    body.files.push_back(measured(file));
  return body;
}

void Sealing::keep_transcript() { publish(dossier_.files.transcript(), ByteView{transcript_->encoded()}); }

/// Writes the envelope and verifies what was written.
void Sealing::stage(const firmware::Transcript& transcript) {
  FileSink staged{dossier_.files.staging() / dossier_.files.sealed().filename()};
  assemble(dossier_, transcript, staged);
  const auto verdict = judge_release(host_, dossier_, staged.staged());
  if (!verdict.acceptable())
    throw Error{Errc::denied, "the release does not verify after it was signed (" + verdict.objections.front() +
                                  "); nothing was published"};
  staged.commit();
}

Bytes Sealing::publish_release() {
  const auto files = firmware::ReleaseBody::decode(transcript_->find(RecordKind::release)->body).files;
  for (auto file = files.rbegin(); file != files.rend(); ++file) publish_file(*file);
  return files.front().digest;
}

void Sealing::publish_file(const firmware::PublishedFile& file) {
  const auto staged = dossier_.files.staging() / file.name;
  const auto place = dossier_.files.directory / file.name;
  const auto is_it = [&](const std::filesystem::path& path) {
    return std::filesystem::exists(path) && sha256_of_file(path) == file.digest;
  };
  if (is_it(place)) return;
  // The envelope can be put together from the transcript; nothing else is signed twice.
  if (!is_it(staged) && place == dossier_.files.sealed()) stage(*transcript_);
  if (!is_it(staged))
    throw Error{Errc::denied, staged.string() +
                                  " is not the file that was signed, which the transcript names; "
                                  "bring it back, or request the image as a new version"};
  move_file(staged, place);
}

void Sealing::finish(ByteView release_digest) {
  const auto digest = dossier_.request.digest();
  if (!session_ && hsm::renewal_is_due(host_.site().root, dossier_.roster, digest, dossier_.contributions))
    // Approvals that counted when it was signed count for what is left to do.
    open_session(count_approvals(dossier_, transcript_->records().front().at));
  record(release_digest);
  std::filesystem::remove_all(dossier_.files.staging());
  firmware::discard_unsigned(dossier_.files.directory);
  renew();
  auto& token = host_.token("host");
  if (token.has_key(session_label(dossier_.request.name))) token.destroy_key(session_label(dossier_.request.name));
  host_.finish();
  add_receipt();
}

/// The PIN must be renewed whether or not there are keys for later requests.
std::vector<firmware::ContentKey> Sealing::new_content_keys() {
  if (!session_) return {};
  auto made = attempt([&] { return session_->fill_stock(); });
  if (const auto* why = std::get_if<Error>(&made)) {
    host_.world().err << "lamp-sign: warning: no content keys for later requests were made: " << why->what() << '\n';
    return {};
  }
  return std::move(std::get<0>(made));
}

void Sealing::record(ByteView release_digest) {
  const auto stock = new_content_keys();
  host_.database().write([&](store::Transaction& t) {
    for (const auto& key : stock) firmware::add_to_stock(t, key, dossier_.roster.token_serial);
    const auto known = firmware::find_release(t, dossier_.request.name);
    if (known && known->sealed) return;
    firmware::record_seal(t, dossier_.request.name, release_digest, host_.now());
    audit::record(t, event(dossier_, *transcript_, release_digest), host_.now(), host_.world().rng);
  });
}

void Sealing::renew() {
  if (session_) session_->renew();
  session_.reset();
  add_renewal();
}

void Sealing::add_renewal() {
  if (transcript_->find(RecordKind::renewal) != nullptr) return;
  const quorum::DealingFiles files{host_.site().root, dossier_.roster.name};
  transcript_->add(RecordKind::renewal, firmware::RenewalBody{read_text_file(files.current)}.encode(), host_.now());
  keep_transcript();
}

void Sealing::add_receipt() {
  if (transcript_->find(RecordKind::receipt) != nullptr) return;
  const auto index = entry_of(host_, dossier_.request.name.text());
  if (!index) return;
  const audit::LogPlace place{host_.site().log_directory, host_.site().log_origin};
  transcript_->add(RecordKind::receipt, firmware::ReceiptBody{audit::prove(host_.database(), place, *index)}.encode(),
                   host_.now());
  keep_transcript();
}

}  // namespace lamp::cli
