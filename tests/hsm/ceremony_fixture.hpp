// A site of four tokens with a conductor and a witness, and a terminal that answers as people do.
#pragma once

#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include <cctype>
#include <sstream>

#include "cli/hsm/tool.hpp"
#include "hsm/ceremony_transcript.hpp"
#include "hsm/key_trial.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/store/database.hpp"
#include "tests/support/run_tool.hpp"
#include "tests/support/softhsm.hpp"

namespace lamp::cli {

using test::Ran;
using test::SoftHsm;

inline constexpr const char* kTokens[] = {"host", "root", "anna", "ben"};

inline std::string site_yaml() {
  std::string text = "site: test\ndemo: true\ntokens:\n";
  for (const std::string name : {"host", "root", "anna", "ben", "spare"})
    text += "  " + name + ": {module: " + SoftHsm::module().string() + ", uri: 'pkcs11:token=" + name +
            "', pin-file: pins/" + name + "}\n";
  return text + R"(authorities: {root: root}
people:
  anna: {token: anna, key: approval, certificate: people/anna.pem}
  ben: {token: ben, key: approval, certificate: people/ben.pem}
quorums: {release: release, order: release, order-approvals: 1}
cloud: {url: "https://localhost:8443", listen: "127.0.0.1:8443", database: registry.db, artifacts: artifacts}
state: state.db
log: {directory: log, origin: test/host}
)";
}

inline const std::string kHead = "ceremony: root\npurpose: A root\nconductor: anna\nwitnesses: [ben]\nsteps:\n";
inline const std::string kMakeKey = "  - {do: generate-key, token: root, key: root, kind: p384, use: sign}\n";
inline const std::string kCheckKey =
    "  - {do: check, token: root, key: root, expect: [sensitive, never-extractable, local, sign-only],\n"
    "     refuses: [reading, extraction, wrapping, derivation, decryption]}\n";
inline const std::string kMakeRoot = "  - {do: create-authority, authority: root, profile: root-ca}\n";
inline const std::string kConfirm = "  - {do: confirm, by: ben, certificate: root}\n";
inline const std::string kExport = "  - {do: export, certificate: root, file: out/root.pem}\n";

/// Types the first 8 digits of the digest that was shown last, as often as it is patient.
class AnsweringTerminal final : public Terminal {
 public:
  explicit AnsweringTerminal(const std::ostringstream& shown) : shown_{shown} {}
  Passphrase ask_secret(std::string_view) override { throw Error{Errc::unavailable, "no secrets here"}; }
  [[nodiscard]] bool is_interactive() const override { return false; }
  std::string ask(std::string_view prompt) override {
    asked.emplace_back(prompt);
    std::string digits;
    std::string last;
    for (const char c : shown_.str()) {
      if (c == ' ') continue;
      if (std::isxdigit(static_cast<unsigned char>(c)) != 0)
        digits += c;
      else
        digits.clear();
      if (digits.size() >= 64) last = digits.substr(digits.size() - 64);
    }
    return wrong ? "00000000" : last.substr(0, 8);
  }
  std::vector<std::string> asked;
  bool wrong = false;

 private:
  const std::ostringstream& shown_;
};

class CeremonyTest : public test::SoftHsmTest {
 protected:
  void SetUp() override {
    SoftHsmTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    publish(site() / "site.yaml", std::string_view{site_yaml()});
    for (const std::string name : kTokens) {
      publish(site() / "pins" / name, std::string_view{SoftHsm::kPin}, lamp::Mode::secret);
      auto token = SoftHsm::make_token(name);
      if (name == "host") token.generate_key(hsm::KeyKind::p256, hsm::KeyUse::sign, "log");
      if (name == "anna" || name == "ben")
        token.generate_key(hsm::KeyKind::p256, hsm::KeyUse::sign_with_pin, "approval");
    }
  }

  [[nodiscard]] const std::filesystem::path& site() const { return softhsm_->directory(); }
  [[nodiscard]] std::filesystem::path transcript() const { return site() / "ceremonies/root/transcript.cbor"; }

  Ran run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"--site", site().string(), "ceremony"});
    return test::run_tool(make_hsm_tool(), arguments);
  }

  void write_steps(const std::string& steps) const { publish(site() / "steps.yaml", std::string_view{kHead + steps}); }

  /// `ceremony run` at a terminal.
  Ran hold(bool wrong_answers = false) {
    FixedClock clock{parse_instant("2026-11-22T13:00:00Z")};
    std::istringstream in;
    std::ostringstream out;
    std::ostringstream err;
    AnsweringTerminal terminal{out};
    World world{clock, Botan::system_rng(), terminal, in, out, err, {}};
    const auto file = (site() / "steps.yaml").string();
    const auto digest = hex(ceremony::Plan::load(file).digest);
    terminal.wrong = wrong_answers;
    const auto folder = site().string();
    const std::vector<const char*> argv{"lamp-hsm", "--site",     folder.c_str(),     "ceremony",
                                        "run",      file.c_str(), "--confirm-digest", digest.c_str()};
    const int exit = cli::run(make_hsm_tool(), static_cast<int>(argv.size()), argv.data(), world);
    asked_ = terminal.asked;
    return {exit, out.str(), err.str()};
  }

  [[nodiscard]] std::vector<ceremony::Record> records() const {
    return ceremony::parse_records(read_file(transcript()));
  }
  [[nodiscard]] std::string anchor() const { return hex(records().front().digest()); }
  Ran verify() const { return run({"verify", transcript().string(), "--anchor", anchor()}); }

  /// What a kill leaves that came just after the start of this step, the effect of which is there.
  void cut_after_start_of(std::uint64_t step) const {
    auto all = records();
    while (!(all.back().kind == ceremony::Kind::start && all.back().step == step)) all.pop_back();
    Bytes file;
    for (const auto& record : all) append(file, record.encoded());
    publish(transcript(), ByteView{file});
    store::Database database{site() / "state.db"};
    database.write([&](store::Transaction& t) {
      t.execute("DELETE FROM ceremony_record WHERE number >= ?", {static_cast<std::int64_t>(all.size())});
    });
  }

  std::vector<std::string> asked_;
};

}  // namespace lamp::cli
