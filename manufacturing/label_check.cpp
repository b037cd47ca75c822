#include "manufacturing/label_check.hpp"

namespace lamp::manufacturing {
namespace {

void compare(Verdict& verdict, std::string_view field, const std::string& label, const std::string& journal) {
  if (label != journal)
    verdict.objections.push_back(std::string{field} + ": the label says " + label + ", the journal " + journal);
}

}  // namespace

Verdict judge_label(const binding::Label& scanned, const Unit& unit) {
  Verdict verdict;
  compare(verdict, "serial number", scanned.serial, unit.serial);
  compare(verdict, "model", scanned.model, unit.model);
  compare(verdict, "address", scanned.mac.text(), unit.mac.text());
  const bool has_verifier = !unit.claim_verifier.empty();
  if (scanned.claim_code.has_value() != has_verifier)
    verdict.objections.emplace_back(has_verifier ? "claim code: the device has one, the label has none"
                                                 : "claim code: the label has one, the device has none");
  else if (has_verifier &&
           binding::check(*scanned.claim_code, {unit.claim_salt, unit.claim_verifier}) != binding::ClaimCheck::right)
    verdict.objections.emplace_back("claim code: not the one that the device was given");
  if (unit.state != UnitState::done)
    verdict.objections.push_back("state: the device is " + std::string{name_of(unit.state)} + ", not done");
  return verdict;
}

}  // namespace lamp::manufacturing
