#include <botan/pk_keys.h>
#include <botan/x509_key.h>
#include <botan/x509cert.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/ca/site_authority.hpp"
#include "cli/hsm/ceremony.hpp"
#include "hsm/ceremony_ledger.hpp"
#include "hsm/ceremony_verify.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/authority.hpp"
#include "lib/quorum/roster.hpp"

namespace lamp::cli {
namespace {

using ceremony::Kind;
using ceremony::Mode;
using ceremony::Objections;
using ceremony::Record;

struct VerifyOptions {
  std::string transcript, steps, roster, anchor;
  bool rehearsal = false, json = false;
};

void declare(Arguments& a, VerifyOptions& o) {
  a.positional("transcript", o.transcript, "transcript.cbor");
  a.option("--steps", o.steps, "The steps that were to be run; else steps.yaml beside the transcript");
  a.option("--anchor", o.anchor, "Digest that was written down when the ceremony began");
  a.option("--roster", o.roster, "Roster that names the keys of everybody present, lamp-quorum(5)");
  a.flag("--rehearsal", o.rehearsal, "Check a rehearsal's transcript, which else is refused");
  a.flag("--json", o.json, "Print JSON instead of text");
}

Bytes key_of_certificate(const Bytes& der) {
  return guarded(Errc::bad_input,
                 [&] { return Botan::X509::BER_encode(*Botan::X509_Certificate{der}.subject_public_key()); });
}

/// A transcript that cannot be understood was checked and is refused; a file that cannot be read was not.
template <class Step>
auto refusing(Step&& step) {
  auto result = attempt([&] {
    if constexpr (std::is_void_v<std::invoke_result_t<Step>>) {
      step();
      return true;
    } else {
      return step();
    }
  });
  if (const auto* error = std::get_if<Error>(&result))
    throw Error{error->code() == Errc::bad_input ? Errc::denied : error->code(), error->what()};
  return std::get<0>(std::move(result));
}

/// All that is known about one transcript, and what is wrong with it.
class Examination {
 public:
  Examination(const VerifyOptions& options, World& world)
      : options_{options},
        file_{options.transcript},
        records_{in_context(options.transcript,
                            [&] { return refusing([&] { return ceremony::parse_records(read_file(file_)); }); })},
        mode_{refusing([&] { return ceremony::mode_of(records_.front()); })} {
    auto found = attempt([&] { return config::Site::find(world.site); });
    if (auto* site = std::get_if<config::Site>(&found))
      site_ = std::move(*site);
    else if (std::get<Error>(found).code() != Errc::not_found || !world.site.empty())
      throw Error{std::get<Error>(found)};
    load_steps();
    if (!options.roster.empty()) roster_ = quorum::Roster::load(options.roster);
  }

  void examine() {
    if (options_.rehearsal != (mode_ == Mode::rehearsal))
      objections_.emplace_back(options_.rehearsal ? "it is of a real ceremony, not of a rehearsal"
                                                  : "it is of a REHEARSAL: nothing in it is real");
    take(ceremony::judge_records(records_));
    examine_people();
    if (plan_) take(ceremony::judge_plan(records_, *plan_));
    take(ceremony::judge_certificates(records_, [&](const std::string& name) { return certificate_of(name); }));
    if (!site_)
      notes_.emplace_back("no site here: its certificates, files and database were not compared");
    else if (mode_ == Mode::real)
      examine_site();
  }

  [[nodiscard]] bool acceptable() const { return objections_.empty(); }

  void print(std::ostream& out, std::ostream& err) const {
    const auto& begin = records_.front();
    fmt::print(out, "{}ceremony {} of site {}: {} of {} steps, {} records, {} to {}\n",
               mode_ == Mode::rehearsal ? "REHEARSAL of " : "", begin.value("ceremony"), begin.value("site"),
               ceremony::finished_steps(records_).size(), begin.value("steps"), records_.size(),
               format_instant(begin.at), format_instant(records_.back().at));
    fmt::print(out, "anchor {}\n", hex(begin.digest()));
    for (const auto& note : notes_) fmt::print(out, "note: {}\n", note);
    for (const auto& objection : objections_) fmt::print(err, "lamp-hsm: refused: {}\n", objection);
    if (acceptable()) fmt::print(out, "whole, and signed by {} after each step\n", names());
  }

  void print_json(std::ostream& out) const {
    const auto& begin = records_.front();
    out << nlohmann::json{{"ceremony", begin.value("ceremony")},
                          {"mode", text(mode_)},
                          {"site", begin.value("site")},
                          {"anchor", hex(begin.digest())},
                          {"steps-digest", begin.value("steps-digest")},
                          {"records", records_.size()},
                          {"acceptable", acceptable()},
                          {"objections", objections_},
                          {"notes", notes_}}
               .dump(2)
        << '\n';
  }

