#include "hsm/ceremony_verify.hpp"

#include <botan/x509_key.h>
#include <botan/x509cert.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/base/parse.hpp"

namespace lamp::ceremony {
namespace {

std::string named(const Record& r) {
  return "record " + std::to_string(r.number) + " (" + std::string{text(r.kind)} +
         (r.step == 0 ? "" : " of step " + std::to_string(r.step)) + ")";
}

/// Which record may follow which.
class Order {
 public:
  explicit Order(std::uint64_t steps) : steps_{steps} {}

  /// Why the record may not stand here; empty when it may.
  std::string follow(const Record& r) {
    if (ended_) return named(r) + " stands after the end";
    const bool whole = r.kind == Kind::begin || r.kind == Kind::resumed || r.kind == Kind::end;
    if (r.step != (whole ? 0 : finished_ + 1))
      return named(r) + " is out of place: step " + std::to_string(finished_ + 1) + " was next";
    switch (r.kind) {
      case Kind::begin: return {};
      case Kind::resumed: open_ = false; return {};
      case Kind::start: return enter(r);
      case Kind::failed: return leave(r);
      case Kind::done: ++finished_; return leave(r);
      case Kind::end: return end(r);
    }
    return named(r) + " is of an unknown kind";
  }

  [[nodiscard]] std::string at_end() const {
    if (ended_) return {};
    return "the ceremony is not over, or its transcript was cut: " + std::to_string(finished_) + " of " +
           std::to_string(steps_) + " steps are finished";
  }

 private:
  std::string enter(const Record& r) {
    if (open_) return named(r) + " stands where that step was begun already";
    if (r.step > steps_) return named(r) + " is of a step that the beginning does not announce";
    open_ = true;
    return {};
  }
  std::string leave(const Record& r) {
    const bool was_open = std::exchange(open_, false);
    return was_open ? std::string{} : named(r) + " has no start";
  }
  std::string end(const Record& r) {
    ended_ = true;
    if (open_ || finished_ != steps_)
      return named(r) + " stands after " + std::to_string(finished_) + " of " + std::to_string(steps_) + " steps";
    return {};
  }

  std::uint64_t steps_;
  std::uint64_t finished_ = 0;
  bool open_ = false, ended_ = false;
};

std::uint64_t steps_of(const Record& begin) {
  const auto& number = begin.value("steps");
  return in_context("record 0", [&] { return parse_number(number, "steps", 1, 500); });
}

/// What the transcript has said so far about keys and certificates.
class Evidence {
 public:
  Evidence(const KnownCertificate& known, Objections& objections) : known_{known}, objections_{objections} {}

  void take(const Finished& step) {
    const auto& kind = step.start->value("do");
    if (kind == "generate-key")
      keys_[{step.start->value("token"), step.start->value("key")}] = from_base64(step.done->value("public-key"));
    if (kind == "create-authority") certify(step);
  }

 private:
  void object(const Record& r, const std::string& why) { objections_.push_back(named(r) + ": " + why); }

  void certify(const Finished& step) {
    const auto& authority = step.start->value("authority");
    const auto der = from_base64(step.done->value("certificate"));
    if (hex(sha256(der)) != step.done->value("certificate-digest"))
      object(*step.done, "the digest is not that of the certificate");
    const auto certificate = guarded(Errc::bad_input, [&] { return Botan::X509_Certificate{der}; });
    const auto own = Botan::X509::BER_encode(*certificate.subject_public_key());
    if (own != from_base64(step.done->value("public-key")))
      object(*step.done, "the certificate is for another key than the one recorded");
    const auto made = keys_.find({step.done->value("token"), authority});
    if (made != keys_.end() && made->second != own)
      object(*step.done, "the certificate is for another key than the one that was made");
    require_issuer(step, certificate);
    certificates_[authority] = der;
  }

  /// The issuer's certificate as the transcript has it, which must be the one that others know.
  std::optional<Bytes> certificate_of_issuer(const Finished& step) {
    const auto* issuer = step.start->find("issuer");
    if (issuer == nullptr) return std::nullopt;
    auto recorded = from_base64(step.done->value("issuer-certificate"));
    const auto made = certificates_.find(*issuer);
    const auto other = made != certificates_.end() ? std::optional{made->second} : known_(*issuer);
    if (other && *other != recorded) object(*step.done, "it names another certificate of its issuer " + *issuer);
    return recorded;
  }

