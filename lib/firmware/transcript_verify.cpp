#include "lib/firmware/transcript_verify.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <set>

#include "lib/audit/receipt.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/output_evidence.hpp"
#include "lib/firmware/release_file.hpp"
#include "lib/firmware/roster_trust.hpp"
#include "lib/firmware/verify.hpp"
#include "lib/quorum/approval.hpp"
#include "lib/quorum/dealing.hpp"

namespace lamp::firmware {
namespace {

constexpr const char* kEnvelope = "release.suit";

std::unique_ptr<Botan::Public_Key> load_key(ByteView spki) {
  return guarded(Errc::bad_input, [&] { return Botan::X509::load_key(spki); });
}

/// One check after the other; each says what it objects to, and a body that is none is an objection of its own.
class Judge {
 public:
  Judge(const Transcript& transcript, const Evidence& evidence) : transcript_{transcript}, evidence_{evidence} {}

  Verdict judge() && {
    if (!shape()) return std::move(verdict_);
    step("the roster", [&] { roster(); });
    step("the custody key's signature", [&] { take(judge_custody_signature(transcript_, evidence_.roster)); });
    step("the approvals", [&] { approvals(); });
    step("the policy", [&] { policy(); });
    step("the token", [&] { token(); });
    step("the signatures", [&] { signatures(); });
    step("the release", [&] { release(); });
    step("the renewal of the PIN", [&] { renewal(); });
    step("the log's receipt", [&] { receipt(); });
    return std::move(verdict_);
  }

 private:
  void object(const std::string& why) { verdict_.objections.push_back(why); }
  void take(const Verdict& verdict) {
    for (const auto& why : verdict.objections) object(why);
  }
  template <class Check>
  void step(const char* what, Check&& check) {
    const auto outcome = attempt([&] {
      check();
      return true;
    });
    if (const auto* why = std::get_if<Error>(&outcome)) object(std::string{what} + ": " + why->what());
  }
  [[nodiscard]] const TranscriptRecord& the(RecordKind kind) const { return *transcript_.find(kind); }

  /// Without these there is nothing to judge.
  bool shape() {
    for (const auto kind : {RecordKind::request, RecordKind::policy, RecordKind::token, RecordKind::release})
      if (transcript_.find(kind) == nullptr)
        object("it has " + std::to_string(transcript_.of(kind).size()) + " records of kind " + std::string{text(kind)} +
               ", not one: it was cut, or is not over");
    if (!verdict_.acceptable()) return false;
    step("the request", [&] { request_ = Request::parse(the(RecordKind::request).body); });
    return verdict_.acceptable();
  }

  void roster() {
    const auto& roster = evidence_.roster;
    if (roster.first_digest() != evidence_.genesis)
      object("the roster goes back to " + hex(roster.first_digest()) + ", not to the genesis digest that was given");
    if (roster.digest() != request_.roster_digest)
      object("the request names roster " + hex(request_.roster_digest) + ", the roster here is " +
             hex(roster.digest()));
  }

  void approvals() {
    std::vector<Bytes> all;
    for (const auto* record : transcript_.of(RecordKind::approval)) {
      auto body = ApprovalBody::decode(record->body);
      all.push_back(std::move(body.approval));
      officers_.push_back(std::move(body.officer));
    }
    const auto& roster = evidence_.roster;
    const auto at = the(RecordKind::policy).at;
    const auto tally = quorum::tally(all, roster, request_.suit_digest, quorum::kReleaseContext, at, request_.digest());
    for (const auto& why : tally.objections) object(why);
    if (tally.approved != officers_) object("an approval is recorded under the name of another officer");
    const auto required = roster.threshold + request_.terms.extra_approvals;
    if (!tally.reaches(required))
      object("only " + std::to_string(tally.approved.size()) + " of " + std::to_string(required) + " approvals count");
  }

  void policy() {
    const auto body = PolicyBody::decode(the(RecordKind::policy).body);
    if (evidence_.policy && *evidence_.policy != body.text)
      object("the policy that was asked is not the one given here");
    const auto policy = ReleasePolicy::parse(body.text, "the recorded policy");
    take(check_order(policy, body.history, request_.sequence, request_.epoch, request_.terms.extra_approvals));
    take(check_terms(policy, request_.terms, body.here));
    const auto& roster = evidence_.roster;
    std::vector<Bytes> keys{cose::key_id(*load_key(envelope_key()))};
    if (hybrid() == Hybrid::yes) keys.push_back(cose::key_id(*load_key(roster.hybrid_key)));
    if (body.here.threshold != roster.threshold || body.here.officers != roster.officers.size() ||
        body.here.signing_keys != keys)
      object("the policy was asked about another quorum or key than the roster's");
    const auto at = the(RecordKind::policy).at;
    if (body.here.now != at) object("the policy was asked for another time than it is recorded at");
  }

