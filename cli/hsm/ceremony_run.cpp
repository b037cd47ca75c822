#include <botan/pk_keys.h>
#include <botan/x509_key.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/hsm/ceremony.hpp"
#include "cli/hsm/ceremony_steps.hpp"
#include "cli/hsm/first_records.hpp"
#include "hsm/ceremony_ledger.hpp"
#include "hsm/ceremony_verify.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/crypto/utf8.hpp"

namespace lamp::cli {
namespace {

using ceremony::Kind;
using ceremony::Mode;
using ceremony::Plan;
using ceremony::Record;

struct RunOptions {
  std::string steps;
  std::string digest;
  bool dry_run = false, rehearse = false, json = false;
};

void declare(Arguments& a, RunOptions& o) {
  a.positional("steps", o.steps, "Reviewed list of steps, lamp-ceremony(5)");
  a.option("--confirm-digest", o.digest, "SHA-256 of the reviewed file; else its first 8 digits are asked");
  a.flag("--dry-run", o.dry_run, "Show the plan and touch nothing");
  a.flag("--rehearse", o.rehearse, "Run it on throw-away tokens in a temporary folder");
  a.flag("--json", o.json, "Print JSON at the end; what happens is told with the messages");
}

void print_plan(const Plan& plan, std::ostream& out) {
  fmt::print(out, "ceremony {}: {}\nfile digest {}\n", plan.name, plan.purpose, hex(plan.digest));
  fmt::print(out, "{} conducts;", plan.conductor);
  for (const auto& witness : plan.witnesses) fmt::print(out, " {}", witness);
  out << (plan.witnesses.size() == 1 ? " witnesses\n" : " witness\n");
}

void print_steps(const Plan& plan, std::ostream& out) {
  std::size_t width = 4;
  for (const auto& name : plan.people()) width = std::max(width, name.size());
  fmt::print(out, "step  {:<{}}  what\n", "who", width);
  for (std::size_t i = 0; i < plan.steps.size(); ++i)
    fmt::print(out, "{:>4}  {:<{}}  {}\n", i + 1, plan.steps[i].by, width, plan.steps[i].what());
}

/// The file must be the one that was reviewed.
void confirm_digest(const Plan& plan, const std::string& given, World& world) {
  const auto digest = hex(plan.digest);
  if (!given.empty()) {
    if (given != digest)
      throw Error{Errc::denied, "the file's digest is " + digest + ", not the one given: it is not what was reviewed"};
    return;
  }
  world.out.flush();
  const auto typed = in_context("confirming the file's digest (--confirm-digest gives it without a terminal)", [&] {
    return world.terminal.ask(plan.conductor + ", type the first 8 digits of the digest as it was reviewed: ");
  });
  if (typed != digest.substr(0, kTypedDigits))
    throw Error{Errc::denied, "that is not how the file's digest begins: it is not what was reviewed"};
}

std::vector<ceremony::Signer> find_signers(const Plan& plan, Host& host) {
  std::vector<ceremony::Signer> signers;
  std::set<Bytes> keys;
  for (const auto& name : plan.people()) {
    const auto& person = host.site().person(name);
    auto key =
        in_context("key of " + name + " (lamp-hsm key generate " + person.token + " " + person.key + " makes it)",
                   [&] { return host.person_key(name); });
    if (!keys.insert(Botan::X509::BER_encode(*key->public_key())).second)
      throw Error{Errc::denied, name + " has the same key as somebody else in this ceremony"};
    signers.push_back({name, std::move(key)});
  }
  return signers;
}

/// The text of a failure as a record may hold it.
std::string recordable(std::string text) {
  if (!is_utf8(as_bytes(text)))
    std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  return text;
}

/// One run of a ceremony at a time.
FileLock lock_ceremony(const config::Site& site, const std::string& name) {
  const auto file = ceremony_file(site, name, ".lock");
  guarded(Errc::unavailable, [&] { std::filesystem::create_directories(file.parent_path()); });
  return FileLock{file};
}

/// One ceremony: its transcript is its journal.
class Ceremony {
 public:
  Ceremony(const Plan& plan, Mode mode, Host& host)
      : plan_{plan},
        mode_{mode},
        host_{host},
        lock_{lock_ceremony(host.site(), plan.name)},
        transcript_{ceremony_file(host.site(), plan.name, "transcript.cbor"), mode},
        runner_{host, mode} {
    host_.database().migrate(ceremony::schema());
  }

