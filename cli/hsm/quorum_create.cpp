#include <botan/pk_keys.h>
#include <botan/x509_key.h>
#include <botan/x509cert.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/host.hpp"
#include "cli/hsm/enrol.hpp"
#include "cli/hsm/quorum.hpp"
#include "cli/hsm/quorum_create.hpp"
#include "cli/hsm/quorum_so_pin.hpp"
#include "cli/new_key.hpp"
#include "cli/usage.hpp"
#include "hsm/custody.hpp"
#include "hsm/hybrid.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/parse.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/content_key.hpp"
#include "lib/firmware/device_profile.hpp"
#include "lib/firmware/release.hpp"
#include "lib/firmware/suit.hpp"
#include "lib/quorum/anchor.hpp"
#include "lib/quorum/dealing.hpp"
#include "lib/quorum/model_keys.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::cli {
namespace {

constexpr const char* kReleaseKey = "release";
constexpr const char* kTransportKey = "transport";

void declare(Arguments& a, CreateOptions& o) {
  a.positional("name", o.name, "Name of the quorum and of the token that it guards");
  a.required("--threshold", o.threshold, "How many officers it takes");
  a.required("--officer", o.officers, "An officer; once for each");
  a.flag("--without-release-key", o.no_release_key, "The token will hold authorities' keys; it signs no releases");
  a.flag("--hybrid", o.hybrid,
         "Make an ML-DSA-87 key beside the release key, though no model's profile asks for it yet");
  a.option("--recovery", o.recovery, "Certificate or public key (P-256) of a card to which the SO PIN is sealed");
}

Bytes key_digest(ByteView key) {
  const auto digest = firmware::sha256(key);
  return {digest.begin(), digest.end()};
}

std::string kek_label(const std::string& model) { return "kek." + model; }

/// One making of a quorum, in the order in which its parts depend on each other.
class Founding {
 public:
  Founding(const CreateOptions& options, Host& host) : options_{options}, host_{host} {}

  /// Everything that can be refused is refused before a token is made.
  void check() {
    require_name(options_.name, "quorum");
    if (options_.name.find('.') != std::string::npos)
      throw Error{Errc::bad_input, "a quorum's name has no dots: the names of its files are told apart by them"};
    const auto file = quorum::roster_file(host_.site().root, options_.name);
    if (std::filesystem::exists(file))
      throw Error{Errc::exists, file.string() + " is there already; a quorum is made once"};
    if (options_.threshold < 2 || options_.threshold >= options_.officers.size())
      throw UsageError{
          "a quorum needs a threshold of 2 or more and at least one officer more than that, so "
          "that a lost card loses nothing"};
    if (options_.hybrid && options_.no_release_key)
      throw UsageError{"--hybrid: a key of ML-DSA-87 signs beside a release key only"};
    if (!options_.recovery.empty()) recovery_point_ = read_recovery_point(options_.recovery);
    refuse_half_made();
    const auto& place = host_.site().token(options_.name);
    pin_length_ = hsm::guarded_pin_length(place.module, place.module_init);
    if (!options_.no_release_key) {
      models_ = firmware::device_models(host_.site());
      output_keys_ = firmware::output_key_labels(host_.site());
      hybrid_ = options_.hybrid || firmware::any_hybrid_model(host_.site());
      if (options_.for_stations) find_stations();
    }
    requests_point_ = host_.token("host").agreement_key("requests")->public_point();
    host_.database().migrate(firmware::release_schema());
    host_.database().migrate(quorum::schema());
  }

  void enrol_officers() {
    roster_.name = options_.name;
    roster_.threshold = options_.threshold;
    for (const auto& name : options_.officers) {
      if (roster_.find(name) != nullptr) throw UsageError{"officer " + name + " is named twice"};
      roster_.officers.push_back(enrol_officer(host_, host_.site().person(name)));
    }
    if (recovery_point_) quorum::require_nobodys_key(roster_, *recovery_point_);
  }

