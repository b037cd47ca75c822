// One certificate of every delivered profile below a root of its own, as files, for other implementations to judge.
#pragma once

#include <ostream>
#include <string>

#include "lib/base/file.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::test {

struct IssuedProfile {
  const char* profile;
  const char* issuing;
  const char* openssl_purpose;  ///< of `openssl verify -purpose`
  const char* nss_usage;        ///< number of `vfychain -u`
};
inline void PrintTo(const IssuedProfile& c, std::ostream* os) { *os << c.profile; }

/// Every profile that is no authority's.
inline constexpr IssuedProfile kIssuedProfiles[] = {
    {"idevid", "device-ca", "sslclient", "0"},        {"ldevid", "ldevid-ca", "sslclient", "0"},
    {"tls-server", "server-ca", "sslserver", "1"},    {"load-balancer", "server-ca", "sslserver", "1"},
    {"operator", "client-ca", "sslclient", "0"},      {"installer", "client-ca", "sslclient", "0"},
    {"station", "client-ca", "sslclient", "0"},       {"user", "client-ca", "sslclient", "0"},
    {"officer", "client-ca", "sslclient", "0"},       {"code-signing", "code-signing-ca", "any", "6"},
    {"ocsp-signer", "device-ca", "ocsphelper", "10"},
};

/// The certificates are as young as the test: not every program takes a time to judge by.
class IssuedFiles {
 public:
  explicit IssuedFiles(const IssuedProfile& given) : ca_{given.issuing, SystemClock{}.now()} {
    const auto key = make_key();
    const pki::Subject values{{"name", "one.example"},         {"serial", "SL-26-000001"},  {"model", "smart-lamp"},
                              {"site", "site.example"},        {"email", "ann@my.example"}, {"project", "tower"},
                              {"names", "a.example,b.example"}};
    const auto leaf = ca_.issue(delivered_profile(given.profile), values, *key, SystemClock{}.now()).certificate;
    const auto& issuing = ca_.issuing().chain().front();
    publish(ca_.directory() / "root.pem", pki::to_pem(ca_.root().chain()));
    publish(ca_.directory() / "issuing.pem", pki::to_pem({issuing}));
    publish(ca_.directory() / "leaf.pem", pki::to_pem({leaf}));
    publish(ca_.directory() / "chain.pem", pki::to_pem({leaf, issuing}));
  }
  /// Runs in the folder of root.pem, issuing.pem, leaf.pem, chain.pem.
  [[nodiscard]] std::string in_folder(const std::string& command) const {
    return "cd '" + ca_.directory().path().string() + "' && " + command;
  }

 private:
  SmallCa ca_;
};

}  // namespace lamp::test
