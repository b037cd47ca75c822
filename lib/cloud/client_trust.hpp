// Which client certificates count, and which of our authorities vouched: a chain to the root through one of the named
// authorities, for client authentication, not on that authority's revocation list.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/cloud/tls_stream.hpp"

namespace lamp::cloud {

struct ClientAuthority {
  std::string name;           ///< "device", "client"
  Bytes certificate;          ///< DER
  std::filesystem::path crl;  ///< DER; read again whenever it changes
};

/// Thread-safe.
class ClientTrust {
 public:
  using Log = std::function<void(const std::string&)>;
  /// Throws Error{bad_input} for a revocation list that is there but not the authority's. One that is absent is logged;
  /// one past its nextUpdate still counts and is logged: it must not lock the whole fleet out, and devices are looked
  /// up in the registry at every request anyway.
  ClientTrust(Bytes root, std::vector<ClientAuthority> authorities, const Clock& clock, Log log);
  ~ClientTrust();
  ClientTrust(const ClientTrust&) = delete;
  ClientTrust& operator=(const ClientTrust&) = delete;

  [[nodiscard]] std::optional<PeerFault> fault_in(const std::vector<Botan::X509_Certificate>& chain);
  /// The authority that issued an acceptable certificate, or nothing when it has been revoked since. For each request.
  [[nodiscard]] std::optional<std::string> authority_of(const Botan::X509_Certificate& leaf);
  /// Root and authorities, as a server names them to clients.
  [[nodiscard]] std::vector<Bytes> accepted() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::cloud
