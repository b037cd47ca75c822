#include "cli/hsm/ceremony_steps.hpp"

#include <botan/pk_keys.h>
#include <botan/x509_crl.h>
#include <botan/x509_key.h>
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>

#include "cli/ca/create_authority.hpp"
#include "cli/ca/site_lists.hpp"
#include "cli/hsm/token_init.hpp"
#include "cli/new_key.hpp"
#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/authority.hpp"

namespace lamp::cli {
namespace {

using ceremony::Details;
using ceremony::Mode;
using ceremony::Record;
using ceremony::sha256;

constexpr int kTries = 3;

bool is_there(Host& host, const std::string& token) {
  const auto found = attempt([&] { return host.public_token(token).info().serial; });
  if (std::holds_alternative<std::string>(found)) return true;
  const auto& error = std::get<Error>(found);
  if (error.code() == Errc::not_found) return false;
  throw Error{error.code(), error.what()};
}

/// Number of the authority's published list, 0 when there is none.
std::uint64_t published_number(const config::Site& site, const std::string& authority) {
  const auto file = authority_file(site, authority, "crl.der");
  if (!std::filesystem::exists(file)) return 0;
  return guarded(Errc::bad_input, [&] {
    const auto der = read_file(file);
    return std::uint64_t{Botan::X509_CRL{der}.crl_number()};
  });
}

std::filesystem::path export_file(const config::Site& site, const ceremony::Export& step) {
  return site.root / std::filesystem::path{step.file}.lexically_normal();
}

Bytes public_key_of(Host& host, const std::string& token, const std::string& key) {
  return Botan::X509::BER_encode(*host.public_token(token).public_key(key));
}

/// DER of what people look at.
Bytes encoding_of(Host& host, const ceremony::Thing& thing) {
  if (thing.certificate.empty()) return public_key_of(host, thing.token, thing.key);
  return authority_chain(host.site(), thing.certificate).front();
}

std::string pem_of(Host& host, const ceremony::Thing& thing) {
  if (thing.certificate.empty()) return Botan::X509::PEM_encode(*host.public_token(thing.token).public_key(thing.key));
  return pki::to_pem({encoding_of(host, thing)});
}

void add_public_key(Details& result, const Bytes& info) {
  result.emplace_back("public-key", base64(info));
  result.emplace_back("public-key-digest", hex(sha256(info)));
}

/// What must be so before a step, and goes into the record of its start.
struct Before {
  Host& host;

  Details operator()(const ceremony::UseToken& s) const {
    if (!s.initialise) return {};
    if (is_there(host, s.token)) throw Error{Errc::exists, "token '" + s.token + "' is there already"};
    if (!s.so_pin_file.empty() && std::filesystem::exists(host.site().root / s.so_pin_file))
      throw Error{Errc::exists, s.so_pin_file + " is there already"};
    return {{"before", "absent"}};
  }
  Details operator()(const ceremony::GenerateKey& s) const {
    if (host.token(s.token).has_key(s.key))
      throw Error{Errc::exists, "token '" + s.token + "' has a key \"" + s.key + "\" already"};
    return {{"before", "absent"}};
  }
  Details operator()(const ceremony::CreateAuthority& s) const {
    if (std::filesystem::exists(authority_file(host.site(), s.authority, "cert.pem")))
      throw Error{Errc::exists, "authority " + s.authority + " is there already"};
    const auto& token = authority_token(host.site(), s.authority);
    return {{"before", "absent"}, {"key-before", host.token(token).has_key(s.authority) ? "present" : "absent"}};
  }
  Details operator()(const ceremony::PublishCrl& s) const {
    return {{"before", std::to_string(published_number(host.site(), s.authority))}};
  }
  Details operator()(const ceremony::Export& s) const {
    if (std::filesystem::exists(export_file(host.site(), s))) throw Error{Errc::exists, s.file + " is there already"};
    return {{"before", "absent"}};
  }
  Details operator()(const auto&) const { return {}; }
};

/// What a key pair that was being made when the program was cut short has come to.
enum class Remains { nothing, half, whole };

Remains remains_of(hsm::Token& token, const std::string& label) {
  if (!token.has_key(label)) return Remains::nothing;
  const auto keys = token.keys();
  const bool has_private = std::ranges::any_of(keys, [&](const auto& k) { return k.label == label; });
  const auto public_half = attempt([&] { return token.public_key(label) != nullptr; });
  if (const auto* error = std::get_if<Error>(&public_half); error != nullptr && error->code() != Errc::not_found)
    throw Error{error->code(), error->what()};
  return has_private && std::holds_alternative<bool>(public_half) ? Remains::whole : Remains::half;
}

hsm::KeyClaim claim_for(hsm::KeyUse use) {
  if (use == hsm::KeyUse::agree) return hsm::KeyClaim::agree_only;
  return use == hsm::KeyUse::decrypt ? hsm::KeyClaim::decrypt_only : hsm::KeyClaim::sign_only;
}

void require_as_asked(hsm::Token& token, const ceremony::GenerateKey& s) {
  const auto keys = token.keys();
  const auto found = std::ranges::find_if(keys, [&](const auto& k) { return k.label == s.key; });
  const bool same = found != keys.end() && found->kind == hsm::text(s.kind) && found->local &&
                    found->never_extractable && token.key_claims(s.key, claim_for(s.use)) &&
                    found->always_authenticate == (s.use == hsm::KeyUse::sign_with_pin);
  if (!same)
    throw Error{Errc::denied, "key \"" + s.key +
                                  "\" is there, but it is not the one that this step makes; find out who "
                                  "made it"};
}

/// Carries one step out.
struct Act {
  Host& host;
  Mode mode;
  const std::string& by;
  const Record* begun;  ///< null when the step is begun for the first time

