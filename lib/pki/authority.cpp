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
  [[nodiscard]] Record record_for(const Profile& profile, const Subject& subject, const Contents& contents,
                                  ByteView subject_key, Instant now) const;
  [[nodiscard]] std::optional<Record> earlier(store::Transaction& transaction, const Record& wanted, Instant now) const;
};

namespace {

std::vector<std::string> differences(const Record& had, const Record& wanted) {
  std::vector<std::string> lines;
  const auto compare = [&](std::string_view field, const std::string& before, const std::string& now) {
    if (before != now) lines.push_back(std::string{field} + " was '" + before + "', is '" + now + "'");
  };
  const auto one_line = [](std::string values) {
    std::replace(values.begin(), values.end(), '\n', ' ');
    return values;
  };
  compare("profile", had.profile, wanted.profile);
  compare("identity", had.identity, wanted.identity);
  compare("values", one_line(had.values), one_line(wanted.values));
  compare("key", had.key, wanted.key);
  compare("order", had.order, wanted.order);
  return lines;
}

/// Throws unless `had` is this very request, reserved and waiting for its signature.
void require_same(const Record& had, const Record& wanted) {
  const std::string which = "certificate " + had.serial + " of authority " + had.authority;
  if (had.state == State::revoked)
    throw Error{Errc::denied, which + " had this key and was revoked (" + had.reason + "); make a new key"};
  const auto different = differences(had, wanted);
  if (!different.empty()) {
    std::string list;
    for (const auto& line : different) list += (list.empty() ? "" : "; ") + line;
    throw Error{Errc::denied, which + " is " + std::string{text(had.state)} + " already: " + list +
                                  "; revoke it first if it is to be replaced"};
  }
  if (had.state == State::issued) throw Error{Errc::exists, which + " is issued already for " + had.identity};
}

}  // namespace

Record Authority::Impl::record_for(const Profile& profile, const Subject& subject, const Contents& contents,
                                   ByteView subject_key, Instant now) const {
  Record record;
  record.authority = name;
  record.profile = profile.name;
  record.identity = contents.identity;
  record.values = values_text(subject);
  record.key = key_fingerprint(subject_key);
  record.reserved_at = now;
  record.not_after = contents.not_after;
  return record;
}

std::optional<Record> Authority::Impl::earlier(store::Transaction& transaction, const Record& wanted,
                                               Instant now) const {
  const auto by_key = transaction.query_one(
      "SELECT serial FROM certificate_key WHERE authority = ? AND key_fingerprint = ?", {name, wanted.key});
  const auto by_identity = transaction.query_one(
      "SELECT serial FROM certificate_identity WHERE authority = ? AND profile = ? AND identity = ?",
      {name, wanted.profile, wanted.identity});
  for (const auto& held : {by_key, by_identity}) {
    if (!held) continue;
    auto record = find(transaction, name, held->text(0));
    if (!record) throw Error{Errc::internal, "a reservation without its certificate"};
    if (record->not_after < now && record->state != State::revoked) continue;
    require_same(*record, wanted);
    return record;
  }
  return std::nullopt;
}

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
  auto record = impl_->record_for(profile, subject, contents, subject_key, now);
  record.order = order;
  if (auto earlier = impl_->earlier(transaction, record, now)) {
    in_context("certificate " + earlier->serial + ", reserved at " + format_instant(earlier->reserved_at) +
                   " when rules were other (lamp-ca revoke --serial withdraws it)",
               [&] { require_clean(lint_tbs(earlier->tbs, profile, impl_->issuer())); });
    return {earlier->serial, std::move(earlier->tbs)};
  }
  const auto serial = random_serial(rng);
  record.serial = hex(serial);
  record.tbs = build_tbs(profile, contents, subject_key, serial, impl_->issuer(), impl_->algorithm);
  in_context("certificate for " + contents.identity,
             [&] { require_clean(lint_tbs(record.tbs, profile, impl_->issuer())); });
  add(transaction, record);
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
