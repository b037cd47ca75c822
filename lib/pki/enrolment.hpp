// Who may have which certificate by enrolment, and giving it to them: simpleenroll and simplereenroll of RFC 7030,
// without HTTP. lamp-ca(1), ENROLMENT.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "lib/base/clock.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/issue.hpp"
#include "lib/pki/records.hpp"

namespace lamp::pki {

struct CertificateRequest;

/// One kind of certificate that a site gives out by enrolment.
struct EnrolmentRule {
  enum class To { devices, stations };
  std::string label;             ///< path segment of RFC 7030 section 3.2.2
  To to = To::devices;           ///< a device asks for itself, a station for the devices of its orders
  std::string vouched_by;        ///< the authority that issued what an applicant shows: its IDevID, or a station's
  const Authority* authority{};  ///< the one that signs
  Profile profile;
};

/// Who asks, as TLS and the site's authorities let them through; the register is read anew for each request.
struct Applicant {
  std::string name;       ///< for log and audit
  std::string authority;  ///< ours, that vouches for the certificate
  Bytes certificate;      ///< DER; empty for somebody without one that counts
};

enum class Enrolment { initial, renewal };

/// What approved production orders allow. Implemented where orders are kept.
class ProductionGate {
 public:
  /// As the certificate says that it showed.
  struct Station {
    std::string name;
    std::string key;  ///< key_fingerprint()
  };
  struct Permit {
    std::string order;
    std::string profile;  ///< of the certificate, as the ordered model has it
    Subject values;
    std::string hardware_type;  ///< of the ordered model
  };
  virtual ~ProductionGate() = default;
  /// Takes one of the count of the station's order that has this serial number in its range, for good. The same serial
  /// number for the same key again takes nothing more. Throws Error{denied} with the reason.
  [[nodiscard]] virtual Permit take(store::Transaction& transaction, const Station& station, const std::string& serial,
                                    const std::string& key, Instant now) = 0;
};

/// Thread-safe as far as the authorities' keys are.
class EnrolmentDesk {
 public:
  /// Everything given must outlive the desk.
  EnrolmentDesk(store::Database& database, std::vector<EnrolmentRule> rules, ProductionGate& orders,
                Botan::RandomNumberGenerator& rng)
      : database_{database}, rules_{std::move(rules)}, orders_{orders}, rng_{rng} {}

  /// The certificate for a request (DER). The same request again gives the same bytes. Throws Error{denied} when the
  /// applicant has no right to it, with the reason, which is for the operator's log only; Error{bad_input} when the
  /// request is malformed, which an applicant with a certificate that counts may know.
  [[nodiscard]] Issued answer(Enrolment act, const std::string& label, const Applicant& who, ByteView request,
                              Instant now);

  [[nodiscard]] const std::vector<EnrolmentRule>& rules() const noexcept { return rules_; }
  /// The rule that applies to an applicant; null when none does.
  [[nodiscard]] const EnrolmentRule* rule_for(Enrolment act, const std::string& label, const Applicant& who) const;

 private:
  struct Case;
  struct Grant {
    Subject values;
    std::string order;
    Profile profile;  ///< the rule's, for the model
  };
  [[nodiscard]] Case open_case(Enrolment act, const std::string& label, const Applicant& who, Instant now) const;
  [[nodiscard]] Grant grant(store::Transaction& transaction, const Case& one, const Record& own);
  /// The certificate that is there is the answer.
  [[nodiscard]] static bool answers(const Case& one, const Record& own, const Record& current);
  static void make_way(store::Transaction& transaction, const Case& one, const Record& current);
  [[nodiscard]] std::variant<Reserved, Issued> reserve(store::Transaction& transaction, Case& one);
  [[nodiscard]] Issued commit(store::Transaction& transaction, const Case& one, const Reserved& reserved,
                              const Bytes& certificate);

  store::Database& database_;
  std::vector<EnrolmentRule> rules_;
  ProductionGate& orders_;
  Botan::RandomNumberGenerator& rng_;
};

}  // namespace lamp::pki
