#include "hsm/ceremony_plan.hpp"

#include <botan/hash.h>

#include <algorithm>
#include <map>
#include <set>

#include "hsm/token_policy.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::ceremony {
namespace {

using config::Node;

constexpr std::uint64_t kLargestFile = 1U << 20U;
constexpr std::size_t kMostSteps = 500;
constexpr std::size_t kMostPeople = 16;

template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

std::string name_at(const Node& node, std::string_view key, const char* what) {
  const auto value = node.at(key);
  in_context(value.place(), [&] { require_name(value.text(), what); });
  return value.text();
}

/// One line for the terminal: nothing in it may move the cursor.
std::string line_at(const Node& node) {
  const auto text = node.text();
  if (std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }))
    node.refuse("one line without control characters is expected");
  return text;
}

template <class T>
T choice_at(const Node& node, std::optional<T> (*parse)(std::string_view) noexcept, const char* what) {
  const auto found = parse(node.text());
  if (!found) node.refuse("'" + node.text() + "' is no " + what + "; see lamp-ceremony(5)");
  return *found;
}

template <class T>
std::vector<T> choices_at(const Node& node, std::string_view key, std::optional<T> (*parse)(std::string_view) noexcept,
                          const char* what) {
  std::vector<T> list;
  const auto found = node.find(key);
  if (!found) return list;
  for (const auto& item : found->items()) {
    list.push_back(choice_at(item, parse, what));
    if (std::ranges::count(list, list.back()) > 1) item.refuse("'" + item.text() + "' stands there twice");
  }
  return list;
}

Step::Action read_note(const Node& node) {
  node.only({"do", "by", "text"});
  return Note{line_at(node.at("text"))};
}

Step::Action read_token(const Node& node) {
  node.only({"do", "by", "token", "label", "manufacturer", "model", "initialise", "so-pin-file"});
  const auto line_or_none = [&](std::string_view key) {
    const auto value = node.find(key);
    return value ? line_at(*value) : std::string{};
  };
  UseToken use;
  use.token = name_at(node, "token", "token");
  use.label = line_or_none("label");
  use.manufacturer = line_or_none("manufacturer");
  use.model = line_or_none("model");
  use.initialise = node.find("initialise") && node.at("initialise").boolean();
  use.so_pin_file = line_or_none("so-pin-file");
  if (!use.so_pin_file.empty() && !use.initialise)
    node.at("so-pin-file").refuse("there is an SO PIN to keep only with 'initialise: true'");
  return use;
}

std::string role_at(const Node& node) {
  const auto role = node.find("role");
  if (!role) return "other";
  const auto known = attempt([&] {
    hsm::require_role(role->text());
    return true;
  });
  if (const auto* error = std::get_if<Error>(&known)) role->refuse(error->what());
  return role->text();
}

Step::Action read_generate_key(const Node& node) {
  node.only({"do", "by", "token", "key", "kind", "use", "role"});
  return GenerateKey{name_at(node, "token", "token"), name_at(node, "key", "key label"),
                     choice_at(node.at("kind"), hsm::parse_key_kind, "kind of key"),
                     choice_at(node.at("use"), hsm::parse_key_use, "use of a key"), role_at(node)};
}

Step::Action read_check(const Node& node) {
  node.only({"do", "by", "token", "key", "expect", "refuses"});
  CheckKey check{name_at(node, "token", "token"), name_at(node, "key", "key label"),
                 choices_at(node, "expect", hsm::parse_claim, "attribute to expect"),
                 choices_at(node, "refuses", hsm::parse_forbidden, "thing to refuse")};
  if (check.expect.empty() && check.refuses.empty()) node.refuse("a check that checks nothing");
  return check;
}

Step::Action read_create_authority(const Node& node) {
  node.only({"do", "by", "authority", "profile", "issuer"});
  CreateAuthority create{name_at(node, "authority", "authority"), name_at(node, "profile", "profile"),
                         node.find("issuer") ? name_at(node, "issuer", "authority") : std::string{}};
  if (create.issuer == create.authority) node.at("issuer").refuse("an authority that signs itself has no issuer here");
  return create;
}

Step::Action read_publish_crl(const Node& node) {
  node.only({"do", "by", "authority"});
  return PublishCrl{name_at(node, "authority", "authority")};
}

Thing read_thing(const Node& node) {
  const bool certificate = node.find("certificate").has_value();
  if (certificate == node.find("key").has_value())
    node.refuse("either 'certificate', or 'token' and 'key', is expected");
  if (!certificate) return {{}, name_at(node, "token", "token"), name_at(node, "key", "key label")};
  if (node.find("token")) node.at("token").refuse("a certificate is named by its authority alone");
  return {name_at(node, "certificate", "authority"), {}, {}};
}