  /// Makes the token under a PIN that only the shares remember, and everything that needs the token open.
  void make_token(World& world) {
    const auto& place = host_.site().token(options_.name);
    const Pin pin = hsm::random_pin(world.rng, pin_length_);
    const Pin so_pin = hsm::random_pin(world.rng, pin_length_);
    auto token = hsm::Token::initialize(place.module, options_.name, so_pin, pin);
    attestation_ = attest_token(host_, token.info(), options_.no_release_key ? "root" : "release");
    if (token.info().serial.empty())
      throw Error{Errc::denied,
                  "token " + options_.name + " has no serial number, and shares are bound to one; use another"};
    token.login(pin);
    if (!options_.no_release_key)
      world.err << "lamp-hsm: making the keys in token " << options_.name << "; RSA-4096 takes some seconds\n";
    make_keys(token);
    roster_.token_label = token.info().label;
    roster_.token_serial = token.info().serial;
    if (!options_.no_release_key) roster_.release_key = Botan::X509::BER_encode(*token.public_key(kReleaseKey));
    roster_.custody_key = Botan::X509::BER_encode(*token.public_key(kCustodyKey));
    for (const auto& label : output_keys_)
      roster_.other_keys.emplace(label, Botan::X509::BER_encode(*token.public_key(label)));
    const auto hybrid = hybrid_ ? quorum::make_hybrid_key(world.rng) : nullptr;
    if (hybrid) roster_.hybrid_key = hybrid->subject_public_key();
    dealing_ =
        hsm::seal_shares(roster_, 1, hsm::deal(pin, roster_.threshold, roster_.officers.size(), world.rng), world.rng);
    if (hybrid) {
      hybrid_deal_ = hsm::deal_hybrid_key(*hybrid, roster_, dealing_.number, world.rng);
      dealing_.hybrid = hybrid_deal_.dealt;
    }
    rehearse(pin);
    so_kept_ = keep_so_pin(host_, roster_, so_pin, recovery_point_);
    sign(token, world);
    fill_stock(token, world);
  }

  /// The roster file comes last: without it the token counts as half made.
  void publish_all(World& world) {
    host_.database().write([&](store::Transaction& t) {
      quorum::remember(t, roster_);
      for (const auto& key : stock_) firmware::add_to_stock(t, key, roster_.token_serial);
      audit::record(t, event(), host_.now(), world.rng);
    });
    if (dealing_.hybrid) {
      quorum::publish_hybrid(host_.site().root, roster_.name, hybrid_deal_.box);
      quorum::discard_other_hybrids(host_.site().root, roster_.name, *dealing_.hybrid);
    }
    publish(quorum::DealingFiles{host_.site().root, roster_.name}.current, std::string_view{dealing_.yaml()});
    publish_so_pin();
    if (!options_.no_release_key)
      publish(quorum::model_keys_file(host_.site().root, roster_.name), std::string_view{model_keys_.yaml()});
    publish(quorum::roster_file(host_.site().root, roster_.name), std::string_view{roster_.yaml()}, lamp::Mode::shared,
            Existing::refuse);
  }

  void report(std::ostream& out) const {
    fmt::print(out, "quorum {}, epoch {}: {} of {} officers\n", roster_.name, roster_.epoch, roster_.threshold,
               roster_.officers.size());
    for (const auto& officer : roster_.officers)
      fmt::print(out, "  {:<16} approval key {}\n", officer.name, hex(cose::key_id(*roster_.officer_key(officer))));
    fmt::print(out, "token {}, serial {}: {}custody (P-256)", roster_.token_label, roster_.token_serial,
               options_.no_release_key ? "" : "release (RSA-4096), ");
    for (const auto& label : output_keys_) fmt::print(out, ", {} (P-256)", label);
    for (const auto& model : models_) fmt::print(out, ", {}", kek_label(model));
    if (dealing_.hybrid) fmt::print(out, "\n{}", describe_hybrid_key(roster_, *dealing_.hybrid));
    if (!stations_.empty()) out << "\nmodel keys wrapped for";
    for (const auto& station : stations_) out << ' ' << station.name;
    fmt::print(out, "\n{}\n", describe_so_pin(so_kept_));
    fmt::print(out, "roster digest {}\n", hex(roster_.digest()));
    out << "Keep this digest where nobody can change it: every later check begins with it.\n";
  }