  void require_issuer(const Finished& step, const Botan::X509_Certificate& certificate) {
    const auto issuer = certificate_of_issuer(step);
    const auto signer =
        issuer ? guarded(Errc::bad_input, [&] { return Botan::X509_Certificate{*issuer}; }) : certificate;
    if (certificate.raw_issuer_dn() != signer.raw_subject_dn() ||
        !certificate.check_signature(*signer.subject_public_key()))
      object(*step.done,
             issuer ? "the certificate is not signed by its issuer" : "the certificate does not sign itself");
  }

  const KnownCertificate& known_;
  Objections& objections_;
  std::map<std::pair<std::string, std::string>, Bytes> keys_;
  std::map<std::string, Bytes> certificates_;
};

}  // namespace

Objections judge_records(const std::vector<Record>& records, Expect expect) {
  const auto& begin = records.front();
  const auto mode = mode_of(begin);
  const auto people = people_of(begin);
  Order order{steps_of(begin)};
  Objections objections;
  for (const auto& record : records) {
    if (auto why = order.follow(record); !why.empty()) objections.push_back(std::move(why));
    for (auto& why : judge_signatures(record, people, mode)) objections.push_back(std::move(why));
  }
  if (auto why = order.at_end(); expect == Expect::whole && !why.empty()) objections.push_back(std::move(why));
  return objections;
}

Objections judge_people(const Record& begin, const std::map<std::string, Bytes>& vouched) {
  Objections objections;
  for (const auto& person : people_of(begin)) {
    const auto found = vouched.find(person.name);
    if (found == vouched.end())
      objections.push_back("nobody vouches for the key of " + person.name +
                           "; give --anchor, or a roster that names everybody");
    else if (found->second != person.public_key)
      objections.push_back("the key that signed as " + person.name + " is not " + person.name + "'s");
  }
  return objections;
}

Objections judge_plan(const std::vector<Record>& records, const Plan& plan) {
  const auto& begin = records.front();
  if (begin.value("steps-digest") != hex(plan.digest))
    return {"the steps that were run had digest " + begin.value("steps-digest") + ", these have " + hex(plan.digest)};
  Objections objections;
  auto people = plan.people();
  std::vector<std::string> signers;
  for (const auto& person : people_of(begin)) signers.push_back(person.name);
  if (signers != people) objections.emplace_back("the people who signed are not the conductor and witnesses named");
  if (begin.value("ceremony") != plan.name) objections.emplace_back("it is of another ceremony");
  if (begin.value("steps") != std::to_string(plan.steps.size()))
    objections.emplace_back("the beginning announces another number of steps");
  for (const auto& record : records) {
    if (record.kind != Kind::start || record.step == 0 || record.step > plan.steps.size()) continue;
    const auto fields = plan.steps[record.step - 1].fields();
    const bool same =
        record.details.size() >= fields.size() && std::equal(fields.begin(), fields.end(), record.details.begin());
    if (!same) objections.push_back(named(record) + " is not the step in the file");
  }
  return objections;
}

std::vector<Finished> finished_steps(const std::vector<Record>& records) {
  std::vector<Finished> steps;
  const Record* start = nullptr;
  for (const auto& record : records) {
    if (record.kind == Kind::start) start = &record;
    if (record.kind == Kind::done && start != nullptr) steps.push_back({start, &record});
  }
  return steps;
}

Objections judge_certificates(const std::vector<Record>& records, const KnownCertificate& known) {
  Objections objections;
  Evidence evidence{known, objections};
  for (const auto& step : finished_steps(records)) {
    const auto taken = attempt([&] {
      evidence.take(step);
      return true;
    });
    if (const auto* error = std::get_if<Error>(&taken)) objections.push_back(named(*step.done) + ": " + error->what());
  }
  return objections;
}

}  // namespace lamp::ceremony
