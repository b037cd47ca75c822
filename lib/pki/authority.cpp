#include "lib/pki/authority.hpp"

#include <botan/pk_keys.h>
#include <botan/pubkey.h>
#include <botan/rng.h>
#include <botan/x509_key.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/lint.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/records.hpp"
#include "lib/pki/reservation.hpp"
#include "lib/pki/shards.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {

struct Authority::Impl {
  std::string name;
  std::vector<Bytes> chain;
  const Botan::Private_Key* key = nullptr;
  Bytes public_key_info;
  std::unique_ptr<Botan::Public_Key> public_key;
  Bytes algorithm;
  std::string hash;
  std::optional<IssuerFacts> facts;

  [[nodiscard]] const IssuerFacts* issuer() const noexcept { return facts ? &*facts : nullptr; }
};

Authority::Authority() : impl_{std::make_unique<Impl>()} {}
Authority::Authority(Authority&&) noexcept = default;
Authority::~Authority() = default;

Authority Authority::self_signed(std::string name, const Botan::Private_Key& key) {
  Authority authority;
  auto& i = *authority.impl_;
  i.name = std::move(name);
  i.key = &key;
  i.public_key_info = key.subject_public_key();
  i.public_key = guarded(Errc::bad_input, [&] { return Botan::X509::load_key(i.public_key_info); });
  i.algorithm = signature_algorithm_for(i.public_key_info);
  i.hash = curve_of(i.public_key_info) == oid::kP384 ? "SHA-384" : "SHA-256";
  return authority;
}

Authority::Authority(std::string name, std::vector<Bytes> chain, const Botan::Private_Key& key)
    : Authority{self_signed(name, key)} {
  if (chain.empty()) throw Error{Errc::bad_input, "authority " + name + " has no certificate"};
  const auto own = Certificate::parse(chain.front());
  if (!std::ranges::equal(own.tbs.public_key, impl_->public_key_info))
    throw Error{Errc::denied, "the key in the token is not that of the certificate of authority " + name};
  impl_->facts = facts_of_chain(std::move(name), chain);
  impl_->chain = std::move(chain);
}

const std::string& Authority::name() const noexcept { return impl_->name; }
const std::vector<Bytes>& Authority::chain() const noexcept { return impl_->chain; }
const IssuerFacts* Authority::facts() const noexcept { return impl_->issuer(); }

Reserved Authority::reserve(store::Transaction& transaction, const Profile& profile, const Subject& subject,
                            const Botan::Public_Key& key, Instant now, Botan::RandomNumberGenerator& rng,
                            const std::string& order) const {
  const auto subject_key = key.subject_public_key();
  if (impl_->issuer() == nullptr && subject_key != impl_->public_key_info)
    throw Error{Errc::denied, "authority " + impl_->name + " has no certificate yet; it can sign only its own"};
  const auto contents = resolve(profile, subject, impl_->issuer(), now);
  auto record = record_for(impl_->name, profile, subject, contents, subject_key, now);
  record.order = order;
  if (auto earlier = earlier_than(transaction, record, now)) {
    in_context("certificate " + earlier->serial + ", reserved at " + format_instant(earlier->reserved_at) +
                   " when rules were other (lamp-ca revoke --serial withdraws it)",
               [&] { require_clean(lint_tbs(earlier->tbs, profile, impl_->issuer())); });
    return {earlier->serial, std::move(earlier->tbs)};
  }
  const auto serial = random_serial(now, rng);
  record.serial = hex(serial);
  record.tbs = build_tbs(profile, contents, subject_key, serial, impl_->issuer(), impl_->algorithm);
  in_context("certificate for " + contents.identity,
             [&] { require_clean(lint_tbs(record.tbs, profile, impl_->issuer())); });
  add(transaction, record);
  note_shards(transaction, impl_->name, profile);
  return {std::move(record.serial), std::move(record.tbs)};
}

Bytes Authority::sign_list(ByteView to_be_signed, Botan::RandomNumberGenerator& rng) const {
  const auto signature = guarded(Errc::unavailable, [&] {
    Botan::PK_Signer signer{*impl_->key, rng, impl_->hash, Botan::Signature_Format::DerSequence};
    return signer.sign_message(to_be_signed, rng);
  });
  const bool good = guarded(Errc::internal, [&] {
    Botan::PK_Verifier verifier{*impl_->public_key, impl_->hash, Botan::Signature_Format::DerSequence};
    return verifier.verify_message(to_be_signed, signature);
  });
  if (!good)
    throw Error{Errc::unavailable, "the key of authority " + impl_->name +
                                       " made a signature that does not verify; nothing was issued, check the token"};
  return encode_signed(to_be_signed, impl_->algorithm, signature);
}

Bytes Authority::sign(const Reserved& reserved, Botan::RandomNumberGenerator& rng) const {
  const auto tbs = Tbs::parse(reserved.tbs);
  const auto own_name = impl_->facts ? ByteView{impl_->facts->subject} : tbs.subject;
  if (hex(tbs.serial) != reserved.serial || !std::ranges::equal(tbs.issuer, own_name))
    throw Error{Errc::denied, "certificate " + reserved.serial + " is no reservation of authority " + impl_->name};
  return sign_list(reserved.tbs, rng);
}

void Authority::commit(store::Transaction& transaction, const Reserved& reserved, ByteView certificate,
                       Instant now) const {
  const auto record = find(transaction, impl_->name, reserved.serial);
  const std::string which = "certificate " + reserved.serial + " of authority " + impl_->name;
  if (!record) throw Error{Errc::not_found, which + " was never reserved"};
  if (record->state == State::revoked) throw Error{Errc::denied, which + " was revoked before it was issued"};
  if (record->state == State::issued) {
    if (std::ranges::equal(record->certificate, certificate)) return;
    throw Error{Errc::denied, which + " was issued already with another signature"};
  }
  if (!std::ranges::equal(Certificate::parse(certificate).tbs_der, record->tbs))
    throw Error{Errc::denied, which + " is not what was reserved"};
  mark_issued(transaction, *record, certificate, now);
}

}  // namespace lamp::pki
