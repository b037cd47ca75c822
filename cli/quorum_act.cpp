#include "cli/quorum_act.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>

#include <algorithm>

#include "cli/new_key.hpp"
#include "hsm/hybrid.hpp"
#include "lib/base/error.hpp"
#include "lib/base/lockdown.hpp"
#include "lib/quorum/anchor.hpp"

namespace lamp::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLabelPrefix = "act.";
constexpr auto kLifetime = std::chrono::days{7};

std::string act_name(const quorum::Roster& roster, const ActRequest& request) {
  return roster.name + "." + request.kind + "." + request.what;
}

void ask(std::ostream& out, const quorum::Act& act, const quorum::Roster& roster, const std::string& name) {
  for (const auto& line : quorum::describe(act, roster)) out << line << '\n';
  out << "act        SHA-256 " << hex(act.digest()) << "\nNext: " << roster.threshold
      << " officers run 'lamp-hsm quorum approve " << name << " --as NAME' before " << format_instant(act.expires)
      << "; then the same command does it.\n";
}

fs::path lock_file(const quorum::ActFiles& files) {
  const auto folder = files.site / "acts";
  guarded(Errc::unavailable, [&] { fs::create_directories(folder); });
  return folder / ("." + files.name + ".lock");
}

}  // namespace

quorum::Roster known_quorum(Host& host, const std::string& name) {
  auto roster = quorum::Roster::load(quorum::roster_file(host.site().root, name));
  host.database().migrate(quorum::schema());
  (void)host.database().read([&](store::Transaction& t) { return quorum::recognise(t, roster); });
  return roster;
}

QuorumAct::QuorumAct(Host& host, quorum::Roster roster, const ActRequest& request)
    : host_{host},
      roster_{std::move(roster)},
      files_{host.site().root, act_name(roster_, request)},
      lock_{lock_file(files_)} {
  find_or_write(request);
  handed_in_ = quorum::read_contributions(files_.directory() / "approvals");
  tally_ = quorum::tally(handed_in_.contributions, roster_, act_, host_.now());
}

void QuorumAct::find_or_write(const ActRequest& request) {
  if (!fs::exists(files_.act())) {
    write(request);
    return;
  }
  act_ = in_context(files_.act().string(), [&] { return quorum::Act::parse(read_file(files_.act())); });
  const bool done = host_.database().read([&](store::Transaction& t) { return quorum::was_done(t, act_); });
  if (done && !host_.token(kHostToken).has_key(session_label())) {
    throw Error{Errc::denied, "act " + files_.name + " was done before and is never done again; remove " +
                                  files_.directory().string()};
  }
  if (!done && still_holds(request)) return;
  put_away();
  if (done)
    state_ = State::done_before;
  else
    write(request);
}

bool QuorumAct::still_holds(const ActRequest& request) const {
  return act_.kind == request.kind && act_.what == request.what && act_.content == request.content &&
         act_.quorum == roster_.name && act_.roster_digest == roster_.digest() && host_.now() < act_.expires;
}

std::string QuorumAct::session_label() const { return kLabelPrefix + hex(act_.nonce); }

// The file comes last: without it the act counts as not asked for, and its key goes with the next one.
void QuorumAct::write(const ActRequest& request) {
  state_ = State::asked_for;
  auto& host = host_.token(kHostToken);
  act_ = {request.kind, roster_.name, request.what, request.content, {}, roster_.digest(),
          Bytes(16),    host_.now(),  {},           account_name()};
  act_.expires = act_.requested + kLifetime;
  host_.world().rng.randomize(act_.nonce);
  drop_session_keys();
  (void)attest_token(host_, host.info(), "other");
  host.generate_key(hsm::KeyKind::p256, hsm::KeyUse::agree, session_label());
  act_.session_point = host.agreement_key(session_label())->public_point();
  host_.record(
      {account_name(), "quorum.act", files_.name, {{"act", hex(act_.digest())}, {"roster", hex(act_.roster_digest)}}});
  publish(files_.act(), ByteView{act_.encode()});
}

