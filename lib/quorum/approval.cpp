#include "lib/quorum/approval.hpp"

#include <botan/pk_keys.h>
#include <botan/rng.h>

#include <algorithm>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"

namespace lamp::quorum {
namespace {

constexpr std::size_t kNonceLength = 16;

/// What an approval's protected header adds to COSE's own.
struct Terms {
  Instant expires;
  std::uint64_t roster_epoch;
  Bytes binding;
};

cbor::Reader required(ByteView header, std::int64_t label, const char* what) {
  const auto value = cbor::find(header, label);
  if (!value) throw Error{Errc::bad_input, std::string{"no "} + what + " in its protected header"};
  return cbor::Reader{*value};
}

Terms read_terms(ByteView header) {
  Terms terms{};
  if (required(header, kNonceHeader, "nonce").bytes().size() != kNonceLength)
    throw Error{Errc::bad_input, "its nonce is not 16 bytes"};
  terms.expires = from_unix_seconds(required(header, kExpiryHeader, "expiry").integer());
  terms.roster_epoch = required(header, kRosterEpochHeader, "roster epoch").unsigned_integer();
  if (const auto binding = cbor::find(header, kBindingHeader)) {
    const ByteView value = cbor::Reader{*binding}.bytes();
    terms.binding.assign(value.begin(), value.end());
  }
  return terms;
}

const Officer* officer_of(const Roster& roster, ByteView kid) {
  const auto& all = roster.officers;
  const auto it = std::find_if(all.begin(), all.end(), [&](const Officer& officer) {
    return equal_constant_time(cose::key_id(*roster.officer_key(officer)), kid);
  });
  return it == all.end() ? nullptr : &*it;
}

/// Counts approvals one by one.
class Counter {
 public:
  Counter(const Roster& roster, ByteView payload, std::string_view context, Instant now, ByteView binding)
      : roster_{roster}, payload_{payload}, context_{context}, now_{now}, binding_{binding} {}

  void count(ByteView approval) {
    const auto outcome = attempt([&] { return judge(approval); });
    if (const auto* error = std::get_if<Error>(&outcome))
      tally_.objections.push_back(std::string{"an approval is malformed: "} + error->what());
    else if (const auto& objection = std::get<std::string>(outcome); !objection.empty())
      tally_.objections.push_back(objection);
  }

  [[nodiscard]] Tally finish() && {
    for (const auto& officer : roster_.officers)
      if (!counted(officer.name)) tally_.missing.push_back(officer.name);
    return std::move(tally_);
  }

 private:
  [[nodiscard]] bool counted(const std::string& name) const {
    return std::find(tally_.approved.begin(), tally_.approved.end(), name) != tally_.approved.end();
  }

  /// Why the approval does not count; empty when it was counted.
  std::string judge(ByteView approval) {
    const auto message = cose::parse_sign1(approval);
    const Officer* officer = officer_of(roster_, message.kid);
    if (officer == nullptr) return "an approval is by a key that is not in roster " + roster_.name;
    // The signature first: nothing in the header is worth a message before it holds.
    const auto verdict = cose::verify1(message, *roster_.officer_key(*officer), payload_, context_);
    if (!verdict.acceptable())
      return "the approval of " + officer->name + " is not over these bytes: " + verdict.objections.front();
    const Terms terms = read_terms(message.protected_header);
    if (terms.roster_epoch != roster_.epoch)
      return "the approval of " + officer->name + " is for roster epoch " + std::to_string(terms.roster_epoch) +
             ", the roster has epoch " + std::to_string(roster_.epoch);
    if (terms.expires <= now_)
      return "the approval of " + officer->name + " expired at " + format_instant(terms.expires);
    if (!binding_.empty() && !equal_constant_time(terms.binding, binding_))
      return "the approval of " + officer->name + " was given to another request";
    if (counted(officer->name)) return officer->name + " approved more than once; that counts once";
    tally_.approved.push_back(officer->name);
    return {};
  }

  const Roster& roster_;
  ByteView payload_;
  std::string_view context_;
  Instant now_;
  ByteView binding_;
  Tally tally_;
};

}  // namespace

Bytes approve(const Botan::Private_Key& key, const Roster& roster, ByteView payload, std::string_view context,
              Instant expires, Botan::RandomNumberGenerator& rng, ByteView binding) {
  const auto public_key = guarded(Errc::unavailable, [&] { return key.public_key(); });
  if (officer_of(roster, cose::key_id(*public_key)) == nullptr)
    throw Error{Errc::denied, "this key is not an officer's in roster " + roster.name};
  Bytes nonce(kNonceLength);
  rng.randomize(nonce);
  cbor::MapWriter header;
  header.add(kNonceHeader, cbor::Writer{}.bytes(nonce));
  header.add(kExpiryHeader, cbor::Writer{}.integer(unix_seconds(expires)));
  header.add(kRosterEpochHeader, cbor::Writer{}.unsigned_integer(roster.epoch));
  if (!binding.empty()) header.add(kBindingHeader, cbor::Writer{}.bytes(binding));
  return cose::sign1(key, rng, payload, context, cose::Payload::detached, header.encoded());
}

Tally tally(const std::vector<Bytes>& approvals, const Roster& roster, ByteView payload, std::string_view context,
            Instant now, ByteView binding) {
  Counter counter{roster, payload, context, now, binding};
  for (const auto& approval : approvals) counter.count(approval);
  return std::move(counter).finish();
}

std::string describe_missing(const Tally& tally, std::uint64_t threshold) {
  const std::uint64_t wanted = threshold > tally.approved.size() ? threshold - tally.approved.size() : 0;
  static constexpr const char* kWords[] = {"none", "one", "two", "three", "four"};
  std::string names;
  for (const auto& name : tally.missing) names += (names.empty() ? "" : ", ") + name;
  if (wanted >= tally.missing.size()) return "missing " + names;
  return "missing " + (wanted < std::size(kWords) ? kWords[wanted] : std::to_string(wanted)) + " of " + names;
}

}  // namespace lamp::quorum
