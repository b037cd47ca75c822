#include "lib/cloud/client_trust.hpp"

#include <botan/certstor.h>
#include <botan/pk_keys.h>
#include <botan/x509_crl.h>
#include <botan/x509cert.h>
#include <botan/x509path.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <system_error>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/path.hpp"

namespace lamp::cloud {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kCrlLimit = 256ULL << 20;

/// What tells one published revocation list from the next.
struct FileMark {
  fs::file_time_type written{};
  std::uintmax_t size = 0;
  bool operator==(const FileMark&) const = default;
};

std::optional<FileMark> mark_of(const fs::path& file) {
  std::error_code failed;
  const auto written = fs::last_write_time(file, failed);
  if (failed) return std::nullopt;
  const auto size = fs::file_size(file, failed);
  if (failed) return std::nullopt;
  return FileMark{written, size};
}

struct Authority {
  std::string name;
  Botan::X509_Certificate certificate;
  fs::path crl_file;
  std::optional<FileMark> seen;
  std::set<Bytes> revoked;  ///< serial numbers
};

PeerFault fault_from(const Botan::Path_Validation_Result& result) {
  using Code = Botan::Certificate_Status_Code;
  PeerFault fault{PeerFault::Kind::unusable, result.result_string()};
  switch (result.result()) {
    case Code::CERT_ISSUER_NOT_FOUND:
    case Code::CANNOT_ESTABLISH_TRUST: fault.kind = PeerFault::Kind::unknown_authority; break;
    case Code::CERT_HAS_EXPIRED: fault.kind = PeerFault::Kind::expired; break;
    default: break;
  }
  return fault;
}

/// What a part of a list, or a list of changes, leaves out would count as not revoked. Other authorities' lists are
/// taken too, so nothing is asked here of how they are written.
void require_whole(const Botan::X509_CRL& crl) {
  const auto& extensions = crl.extensions();
  for (const auto& oid : extensions.get_extension_oids()) {
    if (oid.to_string() == pki::oid::kIssuingDistributionPoint)
      throw Error{Errc::bad_input, "only a part of the authority's list; name the whole one"};
    if (extensions.critical_extension_set(oid))
      throw Error{Errc::bad_input, "the critical extension " + oid.to_string() + " is not known here"};
  }
}

}  // namespace

struct ClientTrust::Impl {
  Impl(const Clock& now_from, Log to) : clock{now_from}, log{std::move(to)} {}

  void load_crl(Authority& authority) {
    const auto der = read_file(authority.crl_file, kCrlLimit);
    const auto crl = guarded(Errc::bad_input, [&] { return Botan::X509_CRL{der}; });
    require_whole(crl);
    if (!(crl.issuer_dn() == authority.certificate.subject_dn()) ||
        !crl.check_signature(*authority.certificate.subject_public_key()))
      throw Error{Errc::bad_input, "not signed by the authority " + authority.name};
    std::set<Bytes> revoked;
    for (const auto& entry : crl.get_revoked()) revoked.insert(entry.serial_number());
    authority.revoked = std::move(revoked);
    if (crl.next_update().time_is_set() &&
        crl.next_update().time_since_epoch() < static_cast<std::uint64_t>(unix_seconds(clock.now())))
      log("the revocation list " + authority.crl_file.string() +
          " is past its next update; publish a new one with: lamp-ca crl " + authority.name);
  }

  /// Reads what changed since last time. A list that went bad leaves the one before in force.
  void refresh() {
    for (auto& authority : authorities) {
      const auto mark = mark_of(authority.crl_file);
      if (!mark || mark == authority.seen) continue;
      authority.seen = mark;
      const auto loaded = attempt([&] {
        load_crl(authority);
        return true;
      });
      if (const auto* failed = std::get_if<Error>(&loaded))
        log("keeping the previous revocation list: " + authority.crl_file.string() + ": " + failed->what());
    }
  }

  const Authority* issuer_of(const Botan::X509_Certificate& leaf) const {
    const auto found = std::find_if(authorities.begin(), authorities.end(),
                                    [&](const Authority& a) { return a.certificate.subject_dn() == leaf.issuer_dn(); });
    return found == authorities.end() ? nullptr : &*found;
  }

  const Clock& clock;
  Log log;
  Botan::Certificate_Store_In_Memory store;
  Bytes root;
  std::mutex mutex;  ///< guards the authorities' lists
  std::vector<Authority> authorities;
};

ClientTrust::ClientTrust(Bytes root, std::vector<ClientAuthority> authorities, const Clock& clock, Log log)
    : impl_{std::make_unique<Impl>(clock, std::move(log))} {
  guarded(Errc::bad_input, [&] {
    impl_->store.add_certificate(Botan::X509_Certificate{root});
    impl_->root = std::move(root);
    for (auto& given : authorities) {
      Authority authority{given.name, Botan::X509_Certificate{given.certificate}, given.crl, mark_of(given.crl), {}};
      const auto& name = authority.certificate.subject_dn();
      if (std::any_of(impl_->authorities.begin(), impl_->authorities.end(),
                      [&](const Authority& other) { return other.certificate.subject_dn() == name; }))
        throw Error{Errc::bad_input, "two authorities are called " + name.to_string()};
      if (authority.seen) {
        in_context(given.crl.string(), [&] { impl_->load_crl(authority); });
      } else {
        impl_->log("there is no revocation list " + given.crl.string() + "; nothing under " + given.name +
                   " counts as revoked by it");
      }
      impl_->store.add_certificate(authority.certificate);
      impl_->authorities.push_back(std::move(authority));
    }
  });
}

ClientTrust::~ClientTrust() = default;

std::optional<PeerFault> ClientTrust::fault_in(const std::vector<Botan::X509_Certificate>& chain) {
  const auto result =
      pki::validate_path(chain, {&impl_->store}, {.use = pki::PathUse::tls_client, .at = impl_->clock.now()});
  if (!result.successful_validation()) return fault_from(result);
  const auto& path = result.cert_path();
  const std::lock_guard lock{impl_->mutex};
  const auto* issuer = impl_->issuer_of(path.front());
  if (issuer == nullptr || path.size() < 2 || !(path[1] == issuer->certificate))
    return PeerFault{PeerFault::Kind::unknown_authority, "issued by " + path.front().issuer_dn().to_string()};
  impl_->refresh();
  if (issuer->revoked.contains(path.front().serial_number()))
    return PeerFault{PeerFault::Kind::revoked, path.front().subject_dn().to_string() + " is revoked"};
  return std::nullopt;
}

std::optional<std::string> ClientTrust::authority_of(const Botan::X509_Certificate& leaf) {
  const std::lock_guard lock{impl_->mutex};
  impl_->refresh();
  const auto* issuer = impl_->issuer_of(leaf);
  if (issuer == nullptr || issuer->revoked.contains(leaf.serial_number())) return std::nullopt;
  return issuer->name;
}

std::vector<Bytes> ClientTrust::accepted() const {
  std::vector<Bytes> all{impl_->root};
  for (const auto& authority : impl_->authorities) all.push_back(authority.certificate.BER_encode());
  return all;
}

}  // namespace lamp::cloud