  void token() {
    const auto body = TokenBody::decode(the(RecordKind::token).body);
    const auto& roster = evidence_.roster;
    if (body.serial != roster.token_serial)
      object("the token has serial number " + body.serial + ", the roster guards " + roster.token_serial);
    if (body.locked_memory == 0) object("the combiner had no memory locked");
    dealing_ = body.dealing;
    log_origin_ = body.log_origin;
    log_key_ = body.log_key;
    shares(body.dealing);
  }

  /// Only shares of the dealing that held open the token; those of others may have been voided meanwhile.
  void shares(std::uint64_t dealing) {
    std::uint64_t fit = 0;
    for (const auto* record : transcript_.of(RecordKind::approval)) {
      const auto approval = ApprovalBody::decode(record->body);
      fit += approval.dealing == dealing ? 1 : 0;
      if (approval.dealing > dealing)
        object("the share of " + approval.officer + " is of dealing " + std::to_string(approval.dealing) +
               ", the token was opened under dealing " + std::to_string(dealing));
    }
    if (fit < evidence_.roster.threshold)
      object("only " + std::to_string(fit) + " of " + std::to_string(evidence_.roster.threshold) +
             " shares are of dealing " + std::to_string(dealing) +
             ", under which the token is said to have been opened");
  }

  void signatures() {
    std::vector<SignedRegion> made;
    for (const auto* record : transcript_.of(RecordKind::signature)) {
      const auto body = SignatureBody::decode(record->body);
      made.push_back(body.region);
      if (is_of_envelope(body.region))
        suit_signature(body);
      else
        outputs_.emplace(output_file(body.region.output), body);
    }
    if (made != request_.signed_regions) object("the signatures made are not those that the request lists");
  }

  /// What officers approved, the envelope must carry: whether it is hybrid they saw in the request.
  [[nodiscard]] Hybrid hybrid() const { return settings_of(request_.signed_regions).hybrid ? Hybrid::yes : Hybrid::no; }

  /// Of the roster: the release key, or the application key of the partner.
  [[nodiscard]] const Bytes& envelope_key() const {
    const auto& roster = evidence_.roster;
    if (!request_.terms.application) return roster.release_key;
    const auto label = application_key(request_.terms.application->partner);
    const auto found = roster.other_keys.find(label);
    if (found == roster.other_keys.end()) throw Error{Errc::denied, "the roster has no key '" + label + "'"};
    return found->second;
  }

  [[nodiscard]] ReleaseTrust envelope_trust() const {
    const auto& application = request_.terms.application;
    if (!application) return trust_in(evidence_.roster, hybrid());
    // What was granted then is in the recorded policy's answer; the profile may grant something else by now.
    const auto grants = PolicyBody::decode(the(RecordKind::policy).body).here.grants;
    return application_trust_in(evidence_.roster,
                                {application->partner, application->name, grants.value_or(std::vector<std::string>{})});
  }

  void suit_signature(const SignatureBody& body) {
    const auto& roster = evidence_.roster;
    const bool second = is_hybrid(body.region);
    if (second && roster.hybrid_key.empty()) {
      object("the release is signed by an ML-DSA-87 key, and the roster has none");
      return;
    }
    const auto message = cose::parse_sign1(body.signature);
    const auto key = load_key(second ? roster.hybrid_key : envelope_key());
    auto verdict = cose::verify1(message, *key, request_.suit_digest, quorum::kReleaseContext,
                                 second ? cose::Use::hybrid_release : cose::Use::general);
    for (auto& why : verdict.objections) why = (second ? "the ML-DSA-87 key: " : "key " + body.region.key + ": ") + why;
    take(verdict);
    if (cose::name_of(message.algorithm) != body.region.algorithm)
      object("the envelope's signature is by " + std::string{cose::name_of(message.algorithm)} + ", approved was " +
             body.region.algorithm);
    suit_signatures_.push_back(body.signature);
  }

  void release() {
    const auto files = ReleaseBody::decode(the(RecordKind::release).body).files;
    for (const auto& [name, body] : outputs_)
      if (std::ranges::find(files, name, &PublishedFile::name) == files.end())
        object(name + " was signed and is not among the published files");
    list_of(files);
    for (const auto& file : files) {
      const auto found = evidence_.files.find(file.name);
      if (found == evidence_.files.end())
        object(file.name + " is not here");
      else if (const auto is = measured(found->second);
               is.size != file.size || !std::ranges::equal(is.digest, file.digest))
        object(file.name + " is not the file that was published: its SHA-256 differs");
      else if (file.name == kEnvelope)
        envelope(found->second);
      else
        output(file.name, found->second, files);
    }
  }

  void list_of(const std::vector<PublishedFile>& files) {
    std::set<std::string> names;
    for (const auto& file : files)
      if (!names.insert(file.name).second) object(file.name + " is listed twice among the published files");
    if (!names.contains(kEnvelope)) object("release.suit was signed and is not among the published files");
  }

