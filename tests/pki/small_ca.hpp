// A root and an issuing authority with software keys, in a database of their own.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/pki/authority.hpp"
#include "lib/pki/issue.hpp"
#include "tests/support/temporary_directory.hpp"

namespace Botan {
class RandomNumberGenerator;
}

namespace lamp::test {

/// 2026-11-22T13:00:00Z
inline constexpr Instant kNow{std::chrono::seconds{1795352400}};

[[nodiscard]] Botan::RandomNumberGenerator& rng();
[[nodiscard]] std::unique_ptr<Botan::Private_Key> make_key(const std::string& curve = "secp256r1");
/// One of templates/profiles.
[[nodiscard]] pki::Profile delivered_profile(const std::string& name);
/// The delivered profile's text with one line replaced, for what the delivered ones do not do.
[[nodiscard]] pki::Profile changed_profile(const std::string& name, const std::string& line, const std::string& by);

[[nodiscard]] std::string delivered_text(const std::string& name);
[[nodiscard]] std::string replaced(std::string text, const std::string& line, const std::string& by);

class SmallCa {
 public:
  /// `issuing` is the profile of the authority below the root.
  explicit SmallCa(const std::string& issuing = "device-ca", Instant now = kNow);
  [[nodiscard]] store::Database& database() noexcept { return database_; }
  [[nodiscard]] const pki::Authority& root() const noexcept { return *root_; }
  [[nodiscard]] const pki::Authority& issuing() const noexcept { return *issuing_; }
  [[nodiscard]] const TemporaryDirectory& directory() const noexcept { return directory_; }

  [[nodiscard]] pki::Reserved reserve(const pki::Profile& profile, const pki::Subject& subject,
                                      const Botan::Public_Key& key, Instant now = kNow);
  void commit(const pki::Reserved& reserved, const Bytes& certificate, Instant now = kNow);
  /// The certificate (DER).
  [[nodiscard]] pki::Issued issue(const pki::Profile& profile, const pki::Subject& subject,
                                  const Botan::Public_Key& key, Instant now = kNow);

 private:
  TemporaryDirectory directory_;
  store::Database database_;
  std::unique_ptr<Botan::Private_Key> root_key_, issuing_key_;
  std::unique_ptr<pki::Authority> root_, issuing_;
};

}  // namespace lamp::test
