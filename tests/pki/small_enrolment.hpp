// A site that enrols: authorities of devices, of their operational identities and of people, with software keys.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lib/pki/enrolment.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::test {

class SmallEnrolment final : public pki::ProductionGate {
 public:
  SmallEnrolment();
  ~SmallEnrolment() override;

  /// "idevid" and "ldevid" of SL-26-000001, "station", "operator", "nobody"; with "revoked ", "unregistered " or
  /// "renewed " before it.
  [[nodiscard]] pki::Applicant applicant(const std::string& who);
  [[nodiscard]] pki::Applicant as_device(const pki::Issued& operational) const;

  /// For this serialNumber; nothing for an empty one; "whole" for subject and alternative name of SL-26-000001's
  /// operational identity; any other word is a CN.
  [[nodiscard]] Bytes request(const Botan::Private_Key& key, const std::string& subject,
                              const std::string& hash = "SHA-256") const;
  pki::Issued ask(pki::Enrolment act, const pki::Applicant& who, const Bytes& request, const std::string& label = {});

  [[nodiscard]] pki::EnrolmentDesk& desk() noexcept { return *desk_; }
  /// As after a kill between reservation and signature.
  void leave_unfinished(const Botan::Private_Key& key);
  [[nodiscard]] pki::State state_of(const pki::Issued& issued);
  /// Audit records of enrolments since applicant() was called last.
  [[nodiscard]] std::size_t count_of_acts();

  /// Allows SL-26-000007, and SL-26-000009 with another profile.
  [[nodiscard]] Permit take(store::Transaction& transaction, const Station& station, const std::string& serial,
                            const std::string& key, Instant now) override;

  Instant now = kNow;

 private:
  struct Signing {
    std::unique_ptr<Botan::Private_Key> key;
    std::unique_ptr<pki::Authority> authority;
  };
  [[nodiscard]] Signing make_authority(const std::string& name, const std::string& profile);
  [[nodiscard]] pki::Issued issue(const pki::Authority& authority, const std::string& profile,
                                  const pki::Subject& subject);
  [[nodiscard]] std::size_t audit_records();

  SmallCa ca_{"device-ca"};
  Signing operational_, client_;
  std::unique_ptr<pki::EnrolmentDesk> desk_;
  std::size_t records_before_ = 0;
};

}  // namespace lamp::test