Step::Action read_export(const Node& node) {
  node.only({"do", "by", "certificate", "token", "key", "file"});
  Export out{read_thing(node), line_at(node.at("file"))};
  const std::filesystem::path path{out.file};
  const bool leaves = std::ranges::any_of(path, [](const auto& part) { return part == ".."; });
  if (path.is_absolute() || leaves || !path.has_filename())
    node.at("file").refuse("a file below the site's folder is expected, without '..'");
  return out;
}

Step::Action read_confirm(const Node& node) {
  node.only({"do", "by", "certificate", "token", "key"});
  if (!node.find("by")) node.refuse("'by' is expected: who confirms");
  return Confirm{read_thing(node)};
}

Step::Action read_action(const Node& node) {
  static const std::map<std::string, Step::Action (*)(const Node&), std::less<>> kinds{
      {"note", read_note},
      {"token", read_token},
      {"generate-key", read_generate_key},
      {"check", read_check},
      {"export", read_export},
      {"create-authority", read_create_authority},
      {"confirm", read_confirm},
      {"publish-crl", read_publish_crl}};
  const auto kind = node.at("do");
  const auto found = kinds.find(kind.text());
  if (found != kinds.end()) return found->second(node);
  std::string names;
  for (const auto& [name, read] : kinds) names += (names.empty() ? "" : ", ") + name;
  kind.refuse("no step '" + kind.text() + "'; there are: " + names);
}

std::string key_name(const std::string& token, const std::string& key) { return "key " + key + " in token " + token; }

/// What a step brings into being; empty when nothing.
std::string made_by(const Step& step) {
  return std::visit(
      Overloaded{[](const UseToken& s) { return s.initialise ? "token " + s.token : std::string{}; },
                 [](const GenerateKey& s) { return key_name(s.token, s.key); },
                 [](const CreateAuthority& s) { return "authority " + s.authority; },
                 [](const Export& s) { return "file " + std::filesystem::path{s.file}.lexically_normal().string(); },
                 [](const auto&) { return std::string{}; }},
      step.action);
}

std::vector<std::string> used_by(const Thing& thing) {
  if (!thing.certificate.empty()) return {"authority " + thing.certificate};
  return {"token " + thing.token, key_name(thing.token, thing.key)};
}

/// What must be there before a step.
std::vector<std::string> used_by(const Step& step) {
  using Names = std::vector<std::string>;
  return std::visit(
      Overloaded{[](const UseToken& s) { return s.initialise ? Names{} : Names{"token " + s.token}; },
                 [](const GenerateKey& s) { return Names{"token " + s.token}; },
                 [](const CheckKey& s) { return Names{"token " + s.token, key_name(s.token, s.key)}; },
                 [](const CreateAuthority& s) { return s.issuer.empty() ? Names{} : Names{"authority " + s.issuer}; },
                 [](const PublishCrl& s) { return Names{"authority " + s.authority}; },
                 [](const Export& s) { return used_by(s.what); }, [](const Confirm& s) { return used_by(s.what); },
                 [](const Note&) { return Names{}; }},
      step.action);
}

[[noreturn]] void refuse_at(const Step& step, const std::string& why) {
  throw Error{Errc::bad_input, step.place + ": " + why};
}

void require_order(const std::vector<Step>& steps) {
  std::map<std::string, std::size_t> makers;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const auto made = made_by(steps[i]);
    if (made.empty()) continue;
    const auto [first, fresh] = makers.emplace(made, i);
    if (!fresh) refuse_at(steps[i], made + " is made in step " + std::to_string(first->second + 1) + " already");
  }
  for (std::size_t i = 0; i < steps.size(); ++i)
    for (const auto& used : used_by(steps[i]))
      if (const auto maker = makers.find(used); maker != makers.end() && maker->second > i)
        refuse_at(steps[i], used + " is made only in step " + std::to_string(maker->second + 1));
}

void read_people(Plan& plan, const Node& root) {
  plan.conductor = name_at(root, "conductor", "person");
  const auto witnesses = root.at("witnesses");
  for (const auto& item : witnesses.items()) {
    in_context(item.place(), [&] { require_name(item.text(), "person"); });
    const auto so_far = plan.people();
    if (std::ranges::find(so_far, item.text()) != so_far.end()) item.refuse(item.text() + " stands there twice");
    plan.witnesses.push_back(item.text());
  }
  if (plan.witnesses.empty() || plan.witnesses.size() >= kMostPeople) witnesses.refuse("expected 1 to 15 witnesses");
}

Step read_step(const Node& node, const Plan& plan) {
  Step step{read_action(node), plan.conductor, node.place()};
  if (const auto by = node.find("by")) {
    const auto people = plan.people();
    step.by = by->text();
    if (std::ranges::find(people, step.by) == people.end())
      by->refuse(step.by + " is neither the conductor nor a witness of this ceremony");
  }
  return step;
}

template <class List>
std::string joined(const List& list) {
  std::string text;
  for (const auto each : list) text += (text.empty() ? "" : ", ") + std::string{hsm::text(each)};
  return text;
}

