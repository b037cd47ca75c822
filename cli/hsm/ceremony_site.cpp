// Whether a plan fits the site: everything that can be refused before anything is touched.
#include <algorithm>
#include <set>

#include "cli/ca/site_authority.hpp"
#include "cli/hsm/ceremony.hpp"
#include "lib/base/error.hpp"

namespace lamp::cli {
namespace {

using ceremony::Plan;
using ceremony::Step;

/// Goes through the steps in order and remembers what those before have made.
class Fitting {
 public:
  explicit Fitting(const config::Site& site) : site_{site} {}

  void operator()(const ceremony::Note&) {}
  void operator()(const ceremony::UseToken& s) { (void)site_.token(s.token); }
  void operator()(const ceremony::GenerateKey& s) {
    (void)site_.token(s.token);
    for (const auto& made : authorities_)
      if (made == s.key && authority_token(site_, made) == s.token)
        throw Error{Errc::bad_input, "the step that created authority " + made + " made its key already"};
    keys_.emplace_back(s);
  }
  void operator()(const ceremony::CheckKey& s) { (void)site_.token(s.token); }
  void operator()(const ceremony::PublishCrl& s) { require_authority(s.authority); }
  void operator()(const ceremony::Export& s) { require_thing(s.what); }
  void operator()(const ceremony::Confirm& s) { require_thing(s.what); }
  void operator()(const ceremony::CreateAuthority& s) {
    const auto& token = authority_token(site_, s.authority);
    const auto profile = load_profile(site_, s.profile);
    if (!profile.authority) throw Error{Errc::bad_input, "profile " + s.profile + " is no authority's"};
    if (!s.issuer.empty()) require_authority(s.issuer);
    const auto kind = profile.key.kind == pki::KeyKind::p384 ? hsm::KeyKind::p384 : hsm::KeyKind::p256;
    const auto use = profile.key.use == pki::KeyUse::sign_with_pin ? hsm::KeyUse::sign_with_pin : hsm::KeyUse::sign;
    for (const auto& key : keys_)
      if (key.token == token && key.key == s.authority && (key.kind != kind || key.use != use))
        throw Error{Errc::bad_input, "profile " + s.profile + " wants a key of kind " + std::string{hsm::text(kind)} +
                                         " for " + std::string{hsm::text(use)} + "; the step that makes key " +
                                         key.key + " makes another"};
    authorities_.insert(s.authority);
  }

 private:
  void require_authority(const std::string& name) {
    (void)authority_token(site_, name);
    if (!authorities_.contains(name)) (void)authority_chain(site_, name);
  }
  void require_thing(const ceremony::Thing& thing) {
    if (thing.certificate.empty())
      (void)site_.token(thing.token);
    else
      require_authority(thing.certificate);
  }

  const config::Site& site_;
  std::vector<ceremony::GenerateKey> keys_;
  std::set<std::string> authorities_;
};

}  // namespace

std::filesystem::path ceremony_file(const config::Site& site, const std::string& name, const std::string& file) {
  return site.root / "ceremonies" / name / file;
}

void require_fitting(const Plan& plan, const config::Site& site) {
  for (const auto& name : plan.people()) (void)site.person(name);
  Fitting fitting{site};
  for (const auto& step : plan.steps) in_context(step.place, [&] { std::visit(fitting, step.action); });
}

}  // namespace lamp::cli
