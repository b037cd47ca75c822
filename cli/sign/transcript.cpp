#include "lib/firmware/transcript.hpp"
#include "cli/usage.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/sign/tool.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/firmware/transcript_verify.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;
using firmware::RecordKind;

struct TranscriptShowOptions {
  std::string transcript;
};

struct TranscriptVerifyOptions {
  std::string transcript, genesis, roster, policy;
};

void declare_show(Arguments& a, TranscriptShowOptions& o) {
  a.positional("transcript", o.transcript, "A transcript.cbor");
}

void declare_verify(Arguments& a, TranscriptVerifyOptions& o) {
  a.positional("transcript", o.transcript, "A transcript.cbor, the published files beside it");
  a.required("--genesis", o.genesis, "Digest of the quorum's first roster");
  a.option("--roster", o.roster, "The roster's file; by default quorum/release.yaml of the same site");
  a.option("--policy", o.policy, "The release policy that must have been asked");
}

firmware::Transcript load(const fs::path& file) {
  const auto bytes = read_file(file);
  return in_context(file.string(), [&] { return firmware::Transcript::parse(bytes); });
}

std::string summary(const firmware::TranscriptRecord& record) {
  switch (record.kind) {
    case RecordKind::request: {
      const auto request = firmware::Request::parse(record.body);
      return fmt::format("{}, sequence {}, epoch {}, request SHA-256 {}", request.name.text(), request.sequence,
                         request.epoch, hex(request.digest()));
    }
    case RecordKind::approval: {
      const auto body = firmware::ApprovalBody::decode(record.body);
      return fmt::format("{}, with a share of dealing {}", body.officer, body.dealing);
    }
    case RecordKind::policy: {
      const auto body = firmware::PolicyBody::decode(record.body);
      return fmt::format("accepted; newest release: sequence {}, epoch {}", body.history.released_sequence,
                         body.history.released_epoch);
    }
    case RecordKind::token: {
      const auto body = firmware::TokenBody::decode(record.body);
      return fmt::format("{}, serial {}, {}; opened under dealing {}; {} KiB locked", body.label, body.serial,
                         body.model, body.dealing, body.locked_memory / 1024);
    }
    case RecordKind::signature: {
      const auto body = firmware::SignatureBody::decode(record.body);
      return fmt::format("{} by key {} ({}), over SHA-256 {}", body.region.output, body.region.key,
                         body.region.algorithm, hex(body.region.digest));
    }
    case RecordKind::release: {
      std::string all;
      for (const auto& file : firmware::ReleaseBody::decode(record.body).files)
        all +=
            fmt::format("{}{}, {} bytes, SHA-256 {}", all.empty() ? "" : "; ", file.name, file.size, hex(file.digest));
      return all + (record.signature.empty() ? "" : "; signed by the custody key");
    }
    case RecordKind::renewal: return "a new PIN, dealt out anew";
    case RecordKind::receipt: return "the log's proof of the record of this seal";
  }
  return {};
}

Exit show_transcript(const TranscriptShowOptions& options, World& world) {
  const auto transcript = load(options.transcript);
  for (const auto& record : transcript.records())
    fmt::print(world.out, "{:>2} {} {:<9} {}\n", record.number, format_instant(record.at), text(record.kind),
               summary(record));
  fmt::print(world.out, "head SHA-256 {}\nNothing here was verified.\n", hex(transcript.head()));
  return Exit::ok;
}

/// The roster that the request names: the one that is there now or one before it.
quorum::Roster roster_of(const fs::path& file, const firmware::Transcript& transcript) {
  auto roster = quorum::Roster::load(file);
  const auto* request = transcript.find(RecordKind::request);
  if (request == nullptr) return roster;
  const auto read = attempt([&] { return firmware::Request::parse(request->body); });
  if (!std::holds_alternative<firmware::Request>(read)) return roster;
  const auto& wanted = std::get<firmware::Request>(read).roster_digest;
  const auto site = fs::absolute(file).parent_path().parent_path();
  for (auto epoch = roster.epoch; roster.digest() != wanted && --epoch > 0;) {
    auto older = quorum::Roster::load(quorum::older_roster_file(site, roster.name, epoch));
    if (older.digest() == wanted) return older;
  }
  return roster;
}

std::map<std::string, fs::path> files_beside(const fs::path& transcript_file, const firmware::Transcript& transcript) {
  std::map<std::string, fs::path> files;
  const auto* release = transcript.find(RecordKind::release);
  if (release == nullptr) return files;
  for (const auto& file : firmware::ReleaseBody::decode(release->body).files) {
    if (fs::path{file.name}.filename() != file.name) throw Error{Errc::bad_input, "it names a file of another folder"};
    const auto path = transcript_file.parent_path() / file.name;
    if (fs::exists(path)) files.emplace(file.name, path);
  }
  return files;
}

/// The site in whose releases/MODEL/VERSION, or releases/MODEL/PARTNER.APPLICATION/VERSION, the transcript lies.
fs::path site_of(const fs::path& file) {
  auto folder = file.parent_path().parent_path().parent_path();
  if (folder.filename() != "releases") folder = folder.parent_path();
  return folder.parent_path();
}

Exit verify_transcript(const TranscriptVerifyOptions& options, World& world) {
  const fs::path file = fs::absolute(options.transcript);
  const auto site = site_of(file);
  const auto judged = attempt([&] {
    const auto transcript = load(file);
    firmware::Evidence evidence;
    evidence.genesis = option_value("--genesis", [&] { return from_hex(options.genesis); });
    evidence.roster =
        roster_of(options.roster.empty() ? quorum::roster_file(site, "release") : fs::path{options.roster}, transcript);
    evidence.files = files_beside(file, transcript);
    if (!options.policy.empty()) evidence.policy = read_text_file(options.policy);
    const auto verdict = firmware::judge_transcript(transcript, evidence);
    if (verdict.acceptable())
      fmt::print(world.out, "good: {} records, head SHA-256 {}\n", transcript.records().size(), hex(transcript.head()));
    return verdict;
  });
  if (const auto* why = std::get_if<Error>(&judged)) {
    if (why->code() != Errc::bad_input && why->code() != Errc::denied) throw Error{*why};
    world.err << "lamp-sign: refused: " << why->what() << '\n';
    return Exit::refused;
  }
  for (const auto& objection : std::get<Verdict>(judged).objections)
    world.err << "lamp-sign: refused: " << objection << '\n';
  return std::get<Verdict>(judged).acceptable() ? Exit::ok : Exit::refused;
}

}  // namespace

void add_sign_transcript(Tool& tool) {
  tool.verb<TranscriptShowOptions>("transcript show", "Show the record of a release's ceremony", declare_show,
                                   show_transcript);
  tool.verb<TranscriptVerifyOptions>("transcript verify", "Check a whole ceremony again, from files alone",
                                     declare_verify, verify_transcript);
}

}  // namespace lamp::cli