 private:
  void take(Objections more) {
    for (auto& each : more) objections_.push_back(std::move(each));
  }

  [[nodiscard]] std::string names() const {
    std::string list;
    for (const auto& person : ceremony::people_of(records_.front())) list += (list.empty() ? "" : ", ") + person.name;
    return list;
  }

  void examine_people() {
    const auto& begin = records_.front();
    const bool anchored = !options_.anchor.empty();
    if (anchored && options_.anchor != hex(begin.digest()))
      objections_.push_back("its anchor is " + hex(begin.digest()) + ", not the one that was written down");
    if (roster_)
      take(ceremony::judge_people(begin, people_of_roster()));
    else if (mode_ == Mode::rehearsal)
      notes_.emplace_back("a rehearsal is signed with throw-away keys, for which nobody vouches");
    else if (!anchored)
      take(ceremony::judge_people(begin, people_of_site()));
  }

  [[nodiscard]] std::map<std::string, Bytes> people_of_roster() const {
    std::map<std::string, Bytes> people;
    for (const auto& officer : roster_->officers) people[officer.name] = key_of_certificate(officer.certificate);
    return people;
  }

  [[nodiscard]] std::map<std::string, Bytes> people_of_site() const {
    std::map<std::string, Bytes> people;
    if (!site_) return people;
    for (const auto& [name, person] : site_->people)
      if (std::filesystem::exists(person.certificate))
        people[name] = key_of_certificate(pki::load_chain(person.certificate).front());
    return people;
  }

  void load_steps() {
    auto file = std::filesystem::path{options_.steps};
    if (file.empty()) file = file_.parent_path() / "steps.yaml";
    if (!options_.steps.empty() || std::filesystem::exists(file))
      plan_ = ceremony::Plan::load(file);
    else
      objections_.push_back("no steps to compare with: " + file.string() + " is not there; give --steps");
  }

  [[nodiscard]] std::optional<Bytes> certificate_of(const std::string& authority) const {
    if (!site_ || mode_ == Mode::rehearsal) return std::nullopt;
    auto chain = attempt([&] { return authority_chain(*site_, authority); });
    if (auto* certificates = std::get_if<std::vector<Bytes>>(&chain)) return certificates->front();
    return std::nullopt;
  }

  void examine_site() {
    if (records_.front().value("site") != site_->name) objections_.emplace_back("it is of another site");
    for (const auto& step : ceremony::finished_steps(records_)) {
      const auto& kind = step.start->value("do");
      if (kind == "create-authority") examine_authority(step);
      if (kind == "export") examine_export(step);
    }
    examine_ledger();
  }

  void examine_authority(const ceremony::Finished& step) {
    const auto& name = step.start->value("authority");
    const auto certificate = certificate_of(name);
    if (!certificate)
      objections_.push_back("the site has no certificate of authority " + name);
    else if (base64(*certificate) != step.done->value("certificate"))
      objections_.push_back("the site's certificate of authority " + name + " is not the one of the transcript");
  }

  void examine_export(const ceremony::Finished& step) {
    const auto& name = step.start->value("file");
    const auto file = site_->root / name;
    if (!std::filesystem::exists(file))
      notes_.push_back(name + " is not there any more");
    else if (hex(ceremony::sha256(read_file(file))) != step.done->value("file-digest"))
      objections_.push_back(name + " is not what was exported");
  }

  void examine_ledger() {
    if (!std::filesystem::exists(site_->state_database)) {
      notes_.emplace_back("this host has no database that could have recorded it");
      return;
    }
    store::Database database{site_->state_database};
    database.migrate(ceremony::schema());
    const auto known = attempt([&] {
      return database.read(
          [&](store::Transaction& t) { return ceremony::recognise(t, records_.front().value("ceremony"), records_); });
    });
    if (const auto* error = std::get_if<Error>(&known))
      objections_.emplace_back(error->what());
    else if (std::get<ceremony::Known>(known) == ceremony::Known::never_seen)
      notes_.emplace_back("this host recorded no such ceremony: it was held on another");
  }

  const VerifyOptions& options_;
  std::filesystem::path file_;
  std::vector<Record> records_;
  Mode mode_;
  std::optional<config::Site> site_;
  std::optional<ceremony::Plan> plan_;
  std::optional<quorum::Roster> roster_;
  Objections objections_;
  std::vector<std::string> notes_;
};

Exit verify_transcript(const VerifyOptions& o, World& world) {
  Examination examination{o, world};
  refusing([&] { examination.examine(); });
  if (o.json)
    examination.print_json(world.out);
  else
    examination.print(world.out, world.err);
  return examination.acceptable() ? Exit::ok : Exit::refused;
}

}  // namespace

void add_ceremony_verify(Tool& tool) {
  tool.verb<VerifyOptions>("ceremony verify", "Check a transcript without the tokens", declare, verify_transcript);
}

}  // namespace lamp::cli
