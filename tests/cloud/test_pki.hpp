// Authorities with software keys, for tests only. Everything they issue is valid from 2020 on, without an end.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/cloud/client.hpp"

namespace lamp::test {

struct Subject {
  std::string name;
  std::string unit = {};    ///< OU
  std::string serial = {};  ///< serialNumber, of devices
  std::string usage = "PKIX.ClientAuth";
  std::string host = {};  ///< DNS name, of servers
};

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);  ///< a root
  TestAuthority(const std::string& name, const TestAuthority& issuer);
  TestAuthority(TestAuthority&&) noexcept;
  ~TestAuthority();

  [[nodiscard]] const Bytes& certificate() const noexcept;
  [[nodiscard]] cloud::Identity issue(const Subject& subject) const;
  /// Writes a revocation list with the serial numbers of these certificates.
  void write_crl(const std::filesystem::path& file, const std::vector<Bytes>& revoked = {}) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// PKCS#8 and certificate chain in PEM, as other programs read them.
void write_pem(const std::filesystem::path& directory, const std::string& name, const cloud::Identity& identity);
void write_pem(const std::filesystem::path& file, const Bytes& certificate);

}  // namespace lamp::test
