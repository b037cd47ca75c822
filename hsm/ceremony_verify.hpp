// Whether a transcript can be believed, without the tokens. Every function gives what it objects to; parse_records()
// has checked the chain before.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "hsm/ceremony_transcript.hpp"

namespace lamp::ceremony {

using Objections = std::vector<std::string>;

enum class Expect { whole, unfinished };  ///< unfinished: one that is to be gone on with may lack its end

/// The order of records and every signature, by the keys that the begin record names.
[[nodiscard]] Objections judge_records(const std::vector<Record>& records, Expect expect = Expect::whole);

/// That the keys are these people's: name to SubjectPublicKeyInfo DER.
[[nodiscard]] Objections judge_people(const Record& begin, const std::map<std::string, Bytes>& vouched);

/// That the records are those of this plan, each step there as it is in the file.
[[nodiscard]] Objections judge_plan(const std::vector<Record>& records, const Plan& plan);

/// The certificate (DER) of an authority that the transcript did not make, where somebody has it.
using KnownCertificate = std::function<std::optional<Bytes>(const std::string& authority)>;

/// That every certificate is for the key that was made and signed by its issuer's key.
[[nodiscard]] Objections judge_certificates(const std::vector<Record>& records, const KnownCertificate& known);

/// A finished step: its fields as they were when it was started, and its result.
struct Finished {
  const Record* start;
  const Record* done;
};
[[nodiscard]] std::vector<Finished> finished_steps(const std::vector<Record>& records);

}  // namespace lamp::ceremony