  void run() {
    recognise();
    signers_ = find_signers(plan_, host_);
    if (transcript_.records().empty())
      begin();
    else
      resume();
    if (!is_over())
      for (auto step = finished_ + 1; step <= plan_.steps.size(); ++step) take(step);
    end();
  }

 private:
  [[nodiscard]] World& world() { return host_.world(); }
  [[nodiscard]] bool is_over() const { return transcript_.records().back().kind == Kind::end; }

  const Record& add(Kind kind, std::uint64_t step, ceremony::Details details) {
    const auto& record = transcript_.add(kind, step, std::move(details), host_.now(), signers_, host_.world().rng);
    if (ceremony::is_signed(kind)) settle(record);
    return record;
  }

  /// The host's database remembers the record, and the audit log tells of it, both or neither.
  void settle(const Record& record) {
    const auto what = record.kind == Kind::done ? std::string{"step"} : std::string{text(record.kind)};
    audit::Event event{account_name(), "hsm.ceremony." + what, plan_.name, {}};
    event.details.emplace_back("mode", text(mode_));
    if (record.kind == Kind::begin) event.details.emplace_back("steps-digest", hex(plan_.digest));
    if (record.step != 0) event.details.emplace_back("step", std::to_string(record.step));
    if (record.step != 0) event.details.emplace_back("what", plan_.steps.at(record.step - 1).what());
    event.details.emplace_back("record", hex(record.digest()));
    host_.database().write([&](store::Transaction& t) {
      if (ceremony::remember(t, plan_.name, record)) audit::record(t, event, host_.now(), world().rng);
    });
  }

  void recognise() {
    (void)host_.database().read(
        [&](store::Transaction& t) { return ceremony::recognise(t, plan_.name, transcript_.records()); });
  }

  void begin() {
    const auto& site = host_.site();
    publish(ceremony_file(site, plan_.name, "steps.yaml"), std::string_view{plan_.text});
    const auto& record =
        add(Kind::begin, 0, ceremony::begin_details(plan_, mode_, site.name, "lamp-hsm " LAMP_VERSION, signers_));
    fmt::print(world().out, "anchor {}\nEverybody writes it down: every later check begins with it.\n\n",
               hex(record.digest()));
  }

  void resume() {
    const auto& records = transcript_.records();
    in_context(transcript_.file().string(), [&] {
      require_none(ceremony::judge_plan(records, plan_));
      require_none(ceremony::judge_records(records, ceremony::Expect::unfinished));
      if (ceremony::mode_of(records.front()) != mode_) throw Error{Errc::denied, "it is a rehearsal's"};
      std::map<std::string, Bytes> present;
      for (const auto& signer : signers_) present[signer.name] = Botan::X509::BER_encode(*signer.key->public_key());
      require_none(ceremony::judge_people(records.front(), present));
    });
    for (const auto& record : records)
      if (ceremony::is_signed(record.kind)) settle(record);
    for (const auto& step : ceremony::finished_steps(records)) {
      in_context("step " + std::to_string(++finished_),
                 [&] { runner_.recheck(plan_.steps.at(finished_ - 1), *step.done); });
    }
    if (is_over()) return;
    add(Kind::resumed, 0, {{"finished", std::to_string(finished_)}, {"program", "lamp-hsm " LAMP_VERSION}});
    fmt::print(world().out, "going on: {} of {} steps are finished and as they were left\n", finished_,
               plan_.steps.size());
  }

  static void require_none(const ceremony::Objections& objections) {
    if (!objections.empty()) throw Error{Errc::denied, objections.front()};
  }

  /// The first start of a step that is not finished.
  [[nodiscard]] const Record* begun(std::uint64_t step) const {
    const auto& all = transcript_.records();
    const auto found =
        std::ranges::find_if(all, [&](const Record& r) { return r.kind == Kind::start && r.step == step; });
    return found == all.end() ? nullptr : &*found;
  }

  void take(std::uint64_t number) {
    const auto& step = plan_.steps.at(number - 1);
    fmt::print(world().out, "step {} of {}, {}: {}\n", number, plan_.steps.size(), step.by, step.what());
    world().out.flush();
    auto taken = attempt([&] { return carry_out(number, step); });
    if (const auto* error = std::get_if<Error>(&taken)) stop(number, *error);
    for (const auto& [name, value] : std::get<ceremony::Details>(taken))
      if (name != "public-key" && !name.ends_with("certificate")) fmt::print(world().out, "  {}: {}\n", name, value);
    finished_ = number;
  }

