#include "hsm/probe.hpp"

#include <algorithm>

#include "hsm/probing/bench.hpp"
#include "hsm/token.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

// The module's own word for what it refuses is the answer here; advice for users of keys is not.
std::string shortened(const std::string& message) {
  const auto code = message.find("CKR");
  if (code == std::string::npos) return message;
  return message.substr(0, message.find(": ", code));
}

Finding run(probing::Bench& bench, const probing::Try& each) {
  using Answer = std::pair<Outcome, std::string>;
  const auto tried = attempt([&] { return guarded(Errc::unavailable, [&]() -> Answer { return each.run(bench); }); });
  if (const auto* answer = std::get_if<Answer>(&tried)) return {each.name, each.what, answer->first, answer->second};
  return {each.name, each.what, Outcome::missing, shortened(std::get<Error>(tried).what())};
}

}  // namespace

std::string_view text(Outcome outcome) noexcept {
  switch (outcome) {
    case Outcome::works: return "works";
    case Outcome::missing: return "missing";
    case Outcome::unsafe: return "unsafe";
    case Outcome::note: return "note";
  }
  return "";
}

bool works(const std::vector<Finding>& findings, std::string_view name) {
  const auto found = std::ranges::find(findings, name, &Finding::name);
  return found != findings.end() && found->outcome == Outcome::works;
}

std::vector<Finding> Token::probe(const std::set<std::string>& only) {
  impl_->connection->require_login();
  probing::Bench bench{*impl_->connection};
  std::vector<Finding> findings;
  for (const auto& tries : {probing::ec_tries(), probing::rsa_tries(), probing::rule_tries(), probing::limit_tries()}) {
    for (const auto& each : tries) {
      if (only.empty() || only.contains(each.name)) findings.push_back(run(bench, each));
    }
  }
  return findings;
}

}  // namespace lamp::hsm
