#include "tests/pki/small_ca.hpp"

#include <botan/ec_group.h>
#include <botan/ecdsa.h>
#include <botan/system_rng.h>

#include <stdexcept>

#include "lib/base/file.hpp"
#include "lib/config/yaml.hpp"

namespace lamp::test {

Botan::RandomNumberGenerator& rng() { return Botan::system_rng(); }

std::unique_ptr<Botan::Private_Key> make_key(const std::string& curve) {
  return std::make_unique<Botan::ECDSA_PrivateKey>(rng(), Botan::EC_Group::from_name(curve));
}

std::string delivered_text(const std::string& name) {
  return read_text_file(std::filesystem::path{LAMP_SOURCE_DIR} / "templates" / "profiles" / (name + ".yaml"));
}

std::string replaced(std::string text, const std::string& line, const std::string& by) {
  const auto at = text.find(line);
  if (at == std::string::npos) throw std::logic_error{"the delivered profile has no line '" + line + "'"};
  return text.replace(at, line.size(), by);
}

pki::Profile delivered_profile(const std::string& name) {
  return pki::Profile::read(config::Node::parse(delivered_text(name), name + ".yaml"));
}

pki::Profile changed_profile(const std::string& name, const std::string& line, const std::string& by) {
  return pki::Profile::read(config::Node::parse(replaced(delivered_text(name), line, by), name + ".yaml"));
}

namespace {

pki::Issued issue_by(store::Database& database, const pki::Authority& authority, const pki::Profile& profile,
                     const pki::Subject& subject, const Botan::Public_Key& key, Instant now) {
  return pki::issue(database, authority, profile, subject, key, now, rng(),
                    [](store::Transaction&, const pki::Issued&) {});
}

}  // namespace

SmallCa::SmallCa(const std::string& issuing, Instant now)
    : database_{directory_ / "state.db"}, root_key_{make_key("secp384r1")}, issuing_key_{make_key()} {
  database_.migrate(pki::schema());
  const auto self = pki::Authority::self_signed("root", *root_key_);
  const auto anchor =
      issue_by(database_, self, delivered_profile("root-ca"), {{"name", "root"}, {"site", "test"}}, *root_key_, now);
  root_ = std::make_unique<pki::Authority>("root", std::vector<Bytes>{anchor.certificate}, *root_key_);
  const auto below = issue_by(database_, *root_, delivered_profile(issuing), {{"name", "issuing"}, {"site", "test"}},
                              *issuing_key_, now);
  issuing_ = std::make_unique<pki::Authority>("issuing", std::vector<Bytes>{below.certificate, anchor.certificate},
                                              *issuing_key_);
}

pki::Reserved SmallCa::reserve(const pki::Profile& profile, const pki::Subject& subject, const Botan::Public_Key& key,
                               Instant now) {
  return database_.write(
      [&](store::Transaction& t) { return issuing_->reserve(t, profile, subject, key, now, rng()); });
}

void SmallCa::commit(const pki::Reserved& reserved, const Bytes& certificate, Instant now) {
  database_.write([&](store::Transaction& t) { issuing_->commit(t, reserved, certificate, now); });
}

pki::Issued SmallCa::issue(const pki::Profile& profile, const pki::Subject& subject, const Botan::Public_Key& key,
                           Instant now) {
  return issue_by(database_, *issuing_, profile, subject, key, now);
}

}  // namespace lamp::test