/// Keys of acts that are no more.
void QuorumAct::drop_session_keys() {
  std::vector<std::string> needed;
  const auto folder = host_.site().root / "acts";
  for (const auto& entry : fs::directory_iterator{folder}) {
    if (!fs::exists(entry.path() / "act.cbor")) continue;
    const auto other = attempt([&] { return quorum::Act::parse(read_file(entry.path() / "act.cbor")); });
    if (const auto* act = std::get_if<quorum::Act>(&other)) needed.push_back(kLabelPrefix + hex(act->nonce));
  }
  auto& host = host_.token(kHostToken);
  for (const auto& key : host.keys())
    if (key.label.starts_with(kLabelPrefix) && std::ranges::find(needed, key.label) == needed.end())
      host.destroy_key(key.label);
}

bool QuorumAct::approved() {
  auto& world = host_.world();
  if (state_ == State::asked_for) {
    ask(world.out, act_, roster_, files_.name);
    return false;
  }
  if (state_ == State::done_before) {
    world.out << "A run before this one had done it; its files are put away now.\n";
    return false;
  }
  for (const auto& why : handed_in_.unreadable) tally_.objections.push_back(why);
  for (const auto& objection : tally_.objections)
    world.err << "quorum " << roster_.name << ": not counted: " << objection << '\n';
  if (tally_.reaches(roster_.threshold)) return true;
  world.err << "quorum " << roster_.name << ": refused: " << tally_.approved.size() << " of " << roster_.threshold
            << " approvals of act " << files_.name << "; " << quorum::describe_missing(tally_, roster_.threshold)
            << '\n';
  return false;
}

bool QuorumAct::used_up() const {
  if (done_before()) return false;
  const quorum::DealingFiles files{host_.site().root, roster_.name};
  return equal_constant_time(quorum::Dealing::load(files.current, roster_).occasion, act_.digest());
}

crypto::AgreementKey& QuorumAct::session_key() {
  if (session_key_ == nullptr) session_key_ = host_.token(kHostToken).agreement_key(session_label());
  return *session_key_;
}

hsm::QuorumSession& QuorumAct::open(const quorum::Roster* next) {
  const auto& place = host_.site().token(roster_.token_label);
  const bool hybrid = quorum::renews_hybrid_key(act_, roster_);
  if (hybrid) lock_down_for_hybrid();
  session_ = hsm::DealtPin{}.open_session({host_.site().root,
                                           roster_,
                                           {place.module, place.uri, place.module_init},
                                           act_.digest(),
                                           session_key(),
                                           handed_in_.contributions,
                                           tally_.approved,
                                           how_to_approve(),
                                           next,
                                           hybrid ? hsm::HybridKey::used : hsm::HybridKey::untouched});
  if (session_->wrong_tries_seen())
    host_.world().err << "quorum " << roster_.name
                      << ": warning: its token reports wrong PIN tries: somebody tried to get "
                      << "in without the quorum\n";
  return *session_;
}

std::string QuorumAct::how_to_approve() const { return "lamp-hsm quorum approve " + files_.name + " --as NAME"; }

/// Every module and PIN that this takes, before the process can no longer start a helper.
void QuorumAct::lock_down_for_hybrid() {
  (void)session_key();
  (void)host_.public_token(roster_.token_label);
  lock_down();
}

std::unique_ptr<Botan::Private_Key> QuorumAct::hybrid_key(const quorum::DealtHybrid& dealt) {
  lock_down_for_hybrid();
  return hsm::combine_hybrid_key({host_.site().root, roster_, dealt, act_.digest(), session_key(),
                                  handed_in_.contributions, tally_.approved, how_to_approve()});
}

void QuorumAct::finish(audit::Event event, const std::function<void(store::Transaction&)>& also) {
  event.details.insert(event.details.begin(), {{"act", hex(act_.digest())}, {"roster", hex(act_.roster_digest)}});
  for (const auto& officer : tally_.approved) event.details.emplace_back("officer", officer);
  host_.database().write([&](store::Transaction& t) {
    if (also) also(t);
    quorum::record_done(t, act_, host_.now());
    audit::record(t, event, host_.now(), host_.world().rng);
  });
  put_away();
}

// The key goes last: while it is there, an act that was done and lies here still was left by a run that was cut short.
void QuorumAct::put_away() {
  session_.reset();
  session_key_.reset();
  const auto to = host_.site().root / "acts" / "done" / (files_.name + "." + hex(act_.digest()).substr(0, 16));
  guarded(Errc::unavailable, [&] {
    fs::create_directories(to.parent_path());
    fs::remove_all(to);
    fs::rename(files_.directory(), to);
  });
  drop_session_keys();
}

}  // namespace lamp::cli
