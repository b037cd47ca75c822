// What officers and the host of a quorum hand each other: rosters, dealings, renewals, acts, contributions.
#include "lib/quorum/act.hpp"
#include "lib/quorum/contribution.hpp"
#include "lib/quorum/dealing.hpp"
#include "lib/quorum/roster.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace lamp;
  const ByteView input{data, size};
  const auto same = [&](const Bytes& again) {
    fuzz::require(std::equal(again.begin(), again.end(), input.begin(), input.end()), "one value has two encodings");
  };
  if (const auto act = fuzz::read([&] { return quorum::Act::parse(input); })) {
    same(act->encode());
    (void)fuzz::read([&] { return quorum::describe(*act, quorum::Roster{}); });
  }
  if (const auto handed_in = fuzz::read([&] { return quorum::Contribution::parse(input); })) same(handed_in->encode());

  const std::string text{fuzz::text(input)};
  const auto again = [](const auto& value) {
    using Value = std::decay_t<decltype(value)>;
    const auto reread = fuzz::read([&] { return Value::parse(value.yaml(), "again.yaml"); });
    fuzz::require(reread && reread->yaml() == value.yaml(), "a file does not come back");
  };
  if (const auto roster = fuzz::read([&] { return quorum::Roster::parse(text, "fuzz.yaml"); })) {
    again(*roster);
    (void)fuzz::read([&] { return quorum::check_founding(*roster).acceptable(); });
  }
  if (const auto dealing = fuzz::read([&] { return quorum::Dealing::parse(text, "fuzz.yaml"); })) again(*dealing);
  if (const auto renewal = fuzz::read([&] { return quorum::Renewal::parse(text, "fuzz.yaml"); })) again(*renewal);
  return 0;
}
