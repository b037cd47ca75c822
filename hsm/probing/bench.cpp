#include "hsm/probing/bench.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/system_rng.h>

namespace lamp::hsm::probing {
namespace {

constexpr std::uint8_t kExponent[] = {0x01, 0x00, 0x01};
constexpr CK_ATTRIBUTE_TYPE kUses[] = {CKA_SIGN, CKA_DERIVE, CKA_DECRYPT};

Template public_part(const Wish& wish, bool in_token, Wording wording) {
  Template t;
  t.flag(CKA_TOKEN, in_token);
  if (wish.bits == 0) return std::move(t.bytes(CKA_EC_PARAMS, wish.curve));
  t.number(CKA_MODULUS_BITS, wish.bits).bytes(CKA_PUBLIC_EXPONENT, kExponent);
  if (wish.use == CKA_DECRYPT || wording == Wording::every_use) t.flag(CKA_ENCRYPT, wish.use == CKA_DECRYPT);
  return t;
}

Template private_part(const Wish& wish, bool in_token, Wording wording) {
  Template t;
  t.flag(CKA_TOKEN, in_token).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, false);
  for (const auto each : kUses) {
    if (each == wish.use || wording == Wording::every_use) t.flag(each, each == wish.use);
  }
  if (wish.more) wish.more(t);
  return t;
}

bool fits(Session& session, CK_OBJECT_HANDLE key, const Wish& wish) {
  const CK_ULONG type = wish.bits == 0 ? CKK_EC : CKK_RSA;
  return read_number(session, key, CKA_KEY_TYPE) == type && read_flag(session, key, wish.use) &&
         !read_flag(session, key, CKA_ALWAYS_AUTHENTICATE);
}

}  // namespace

Wish ec_key(ByteView curve, CK_ATTRIBUTE_TYPE use) { return {CKM_EC_KEY_PAIR_GEN, curve, 0, use}; }
Wish rsa_key(CK_ULONG bits, CK_ATTRIBUTE_TYPE use) { return {CKM_RSA_PKCS_KEY_PAIR_GEN, {}, bits, use}; }

Bench::~Bench() {
  for (const auto object : made_) holder_->C_DestroyObject(holder_.handle(), object);
}

Pair Bench::make(const Wish& wish, bool in_token, Wording wording) {
  // Labelled, so that what a power cut left in a token is known for what it is; with CKA_ID, which some insist on.
  const std::string label = "lamp-probe";
  Bytes id(16);
  Botan::system_rng().randomize(id);
  auto public_template = public_part(wish, in_token, wording);
  auto private_template = private_part(wish, in_token, wording);
  for (auto* t : {&public_template, &private_template}) t->text(CKA_LABEL, label).bytes(CKA_ID, id);
  CK_MECHANISM mechanism{wish.generator, nullptr, 0};
  Pair pair{CK_INVALID_HANDLE, CK_INVALID_HANDLE};
  holder_.check(holder_->C_GenerateKeyPair(holder_.handle(), &mechanism, public_template.data(), public_template.size(),
                                           private_template.data(), private_template.size(), &pair.public_half,
                                           &pair.private_half),
                "C_GenerateKeyPair");
  made_.push_back(pair.private_half);
  made_.push_back(pair.public_half);
  return pair;
}

// Of the ways to ask for a key, the first that the token takes; it is asked so from then on.
Pair Bench::fresh_pair(const Wish& wish) {
  constexpr Asking kWays[] = {{false, Wording::every_use}, {true, Wording::every_use}, {true, Wording::asked_use}};
  if (way_) return make(wish, way_->in_token, way_->wording);
  std::optional<Error> first;
  for (const auto& way : kWays) {
    auto made = attempt([&] { return make(wish, way.in_token, way.wording); });
    if (const auto* pair = std::get_if<Pair>(&made)) {
      way_ = way;
      return *pair;
    }
    if (!first) first = std::get<Error>(made);
  }
  throw Error{first->code(), first->what()};
}

std::optional<Pair> Bench::find_standing(const Wish& wish) {
  for (const auto key : find_objects(holder_, CKO_PRIVATE_KEY, std::nullopt)) {
    if (!fits(holder_, key, wish)) continue;
    const auto id = read_bytes(holder_, key, CKA_ID);
    for (const auto half : find_objects(holder_, CKO_PUBLIC_KEY, std::nullopt)) {
      if (read_bytes(holder_, half, CKA_ID) == id) return Pair{key, half};
    }
  }
  return std::nullopt;
}

Pair Bench::pair(const std::string& kept_as, const Wish& wish) {
  if (const auto kept = kept_.find(kept_as); kept != kept_.end()) return kept->second;
  const auto made = attempt([&] { return fresh_pair(wish); });
  if (const auto* pair = std::get_if<Pair>(&made)) return kept_[kept_as] = *pair;
  // A key that was there tells nothing of other sizes and curves than its own, and nothing where the token makes keys.
  const bool usual = wish.bits == 3072 || std::ranges::equal(wish.curve, kP256Parameters);
  const auto standing = way_ || !usual ? std::nullopt : find_standing(wish);
  if (!standing) rethrow(std::get<Error>(made));
  standing_ = true;
  return kept_[kept_as] = *standing;
}

std::unique_ptr<Botan::Public_Key> Bench::public_key(const Pair& pair) {
  return read_public_key(holder_, pair.public_half);
}

CK_OBJECT_HANDLE Bench::aes_key() {
  Template t;
  t.flag(CKA_TOKEN, false).flag(CKA_PRIVATE, true).flag(CKA_SENSITIVE, true).flag(CKA_EXTRACTABLE, true);
  t.number(CKA_VALUE_LEN, 32).flag(CKA_WRAP, true);
  CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
  CK_OBJECT_HANDLE made = CK_INVALID_HANDLE;
  holder_.check(holder_->C_GenerateKey(holder_.handle(), &mechanism, t.data(), t.size(), &made), "C_GenerateKey");
  made_.push_back(made);
  return made;
}

std::string Bench::origin() const {
  if (way_) return way_->in_token ? "token objects, destroyed at once: it takes no session keys" : "session objects";
  return standing_ ? "keys that were there: it makes none" : "no keys at all";
}

CK_RV sign(Session& session, CK_OBJECT_HANDLE key, CK_MECHANISM mechanism, ByteView data, Bytes& signature) {
  const CK_RV started = session->C_SignInit(session.handle(), &mechanism, key);
  if (started != CKR_OK) return started;
  return sign_started(session, data, signature);
}

Bytes hash_of_message(const std::string& name) {
  auto hash = Botan::HashFunction::create_or_throw(name);
  hash->update(as_bytes(kMessage));
  return hash->final_stdvec();
}

}  // namespace lamp::hsm::probing
