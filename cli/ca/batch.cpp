#include "lib/pki/batch.hpp"
#include "cli/usage.hpp"

#include <botan/pk_keys.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <deque>

#include "cli/ca/batch_output.hpp"
#include "cli/ca/batch_rows.hpp"
#include "cli/ca/by_quorum.hpp"
#include "cli/ca/quorum_requests.hpp"
#include "cli/ca/site_authority.hpp"
#include "cli/ca/values.hpp"
#include "cli/ca/verbs.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"

namespace lamp::cli {
namespace {

// Rows between two checkpoints: a few seconds of work.
constexpr std::uint64_t kCheckpoint = 16384;

struct BatchOptions {
  std::string authority, profile, input, output, report, quorum;
  std::vector<std::string> values;
  bool dry_run = false;
};

void declare(Arguments& a, BatchOptions& o) {
  a.positional("authority", o.authority, "Authority that signs");
  a.positional("input", o.input, "Rows to issue for: a .csv file with a header, or a .jsonl file");
  a.required("--profile", o.profile, "Profile of the certificates, lamp-profile(5)");
  a.option("-o,--output", o.output, "A .jsonl or .csv file, or a folder of PEM files");
  a.option("--report", o.report, "Where refused rows go; OUTPUT.refused.jsonl when not given");
  a.option("--value", o.values, "Value of a placeholder for every row, such as model=smart-lamp");
  a.option("--quorum", o.quorum, "Quorum that guards the key: officers approve, the same command then does it");
  a.flag("--dry-run", o.dry_run, "Check every row, issue nothing");
}

/// One line that is written over once a second, on a terminal only.
class ProgressLine {
 public:
  ProgressLine(World& world, const BatchProgress& progress, std::uint64_t size)
      : world_{world},
        progress_{progress},
        size_{size},
        began_{world.clock.now()},
        shown_{began_},
        rows_{progress.rows},
        offset_{progress.offset} {}
  ~ProgressLine() {
    if (any_) world_.err << '\n';
  }
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show() {
    const auto now = world_.clock.now();
    if (!world_.terminal.is_interactive() || now == shown_) return;
    shown_ = now;
    any_ = true;
    const auto seconds = static_cast<std::uint64_t>((now - began_).count());
    const auto bytes = progress_.offset - offset_;
    const auto left = bytes == 0 ? 0 : (size_ - progress_.offset) * seconds / bytes;
    fmt::print(world_.err, "\r{} rows, {} refused, {}/s, {} %, {} min {:02} s left ", progress_.rows, progress_.refused,
               seconds == 0 ? 0 : (progress_.rows - rows_) / seconds, size_ == 0 ? 100 : progress_.offset * 100 / size_,
               left / 60, left % 60);
    world_.err.flush();
  }

 private:
  World& world_;
  const BatchProgress& progress_;
  std::uint64_t size_;
  Instant began_, shown_;
  std::uint64_t rows_, offset_;
  bool any_ = false;
};

/// One run of the verb: its input, its output, and the batch between them.
class BatchRun {
 public:
  BatchRun(Host& host, const BatchOptions& o, const pki::BatchPlace& place, BatchRows& rows, BatchProgress& progress)
      : host_{host},
        o_{o},
        place_{place},
        rows_{rows},
        progress_{progress},
        output_{o.output, o.report, progress},
        line_{host.world(), progress, rows.size()},
        values_{values_of(host.site(), {}, o.values)} {}

  void run() {
    rows_.resume(progress_.rows, progress_.offset);
    saved_ = progress_.rows;
    pki::issue_batch(place_, {[this](auto& items, std::size_t most) { read(items, most); },
                              [this](store::Transaction& t, auto issued) { note(t, issued); },
                              [this](std::vector<pki::BatchResult> results) { write(results); }});
    output_.finish();
  }

 private:
  void read(std::vector<pki::BatchItem>& items, std::size_t most) {
    for (; most > 0; --most) {
      auto item = rows_.next();
      if (!item) break;
      item->subject.insert(values_.begin(), values_.end());
      items.push_back(std::move(*item));
    }
    if (!items.empty()) places_.emplace_back(rows_.count(), rows_.offset());
  }

  void note(store::Transaction& t, std::span<const pki::BatchResult* const> issued) {
    std::vector<audit::Event> events;
    events.reserve(issued.size());
    for (const auto* result : issued)
      events.push_back({account_,
                        "ca.issue",
                        result->identity,
                        {{"authority", o_.authority},
                         {"profile", o_.profile},
                         {"serial", result->serial},
                         {"key", result->key},
                         {"not-after", format_instant(result->not_after)}}});
    audit::record(t, events, host_.now(), host_.world().rng);
  }