  Details operator()(const ceremony::Note&) const { return {}; }

  Details operator()(const ceremony::UseToken& s) const {
    Details result;
    if (s.initialise) result.emplace_back("outcome", initialise(s));
    const auto& info = host.public_token(s.token).info();
    const auto compare = [&](const char* what, const std::string& wanted, const std::string& is) {
      if (mode == Mode::real && !wanted.empty() && wanted != is)
        throw Error{Errc::denied, "token '" + s.token + "' has " + what + " '" + is + "', not '" + wanted + "'"};
      result.emplace_back(what, is);
    };
    compare("label", s.label, info.label);
    compare("manufacturer", s.manufacturer, info.manufacturer);
    compare("model", s.model, info.model);
    result.emplace_back("serial", info.serial);
    result.emplace_back("firmware", info.firmware);
    return result;
  }

  Details operator()(const ceremony::GenerateKey& s) const {
    auto& token = host.token(s.token);
    Details result{{"outcome", "made"}};
    const auto remains = begun != nullptr ? remains_of(token, s.key) : Remains::nothing;
    if (remains == Remains::whole) {
      require_as_asked(token, s);
      result = {{"outcome", "made before an interruption, found whole"}};
    } else {
      if (remains == Remains::half) {
        token.destroy_key(s.key);
        result = {{"outcome", "half of it was found after an interruption and destroyed; made anew"}};
      }
      for (auto& attested : attest_token(host, token.info(), s.role)) result.push_back(std::move(attested));
      token.generate_key(s.kind, s.use, s.key);
    }
    add_public_key(result, public_key_of(host, s.token, s.key));
    for (const auto claim : {hsm::KeyClaim::sensitive, hsm::KeyClaim::never_extractable, hsm::KeyClaim::local})
      result.emplace_back(hsm::text(claim), token.key_claims(s.key, claim) ? "yes" : "no");
    return result;
  }

  Details operator()(const ceremony::CheckKey& s) const {
    auto& token = host.token(s.token);
    Details result{{"public-key-digest", hex(sha256(public_key_of(host, s.token, s.key)))}};
    for (const auto claim : s.expect) {
      if (!token.key_claims(s.key, claim))
        throw Error{Errc::denied, "key \"" + s.key + "\" is not " + std::string{hsm::text(claim)}};
      result.emplace_back(hsm::text(claim), "yes");
    }
    for (const auto forbidden : s.refuses) {
      const auto trial = token.try_forbidden(s.key, forbidden);
      if (!trial.refused)
        throw Error{Errc::denied, "the token did not refuse " + std::string{hsm::text(forbidden)} + " of key \"" +
                                      s.key + "\"; destroy the key and do not use this token"};
      result.emplace_back(hsm::text(forbidden), "refused: " + trial.answer);
    }
    return result;
  }

  Details operator()(const ceremony::CreateAuthority& s) const {
    const auto& name = authority_token(host.site(), s.authority);
    if (begun != nullptr && begun->value("key-before") == "absent") {
      auto& token = host.token(name);
      if (remains_of(token, s.authority) == Remains::half) token.destroy_key(s.authority);
    }
    const auto made = create_authority(host, {s.authority, s.profile, s.issuer});
    if (begun == nullptr && made.issued.outcome == pki::Issued::Outcome::existed)
      throw Error{Errc::exists, "the register has authority " + s.authority + ", serial " + made.issued.serial +
                                    ", from before this ceremony; its files are restored"};
    Details result{{"token", made.token},
                   {"serial", made.issued.serial},
                   {"not-after", format_instant(made.issued.not_after)},
                   {"certificate-digest", hex(sha256(made.issued.certificate))},
                   {"certificate", base64(made.issued.certificate)}};
    add_public_key(result, public_key_of(host, made.token, s.authority));
    if (!s.issuer.empty())
      result.emplace_back("issuer-certificate", base64(authority_chain(host.site(), s.issuer).front()));
    return result;
  }