 private:
  void refuse_half_made() {
    const auto& place = host_.site().token(options_.name);
    const auto found = attempt([&] { return hsm::Token::open({place.module, place.uri, place.module_init}); });
    if (std::holds_alternative<hsm::Token>(found)) {
      const auto& config = host_.site().softhsm_config;
      const auto remove =
          config ? "SOFTHSM2_CONF=" + config->string() + " softhsm2-util --delete-token --token " + options_.name
                 : "initialise it anew with its maker's tool";
      throw Error{Errc::exists, "token '" + options_.name +
                                    "' is there but its roster is not: an earlier 'quorum create' "
                                    "was cut short and nobody has its PIN; delete the token (" +
                                    remove + ") and run this again"};
    }
    if (const auto& why = std::get<Error>(found); why.code() != Errc::not_found) throw Error{why};
  }

  /// A station is whoever's certificate says so; its model keys are wrapped now or never, because they are locked then.
  void find_stations() {
    for (const auto& [name, person] : host_.site().people) {
      if (!std::filesystem::exists(person.certificate)) continue;
      const auto roles = guarded(Errc::bad_input, [&] {
        return Botan::X509_Certificate{leaf_certificate(person)}.subject_info("X520.OrganizationalUnit");
      });
      if (roles == std::vector<std::string>{"station"}) stations_.push_back(person);
    }
    if (stations_.empty())
      throw Error{Errc::not_found,
                  "no station has a certificate yet, so nobody could take the models' keys to the "
                  "devices: run 'lamp-ca issue client --profile station' first"};
  }

  /// What an earlier run left that was cut short is of another token.
  void publish_so_pin() const {
    const auto file = quorum::so_pin_file(host_.site().root, roster_.name);
    if (so_kept_)
      publish(file, std::string_view{so_kept_->yaml()});
    else
      guarded(Errc::unavailable, [&] { std::filesystem::remove(file); });
  }

  void make_keys(hsm::Token& token) {
    if (!options_.no_release_key) token.generate_key(hsm::KeyKind::rsa4096, hsm::KeyUse::sign, kReleaseKey);
    token.generate_key(hsm::KeyKind::p256, hsm::KeyUse::sign, kCustodyKey);
    for (const auto& label : output_keys_) token.generate_key(hsm::KeyKind::p256, hsm::KeyUse::sign, label);
    for (const auto& model : models_) {
      token.generate_aes_key(kek_label(model));
      for (const auto& station : stations_) {
        const auto transport = host_.public_token(station.token).public_key(kTransportKey);
        model_keys_.keys.push_back(
            {model, station.name, token.wrap_aes_key(kek_label(model), Botan::X509::BER_encode(*transport))});
      }
      token.lock_aes_key(kek_label(model));
    }
  }

  /// Opens every share as its officer will, and tries every subset, while the officers are still here.
  void rehearse(const Pin& pin) {
    std::vector<Share> opened, opened_hybrid;
    for (const auto& officer : roster_.officers) {
      const auto& person = host_.site().person(officer.name);
      const auto key = host_.token(person.token).agreement_key(person.share_key);
      const auto& dealt = dealing_.of(officer.name);
      opened.push_back(
          quorum::open_share(dealt.box, *key, quorum::dealt_share_context(roster_, dealing_.number, officer), dealt));
      if (dealing_.hybrid) opened_hybrid.push_back(quorum::open_hybrid_share(roster_, *dealing_.hybrid, officer, *key));
    }
    hsm::require_every_subset(opened, roster_, pin);
    if (dealing_.hybrid) hsm::require_every_subset_opens(roster_, hybrid_deal_, opened_hybrid);
  }

