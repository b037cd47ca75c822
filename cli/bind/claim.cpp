#include <fmt/format.h>
#include <fmt/ostream.h>

#include <istream>
#include <nlohmann/json.hpp>

#include "cli/bind/tool.hpp"
#include "cli/service_session.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/binding/label.hpp"

namespace lamp::cli {
namespace {

constexpr std::size_t kLabelLimit = 1024;

struct ClaimOptions {
  std::string label, project, as;
  bool json = false;
};

void declare(Arguments& a, ClaimOptions& o) {
  a.positional("label", o.label, "File with the text of the gateway's label, or - to read it from a scanner");
  a.required("--project", o.project, "Project to claim the gateway for");
  a.option("--as", o.as, "Installer of site.yaml; the only one by default");
  a.flag("--json", o.json, "Print JSON");
}

/// The claim code on a label is a bearer secret: it comes by a file or standard input, never as an argument, which
/// every user of the machine could read.
SecureBytes read_label(const ClaimOptions& o, World& world) {
  if (o.label != "-") return read_secret_file(o.label, kLabelLimit);
  SecureBytes text;
  for (int c = world.in.get(); c != std::istream::traits_type::eof() && c != '\n' && c != '\r'; c = world.in.get()) {
    if (text.size() == kLabelLimit) throw Error{Errc::bad_input, "a label is at most 1024 characters long"};
    text.push_back(static_cast<std::uint8_t>(c));
  }
  return text;
}

binding::Label parse(const SecureBytes& text) {
  auto label = in_context(
      "label", [&] { return binding::parse_label({reinterpret_cast<const char*>(text.data()), text.size()}); });
  if (!label.claim_code)
    throw Error{Errc::bad_input, "this label has no claim code: lamps come to a project by 'lamp-bind network add'"};
  return label;
}

/// The request's body holds the claim code: zeroed when it has been sent.
SecureBytes claim_body(const binding::Label& label, const std::string& project) {
  const auto code = label.claim_code->expose_secret();
  SecureBytes body;
  const auto add = [&](std::string_view text) { body.insert(body.end(), text.begin(), text.end()); };
  add(R"({"mac":")" + label.mac.text() + R"(","project":)" + nlohmann::json(project).dump() + R"(,"claim_code":")");
  body.insert(body.end(), code.begin(), code.end());
  add(R"("})");
  return body;
}

Exit refuse(const cloud::Response& response, World& world) {
  const auto answer = nlohmann::json::parse(response.body, nullptr, false);
  const auto reason = answer.is_object() ? answer.value("error", "") : std::string{};
  const bool broken = response.status >= 500 || reason.empty();
  if (broken) throw Error{Errc::unavailable, "the service answered " + std::to_string(response.status) + ": " + reason};
  world.err << "lamp-bind: refused: " << reason << '\n';
  return Exit::refused;
}

Exit claim(const ClaimOptions& o, World& world) {
  Host host{world};
  const auto label = parse(read_label(o, world));
  auto client = connect_to_service(host, person_with_role(host.site(), "installer", o.as));
  const auto response = client.send("POST", "/api/v1/claims", "application/json", claim_body(label, o.project));
  if (response.status != 200) return refuse(response, world);
  if (o.json) {
    world.out << to_text(response.body) << '\n';
    return Exit::ok;
  }
  fmt::print(world.out, "{} {} ({}) belongs to project {}\n", label.model, label.serial, label.mac.text(), o.project);
  return Exit::ok;
}

}  // namespace

void add_bind_claim(Tool& tool) {
  tool.verb<ClaimOptions>("claim", "Bring a gateway to a project by its label", declare, claim);
}

}  // namespace lamp::cli