  ceremony::Details carry_out(std::uint64_t number, const ceremony::Step& step) {
    std::optional<Record> before;
    if (const auto* record = begun(number)) before = *record;
    auto details = step.fields();
    const auto found = before ? ceremony::Details{{"again", "begun before in record " + std::to_string(before->number)}}
                              : runner_.before(step);
    details.insert(details.end(), found.begin(), found.end());
    add(Kind::start, number, std::move(details));
    auto result = runner_.carry_out(step, before ? &*before : nullptr);
    add(Kind::done, number, result);
    return result;
  }

  [[noreturn]] void stop(std::uint64_t number, const Error& error) {
    // A step that was refused before its start has nothing to be closed.
    if (transcript_.records().back().kind == Kind::start) {
      const auto told = attempt([&] {
        add(Kind::failed, number, {{"why", recordable(error.what())}});
        host_.record({account_name(),
                      "hsm.ceremony.failed",
                      plan_.name,
                      {{"mode", std::string{text(mode_)}}, {"step", std::to_string(number)}}});
        return true;
      });
      if (const auto* untold = std::get_if<Error>(&told))
        world().err << "lamp-hsm: warning: the failure is not in the transcript: " << untold->what() << '\n';
    }
    fmt::print(world().err, "lamp-hsm: stopped in step {} of {}; finished: {}; the same command goes on from there\n",
               number, plan_.steps.size(), finished_ == 0 ? "none" : "1 to " + std::to_string(finished_));
    Error stopped = error;
    stopped.add_context("step " + std::to_string(number) + " (" + plan_.steps.at(number - 1).kind() + ", " +
                        plan_.steps.at(number - 1).place + ")");
    throw Error{stopped};
  }

  void end() {
    if (!is_over()) add(Kind::end, 0, {{"finished", std::to_string(plan_.steps.size())}});
    const auto& records = transcript_.records();
    fmt::print(world().out, "\n{}ceremony {} over since {}: {} steps, {} records\nanchor {}\ntranscript {}\n",
               mode_ == Mode::rehearsal ? "REHEARSAL of " : "", plan_.name, format_instant(records.back().at),
               plan_.steps.size(), records.size(), hex(records.front().digest()), transcript_.file().string());
  }

  const Plan& plan_;
  Mode mode_;
  Host& host_;
  FileLock lock_;
  ceremony::Transcript transcript_;
  StepRunner runner_;
  std::vector<ceremony::Signer> signers_;
  std::uint64_t finished_ = 0;
};

/// The ceremony or its rehearsal; gives the transcript's place.
std::filesystem::path hold(const RunOptions& o, const Plan& plan, const config::Site& site, World& world) {
  if (!o.rehearse || !o.digest.empty()) confirm_digest(plan, o.digest, world);
  if (o.rehearse) {
    rehearse(plan, site, world);
    return ceremony_file(site, plan.name, "rehearsal.cbor");
  }
  Host host{world};
  carry_out(plan, Mode::real, host);
  carry_records(host);
  return ceremony_file(site, plan.name, "transcript.cbor");
}

Exit run_ceremony(const RunOptions& o, World& given) {
  auto world = o.json ? with_prose_aside(given) : given;
  const auto plan = Plan::load(o.steps);
  const auto site = config::Site::find(world.site);
  print_plan(plan, world.out);
  require_fitting(plan, site);
  if (o.dry_run) {
    if (o.json)
      given.out << describe(plan).dump(2) << '\n';
    else
      print_steps(plan, world.out);
    return Exit::ok;
  }
  const auto transcript = hold(o, plan, site, world);
  if (o.json) given.out << describe_transcript(plan, transcript).dump(2) << '\n';
  return Exit::ok;
}

}  // namespace

void carry_out(const Plan& plan, Mode mode, Host& host) { Ceremony{plan, mode, host}.run(); }

void add_ceremony_run(Tool& tool) {
  tool.verb<RunOptions>("ceremony run", "Carry out a reviewed list of steps before witnesses, with a transcript",
                        declare, run_ceremony);
}

void add_ceremony_verbs(Tool& tool) {
  add_ceremony_run(tool);
  add_ceremony_show(tool);
  add_ceremony_verify(tool);
}

}  // namespace lamp::cli