  /// Each founding officer signs the roster as well: that they hold the key of their certificate is shown, not claimed.
  void sign(hsm::Token& token, World& world) {
    const auto custody = token.signing_key(kCustodyKey);
    const auto content = roster_.canonical();
    roster_.signatures = {cose::sign1(*custody, world.rng, content, quorum::kRosterContext)};
    for (const auto& officer : roster_.officers)
      roster_.signatures.push_back(
          cose::sign1(*host_.person_key(officer.name), world.rng, content, quorum::kRosterContext));
    dealing_.sign(*custody, world.rng);
    if (so_kept_) so_kept_->sign(*custody, world.rng);
    model_keys_.quorum = roster_.name;
    model_keys_.epoch = roster_.epoch;
    model_keys_.sign(*custody, world.rng);
  }

  void fill_stock(hsm::Token& token, World& world) {
    const auto wrap = [&](const std::string& model, const SymmetricKey& key) {
      return token.wrap_content_key(kek_label(model), key);
    };
    const auto models =
        options_.no_release_key ? std::vector<firmware::KeyedModel>{} : firmware::keyed_models(host_.site());
    stock_ = firmware::make_missing(host_.database(), models, roster_.token_serial, requests_point_, wrap, world.rng);
  }

  [[nodiscard]] audit::Event event() const {
    audit::Event event{account_name(), "hsm.quorum.create", roster_.name, {}};
    event.details = {{"epoch", std::to_string(roster_.epoch)},
                     {"roster", hex(roster_.digest())},
                     {"threshold", std::to_string(roster_.threshold)},
                     {"token", roster_.token_serial},
                     {"so-pin", describe_so_pin(so_kept_)}};
    if (!roster_.hybrid_key.empty()) event.details.emplace_back("hybrid-key", hex(key_digest(roster_.hybrid_key)));
    for (const auto& officer : roster_.officers) event.details.emplace_back("officer", officer.name);
    event.details.insert(event.details.end(), attestation_.begin(), attestation_.end());
    return event;
  }

  const CreateOptions& options_;
  Host& host_;
  std::vector<std::pair<std::string, std::string>> attestation_;
  std::vector<std::string> models_;
  std::set<std::string> output_keys_;
  std::vector<config::Person> stations_;
  Bytes requests_point_;
  std::size_t pin_length_ = 0;
  quorum::Roster roster_;
  quorum::Dealing dealing_;
  bool hybrid_ = false;
  hsm::HybridDeal hybrid_deal_;
  std::optional<Bytes> recovery_point_;
  std::optional<quorum::SoPin> so_kept_;
  quorum::ModelKeys model_keys_;
  std::vector<firmware::ContentKey> stock_;
};

}  // namespace

std::string describe_hybrid_key(const quorum::Roster& roster, const quorum::DealtHybrid& dealt) {
  return fmt::format("ML-DSA-87 key {}, sealed; {} of {} shares of dealing {} open it",
                     hex(key_digest(roster.hybrid_key)), roster.threshold, dealt.shares.size(), dealt.number);
}

Exit create_quorum(const CreateOptions& options, World& world) {
  Host host{world};
  Founding founding{options, host};
  founding.check();
  founding.enrol_officers();
  founding.make_token(world);
  founding.publish_all(world);
  founding.report(world.out);
  host.finish();
  return Exit::ok;
}

void add_quorum_create(Tool& tool) {
  tool.verb<CreateOptions>("quorum create", "Make a token whose PIN only a quorum of officers has", declare,
                           create_quorum);
}

void add_quorum_verbs(Tool& tool) {
  add_quorum_create(tool);
  add_quorum_show(tool);
  add_quorum_approve(tool);
  add_quorum_rotate(tool);
  add_quorum_replace(tool);
  add_quorum_recover(tool);
  add_quorum_rehearse(tool);
}

}  // namespace lamp::cli