void add_thing(Details& fields, const Thing& thing) {
  if (!thing.certificate.empty()) {
    fields.emplace_back("certificate", thing.certificate);
  } else {
    fields.emplace_back("token", thing.token);
    fields.emplace_back("key", thing.key);
  }
}

void add_given(Details& fields, const char* name, const std::string& value) {
  if (!value.empty()) fields.emplace_back(name, value);
}

Details fields_of(const Step::Action& action) {
  Details f;
  std::visit(Overloaded{[&](const Note& s) { f = {{"text", s.text}}; },
                        [&](const UseToken& s) {
                          f = {{"token", s.token}};
                          add_given(f, "label", s.label);
                          add_given(f, "manufacturer", s.manufacturer);
                          add_given(f, "model", s.model);
                          add_given(f, "initialise", s.initialise ? "true" : "");
                          add_given(f, "so-pin-file", s.so_pin_file);
                        },
                        [&](const GenerateKey& s) {
                          f = {{"token", s.token},
                               {"key", s.key},
                               {"kind", std::string{hsm::text(s.kind)}},
                               {"use", std::string{hsm::text(s.use)}}};
                        },
                        [&](const CheckKey& s) {
                          f = {{"token", s.token}, {"key", s.key}};
                          add_given(f, "expect", joined(s.expect));
                          add_given(f, "refuses", joined(s.refuses));
                        },
                        [&](const CreateAuthority& s) {
                          f = {{"authority", s.authority}, {"profile", s.profile}};
                          add_given(f, "issuer", s.issuer);
                        },
                        [&](const PublishCrl& s) { f = {{"authority", s.authority}}; },
                        [&](const Export& s) {
                          add_thing(f, s.what);
                          f.emplace_back("file", s.file);
                        },
                        [&](const Confirm& s) { add_thing(f, s.what); }},
             action);
  return f;
}

std::string what_of(const Step::Action& action) {
  return std::visit(
      Overloaded{[](const Note& s) { return s.text; },
                 [](const UseToken& s) {
                   return (s.initialise ? "initialise token " : "token ") + s.token +
                          (s.initialise ? "" : " is the right one");
                 },
                 [](const GenerateKey& s) {
                   return "make " + key_name(s.token, s.key) + ": " + std::string{hsm::text(s.kind)} + ", " +
                          std::string{hsm::text(s.use)} + ", role " + s.role;
                 },
                 [](const CheckKey& s) {
                   const auto refuses = joined(s.refuses);
                   return "check " + key_name(s.token, s.key) + ": " + joined(s.expect) +
                          (refuses.empty() ? "" : "; try " + refuses);
                 },
                 [](const CreateAuthority& s) {
                   return "create authority " + s.authority + " by profile " + s.profile + ", signed by " +
                          (s.issuer.empty() ? "itself" : s.issuer);
                 },
                 [](const PublishCrl& s) { return "publish the revocation list of " + s.authority; },
                 [](const Export& s) { return "write " + s.what.text() + " to " + s.file; },
                 [](const Confirm& s) { return "read the digest of " + s.what.text() + " aloud and confirm it"; }},
      action);
}

}  // namespace

Bytes sha256(ByteView bytes) { return Botan::HashFunction::create_or_throw("SHA-256")->process<Bytes>(bytes); }

std::string Thing::text() const {
  return certificate.empty() ? "public " + key_name(token, key) : "certificate of " + certificate;
}

std::string Step::kind() const {
  static constexpr const char* kNames[] = {"note",        "token",  "generate-key", "check", "create-authority",
                                           "publish-crl", "export", "confirm"};
  return kNames[action.index()];
}

std::string Step::what() const { return what_of(action); }

Details Step::fields() const {
  Details all{{"do", kind()}, {"by", by}};
  for (auto& field : fields_of(action)) all.push_back(std::move(field));
  return all;
}

std::vector<std::string> Plan::people() const {
  std::vector<std::string> all{conductor};
  all.insert(all.end(), witnesses.begin(), witnesses.end());
  return all;
}

Plan Plan::parse(std::string text, const std::string& name) {
  const auto root = Node::parse(text, name);
  root.only({"ceremony", "purpose", "conductor", "witnesses", "steps"});
  Plan plan;
  plan.name = name_at(root, "ceremony", "ceremony");
  plan.purpose = line_at(root.at("purpose"));
  read_people(plan, root);
  const auto steps = root.at("steps");
  for (const auto& item : steps.items()) plan.steps.push_back(read_step(item, plan));
  if (plan.steps.empty() || plan.steps.size() > kMostSteps) steps.refuse("expected 1 to 500 steps");
  require_order(plan.steps);
  plan.digest = sha256(as_bytes(text));
  plan.text = std::move(text);
  return plan;
}

Plan Plan::load(const std::filesystem::path& file) { return parse(read_text_file(file, kLargestFile), file.string()); }

}  // namespace lamp::ceremony