  void output(const std::string& name, const std::filesystem::path& file, const std::vector<PublishedFile>& files) {
    if (const auto signed_output = outputs_.find(name); signed_output != outputs_.end()) {
      const auto& [region, signature] = signed_output->second;
      const auto key = evidence_.roster.other_keys.find(region.key);
      if (key == evidence_.roster.other_keys.end())
        object(name + " is signed by key " + region.key + ", which the roster does not name");
      else
        take(judge_output(region, key->second, signature, file));
    } else if (name == kZigbeeFile) {
      std::vector<Bytes> inner;
      for (const auto& one : files) inner.push_back(one.digest);
      take(judge_wrapped(file, inner));
    } else if (name != kDetachedPayloadUri || !detached_) {  // that one envelope() compares with the manifest
      object(name + " was published and nobody approved it");
    }
  }

  static Measured measured(const std::filesystem::path& file) {
    FileSource source{file};
    return measure(source);
  }

  void envelope(const std::filesystem::path& file) {
    const ReleaseFile release{file};
    take(verify_release(release, envelope_trust()));
    const auto head = release.head();
    const auto& parts = head.envelope;
    detached_ = parts.place == PayloadPlace::detached;
    auto payload = release.payload(head);
    take(check_request_files(request_, parts.manifest, measure(payload)));
    const auto blocks = parts.blocks();
    std::size_t next = 0;
    for (const auto& signature : suit_signatures_)
      if (next >= blocks.size() || !std::ranges::equal(blocks[next++], signature))
        object("release.suit does not carry the recorded signature");
    for (const auto* record : transcript_.of(RecordKind::approval)) {
      const auto approval = ApprovalBody::decode(record->body);
      if (next >= blocks.size() || !std::ranges::equal(blocks[next++], approval.approval))
        object("release.suit does not carry the recorded approval of " + approval.officer);
    }
    if (next < blocks.size()) object("release.suit carries more signatures than are recorded");
  }

  void renewal() {
    const auto* record = transcript_.find(RecordKind::renewal);
    if (record == nullptr) {
      object("the PIN was not renewed after this, or the record of it was cut off");
      return;
    }
    const auto dealing =
        quorum::Dealing::parse_signed(RenewalBody::decode(record->body).dealing, "recorded dealing", evidence_.roster);
    if (dealing.number <= dealing_)
      object("after the release dealing " + std::to_string(dealing.number) + " held, before it " +
             std::to_string(dealing_) + ": the PIN was not renewed");
  }

  void receipt() {
    const auto* record = transcript_.find(RecordKind::receipt);
    if (record == nullptr) {
      object("the log's receipt is missing, or was cut off");
      return;
    }
    const auto receipt =
        audit::check_receipt(ReceiptBody::decode(record->body).receipt, log_origin_, *load_key(log_key_));
    logged(receipt.event);
    if (receipt.at < the(RecordKind::release).at) object("the log has this act before the time at which it was signed");
  }

  /// The log and these records tell the same story.
  void logged(const audit::Event& event) {
    const auto says = [&](const char* name, ByteView value) {
      return std::ranges::find(event.details, std::pair<std::string, std::string>{name, hex(value)}) !=
             event.details.end();
    };
    const auto file = evidence_.files.find(kEnvelope);
    if (event.action != "sign.seal" || event.subject != request_.name.text() ||
        !says("transcript", the(RecordKind::release).digest()) ||
        (file != evidence_.files.end() && !says("release", measured(file->second).digest)))
      object("the log's receipt is of another act");
    if (!says("request", request_.digest()) || !says("roster", request_.roster_digest))
      object("the log's record of this act names another request or roster");
    std::vector<std::string> officers;
    for (const auto& [name, value] : event.details)
      if (name == "officer") officers.push_back(value);
    if (officers != officers_) object("the log names other officers than these records");
  }

  const Transcript& transcript_;
  const Evidence& evidence_;
  Request request_;
  Verdict verdict_;
  std::map<std::string, SignatureBody> outputs_;  ///< signatures beside the envelope's, by file
  std::vector<std::string> officers_;             ///< of the recorded approvals
  std::vector<Bytes> suit_signatures_;            ///< the envelope's, by the release key and the ML-DSA key
  Bytes log_key_;
  std::string log_origin_;
  bool detached_ = false;
  std::uint64_t dealing_ = 0;
};

}  // namespace

Verdict judge_custody_signature(const Transcript& transcript, const quorum::Roster& roster) {
  const auto* release = transcript.find(RecordKind::release);
  if (release == nullptr) return {{"it has no release record: it was cut, or is not over"}};
  if (release->signature.empty()) return {{"the release record is not signed by the custody key"}};
  auto verdict = cose::verify1(cose::parse_sign1(release->signature), *load_key(roster.custody_key), release->content,
                               kTranscriptContext);
  for (auto& why : verdict.objections) why = "the custody key did not sign these records: " + why;
  return verdict;
}

Verdict judge_transcript(const Transcript& transcript, const Evidence& evidence) {
  return Judge{transcript, evidence}.judge();
}

}  // namespace lamp::firmware