  Details operator()(const ceremony::PublishCrl& s) const {
    const auto& site = host.site();
    const auto number = published_number(site, s.authority);
    const bool done = begun != nullptr && std::to_string(number) != begun->value("before");
    if (!done) (void)publish_lists(host, open_authority(host, s.authority).authority);
    return {{"number", std::to_string(published_number(site, s.authority))},
            {"digest", hex(sha256(read_file(authority_file(site, s.authority, "crl.der"))))}};
  }

  Details operator()(const ceremony::Export& s) const {
    const auto file = export_file(host.site(), s);
    const auto pem = pem_of(host, s.what);
    const bool done = begun != nullptr && std::filesystem::exists(file) && read_text_file(file) == pem;
    if (!done) publish(file, std::string_view{pem}, ::lamp::Mode::shared, Existing::refuse);
    return {{"file-digest", hex(sha256(as_bytes(pem)))}, {"digest", hex(sha256(encoding_of(host, s.what)))}};
  }

  Details operator()(const ceremony::Confirm& s) const {
    const auto digest = hex(sha256(encoding_of(host, s.what)));
    if (mode == Mode::rehearsal) return {{"digest", digest}, {"confirmed-by", "nobody: a rehearsal"}};
    ask(s.what.text(), digest);
    return {{"digest", digest}, {"confirmed-by", by}};
  }

 private:
  std::string initialise(const ceremony::UseToken& s) const {
    const auto so_pin_file = s.so_pin_file.empty() ? std::filesystem::path{} : host.site().root / s.so_pin_file;
    if (begun != nullptr && is_there(host, s.token)) {
      if (!host.public_token(s.token).info().user_pin_set)
        throw Error{Errc::unavailable, "token '" + s.token +
                                           "' was initialised and did not get its PIN before the interruption; nobody "
                                           "can open it: reset it with its maker's tool and run this again"};
      return "made before an interruption, found whole";
    }
    // An SO PIN that no token ever had.
    if (begun != nullptr && !so_pin_file.empty()) std::filesystem::remove(so_pin_file);
    initialise_token(host, host.site().token(s.token), so_pin_file);
    return "initialised";
  }

  void ask(const std::string& what, const std::string& digest) const {
    auto& world = host.world();
    std::string groups;
    for (std::size_t i = 0; i < digest.size(); i += 4) groups += (i == 0 ? "" : " ") + digest.substr(i, 4);
    fmt::print(world.out, "  {}: SHA-256\n  {}\n", what, groups);
    world.out.flush();
    for (int left = kTries; left > 0; --left) {
      auto typed = world.terminal.ask(by + ", read it aloud, then type its first 8 digits: ");
      std::erase(typed, ' ');
      if (typed == digest.substr(0, kTypedDigits)) return;
    }
    throw Error{Errc::denied, by + " did not confirm the digest of the " + what};
  }
};

void require_same(const std::string& what, const std::string& was, const std::string& is) {
  if (was != is)
    throw Error{Errc::denied, what + " is no longer what the transcript says: it was " + was + ", it is " + is};
}

/// What a finished step left is still there.
struct Recheck {
  Host& host;
  const Record& done;

  void operator()(const ceremony::UseToken& s) const {
    require_same("token '" + s.token + "'", done.value("serial"), host.public_token(s.token).info().serial);
  }
  void operator()(const ceremony::GenerateKey& s) const {
    require_same("key \"" + s.key + "\"", done.value("public-key-digest"),
                 hex(sha256(public_key_of(host, s.token, s.key))));
  }
  void operator()(const ceremony::CreateAuthority& s) const {
    require_same("the certificate of " + s.authority, done.value("certificate-digest"),
                 hex(sha256(authority_chain(host.site(), s.authority).front())));
  }
  void operator()(const ceremony::Export& s) const {
    const auto file = export_file(host.site(), s);
    // It may have been carried away.
    if (std::filesystem::exists(file)) require_same(s.file, done.value("file-digest"), hex(sha256(read_file(file))));
  }
  void operator()(const auto&) const {}
};

}  // namespace

Details StepRunner::before(const ceremony::Step& step) { return std::visit(Before{host_}, step.action); }

Details StepRunner::carry_out(const ceremony::Step& step, const Record* begun) {
  return std::visit(Act{host_, mode_, step.by, begun}, step.action);
}

void StepRunner::recheck(const ceremony::Step& step, const Record& done) {
  std::visit(Recheck{host_, done}, step.action);
}

}  // namespace lamp::cli