  void write(std::span<const pki::BatchResult> results) {
    output_.add(results);
    std::tie(progress_.rows, progress_.offset) = places_.front();
    places_.pop_front();
    line_.show();
    if (progress_.rows - saved_ < kCheckpoint) return;
    saved_ = progress_.rows;
    output_.checkpoint();
    host_.finish();  // the outbox stays short
  }

  Host& host_;
  const BatchOptions& o_;
  const pki::BatchPlace& place_;
  BatchRows& rows_;
  BatchProgress& progress_;
  BatchOutput output_;
  ProgressLine line_;
  const pki::Subject values_;
  const std::string account_ = account_name();
  std::uint64_t saved_ = 0;
  std::deque<std::pair<std::uint64_t, std::uint64_t>> places_;  ///< where each chunk on its way ends
};

Exit summary(const BatchOptions& o, const BatchProgress& p, World& world) {
  fmt::print(world.out, "batch {}: {} rows: {} issued, {} existed, {} refused: {}\n", o.input, p.rows, p.issued,
             p.existed, p.refused, o.output);
  if (p.refused == 0) return Exit::ok;
  fmt::print(world.err, "lamp-ca: refused: {} rows, with rule and field in {}\n", p.refused, o.report);
  return Exit::refused;
}

Exit try_all(Host& host, const BatchOptions& o, const pki::BatchPlace& place, BatchRows& rows) {
  const auto values = values_of(host.site(), {}, o.values);
  auto& world = host.world();
  std::uint64_t good = 0, bad = 0;
  while (auto item = rows.next()) {
    item->subject.insert(values.begin(), values.end());
    const auto result = pki::try_item(place, *item);
    if (result.outcome != pki::BatchResult::Outcome::refused) {
      ++good;
      continue;
    }
    ++bad;
    fmt::print(world.err, "lamp-ca: refused: row {}: {} {} [{}]\n", result.row, result.field, result.says, result.rule);
  }
  fmt::print(world.out, "batch {}: {} rows: {} would be issued unless the register says no, {} refused\n", o.input,
             good + bad, good, bad);
  return bad == 0 ? Exit::ok : Exit::refused;
}

std::string request_of(const BatchOptions& o, const BatchRows& rows) {
  auto text = fmt::format("{} {} {} of {} octets", o.authority, o.profile,
                          std::filesystem::weakly_canonical(o.input).string(), rows.size());
  for (const auto& value : o.values) text += " " + value;
  return text;
}

/// Opens the authority and issues for all rows from the last checkpoint on.
Exit issue_rows(Host& host, const BatchOptions& o, const pki::Profile& profile, BatchRows& rows) {
  const auto signer = open_authority(host, o.authority);
  auto& world = host.world();
  const pki::BatchPlace place{open_register(host), signer.authority, *signer.key, profile, world.clock, world.rng};
  if (o.dry_run) return try_all(host, o, place, rows);
  // Two commands would write the same files; the second waits, and then finds everything issued.
  const FileLock lock{authority_file(host.site(), o.authority, ".batch.lock")};
  auto progress = BatchProgress::load(BatchOutput::checkpoint_file(o.output), request_of(o, rows));
  if (progress.rows == 0) progress.offset = rows.offset();
  BatchRun{host, o, place, rows, progress}.run();
  return summary(o, progress, world);
}

Exit batch(const BatchOptions& given, World& world) {
  if (given.output.empty() && !given.dry_run) {
    throw UsageError{"say where the certificates go: -o FILE.jsonl, FILE.csv or a folder"};
  }
  auto o = given;
  if (o.report.empty()) o.report = o.output + ".refused.jsonl";
  Host host{world};
  const auto profile = load_profile(host.site(), o.profile);
  if (profile.authority)
    throw Error{Errc::bad_input, "profile " + o.profile + " is an authority's; lamp-ca create uses it"};
  BatchRows rows{o.input};
  if (!o.quorum.empty() && !o.dry_run) {
    auto outcome = Exit::ok;
    const auto asked = by_quorum(host, key_of_authority(host.site(), o.quorum, o.authority),
                                 to_issue_rows(host.site(), o.authority, o.profile, o.input, o.values),
                                 [&] { outcome = issue_rows(host, o, profile, rows); });
    return asked == Exit::ok ? outcome : asked;
  }
  const auto outcome = issue_rows(host, o, profile, rows);
  if (!o.dry_run) host.finish();
  return outcome;
}

}  // namespace

void add_ca_batch(Tool& tool) {
  tool.verb<BatchOptions>("batch", "Issue for every row of a file; what was issued before is given again", declare,
                          batch);
}

}  // namespace lamp::cli
