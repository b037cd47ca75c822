#include "tests/support/piv/card.hpp"

#include <botan/bigint.h>
#include <botan/der_enc.h>
#include <botan/ec_group.h>
#include <botan/ec_scalar.h>
#include <botan/ecdh.h>
#include <botan/ecdsa.h>
#include <botan/hash.h>
#include <botan/numthry.h>
#include <botan/pubkey.h>
#include <botan/rsa.h>
#include <botan/x509_ext.h>
#include <botan/x509self.h>

#include <algorithm>
#include <utility>

#include "lib/base/error.hpp"
#include "tests/support/piv/tlv.hpp"

namespace lamp::test {
namespace {

// Status words, ISO 7816-4 section 5.1.3.
constexpr std::uint16_t kDone = 0x9000, kBlocked = 0x6983, kNotAuthenticated = 0x6982, kWrongData = 0x6a80,
                        kNotFound = 0x6a82, kNoSuchKey = 0x6a88, kUnknownInstruction = 0x6d00;
constexpr std::size_t kPinLength = 8;
constexpr unsigned kTries = 3;
constexpr std::uint8_t kAuthentication = 0x9a, kSignature = 0x9c, kKeyManagement = 0x9d;

Bytes status(std::uint16_t word) { return {static_cast<std::uint8_t>(word >> 8U), static_cast<std::uint8_t>(word)}; }
Bytes tries_left(unsigned tries) {
  return tries == 0 ? status(kBlocked) : Bytes{0x63, static_cast<std::uint8_t>(0xc0U | tries)};
}

const Bytes& application() {
  static const Bytes id = from_hex("a000000308000010000100");
  return id;
}

Bytes sha256(ByteView bytes) {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(bytes);
  return hash->final_stdvec();
}

// A key for agreement is made as one for signatures, which is the same point, so that it can sign its own certificate;
// what it is for goes in as an extension, because Botan compares its constraints with the kind of key.
Bytes certificate_of(const Botan::Private_Key& key, const std::string& subject, bool agrees,
                     Botan::RandomNumberGenerator& rng) {
  const auto agreement =
      key.algo_name() == "RSA" ? Botan::Key_Constraints::KeyEncipherment : Botan::Key_Constraints::KeyAgreement;
  Botan::X509_Cert_Options options{subject};
  options.extensions.add(
      std::make_unique<Botan::Cert_Extension::Key_Usage>(agrees ? agreement : Botan::Key_Constraints::DigitalSignature),
      true);
  return Botan::X509::create_self_signed_cert(options, key, "SHA-256", rng).BER_encode();
}

// ECDSA (FIPS 186-5 section 6.4.1) over a digest that the host made, which Botan's signer would hash again.
Bytes sign_digest(const Botan::ECDSA_PrivateKey& key, ByteView digest, Botan::RandomNumberGenerator& rng) {
  const auto& group = key.domain();
  std::vector<Botan::BigInt> workspace;
  const auto k = Botan::EC_Scalar::random(group, rng);
  const auto r = Botan::EC_Scalar::gk_x_mod_order(k, rng, workspace);
  const auto e = Botan::EC_Scalar::from_bytes_with_trunc(group, digest);
  const auto s = k.invert() * (e + Botan::EC_Scalar::from_bigint(group, key.private_value()) * r);
  Bytes out;
  Botan::DER_Encoder{out}.start_sequence().encode(r.to_bigint()).encode(s.to_bigint()).end_cons();
  return out;
}

}  // namespace

struct PivCard::Command {
  std::uint8_t instruction = 0, p1 = 0, p2 = 0;
  bool chained = false;
  Bytes data;
  std::size_t expected = 256;

  /// ISO 7816-4 section 5.1: short and extended lengths.
  static Command parse(ByteView apdu) {
    Command c;
    if (apdu.size() < 4) return c;
    c.chained = (apdu[0] & 0x10U) != 0;
    c.instruction = apdu[1];
    c.p1 = apdu[2];
    c.p2 = apdu[3];
    const auto body = apdu.subspan(4);
    if (body.size() == 1) c.expected = body[0] == 0 ? 256 : body[0];
    if (body.size() <= 1) return c;
    const bool extended = body[0] == 0 && body.size() > 3;
    const std::size_t head = extended ? 3 : 1;
    const std::size_t length = extended ? static_cast<std::size_t>(body[1]) << 8U | body[2] : body[0];
    const auto present = std::min(length, body.size() - head);
    c.data.assign(body.begin() + static_cast<std::ptrdiff_t>(head),
                  body.begin() + static_cast<std::ptrdiff_t>(head + present));
    if (!extended && body.size() == head + present + 1) c.expected = body.back() == 0 ? 256 : body.back();
    if (extended) c.expected = 65536;
    return c;
  }
};

PivCard::PivCard(const std::string& holder, const std::string& pin, Keys keys, Botan::RandomNumberGenerator& rng)
    : rng_{rng}, holder_{holder}, pin_{pin} {
  pin_.resize(kPinLength, '\xff');
  for (const auto slot : {kAuthentication, kSignature, kKeyManagement}) make_key(slot, keys);
  const auto guid = sha256(as_bytes(holder));
  const auto chuid =
      tlv::concatenate({tlv::encode(0x30, from_hex("d4e739da739ced39ce739d836858210842108421c84210c3eb")),
                        tlv::encode(0x34, ByteView{guid}.first(16)), tlv::encode(0x35, as_bytes("20400101")),
                        tlv::encode(0x3e, {}), tlv::encode(0xfe, {})});
  objects_[from_hex("5fc102")] = chuid;
}
PivCard::~PivCard() = default;

void PivCard::make_key(std::uint8_t slot, Keys keys) {
  std::unique_ptr<Botan::Private_Key> key;
  if (keys == Keys::rsa2048)
    key = std::make_unique<Botan::RSA_PrivateKey>(rng_, 2048);
  else
    key = std::make_unique<Botan::ECDSA_PrivateKey>(rng_, Botan::EC_Group::from_name("secp256r1"));
  static const std::map<std::uint8_t, std::string> objects{
      {kAuthentication, "5fc105"}, {kSignature, "5fc10a"}, {kKeyManagement, "5fc10b"}};
  const auto certificate = certificate_of(*key, holder_, slot == kKeyManagement, rng_);
  objects_[from_hex(objects.at(slot))] =
      tlv::concatenate({tlv::encode(0x70, certificate), tlv::encode(0x71, Bytes{0}), tlv::encode(0xfe, {})});
  keys_[slot] = std::move(key);
}

Bytes PivCard::answer_to_reset() { return from_hex("3bf81300008131fe15597562696b657934d4"); }

void PivCard::reset() {
  verified_ = fresh_ = false;
  chained_.clear();
  waiting_.clear();
}

Bytes PivCard::answer(ByteView bytes) {
  auto command = Command::parse(bytes);
  constexpr std::uint8_t kGetResponse = 0xc0;
  if (command.instruction == kGetResponse) return respond(std::exchange(waiting_, {}), command.expected);
  if (command.chained) {
    append(chained_, command.data);
    return status(kDone);
  }
  chained_.insert(chained_.end(), command.data.begin(), command.data.end());
  command.data = std::exchange(chained_, {});
  return dispatch(command);
}

Bytes PivCard::dispatch(const Command& command) {
  switch (command.instruction) {
    case 0xa4: return select(command);
    case 0xcb: return get_data(command);
    case 0x20: return verify_pin(command);
    case 0x87: return authenticate(command);
    case 0xfd: return from_hex("0403059000");  // the family's version query: 4.3.5
    default: return status(kUnknownInstruction);
  }
}

Bytes PivCard::select(const Command& command) {
  const auto& id = application();
  const bool ours = command.data.size() >= 5 && command.data.size() <= id.size() &&
                    std::equal(command.data.begin(), command.data.end(), id.begin());
  if (!ours) return status(kNotFound);
  const auto end = tlv::encode(0x4f, ByteView{id}.subspan(5));
  const auto authority = tlv::encode(0x79, tlv::encode(0x4f, ByteView{id}.first(5)));
  return respond(tlv::encode(0x61, tlv::concatenate({end, authority})), command.expected);
}

Bytes PivCard::get_data(const Command& command) {
  const auto asked = tlv::decode(command.data);
  const auto tag = asked.find(0x5c);
  if (tag == asked.end()) return status(kWrongData);
  if (tag->second == Bytes{0x7e}) {
    const auto discovery =
        tlv::concatenate({tlv::encode(0x4f, application()), from_hex("5f2f024000")});  // PIN of the application
    return respond(tlv::encode(0x7e, discovery), command.expected);
  }
  const auto found = objects_.find(tag->second);
  if (found == objects_.end()) return status(kNotFound);
  return respond(tlv::encode(0x53, found->second), command.expected);
}

Bytes PivCard::verify_pin(const Command& command) {
  constexpr std::uint8_t kApplicationPin = 0x80, kLogout = 0xff;
  if (command.p2 != kApplicationPin) return status(kNoSuchKey);
  if (command.p1 == kLogout) {
    verified_ = fresh_ = false;
    return status(kDone);
  }
  if (command.data.empty()) return verified_ ? status(kDone) : tries_left(tries_);
  if (tries_ == 0) return status(kBlocked);
  verified_ = fresh_ = to_text(command.data) == pin_;
  tries_ = verified_ ? kTries : tries_ - 1;
  return verified_ ? status(kDone) : tries_left(tries_);
}

Bytes PivCard::authenticate(const Command& command) {
  const auto key = keys_.find(command.p2);
  if (key == keys_.end()) return status(kNoSuchKey);
  const bool allowed = verified_ && (command.p2 != kSignature || fresh_);
  if (command.p2 == kSignature) fresh_ = false;
  if (!allowed) return status(kNotAuthenticated);
  const auto outer = tlv::decode(command.data);
  const auto dynamic = outer.find(0x7c);
  if (dynamic == outer.end()) return status(kWrongData);
  // What is no point of the curve, or longer than the modulus, is the host's mistake.
  const auto result = attempt(
      [&] { return guarded(Errc::bad_input, [&] { return use_key(*key->second, tlv::decode(dynamic->second)); }); });
  const auto* bytes = std::get_if<Bytes>(&result);
  if (bytes == nullptr || bytes->empty()) return status(kWrongData);
  return respond(tlv::encode(0x7c, tlv::encode(0x82, *bytes)), command.expected);
}

Bytes PivCard::use_key(const Botan::Private_Key& key, const std::map<std::uint8_t, Bytes>& fields) {
  constexpr std::uint8_t kChallenge = 0x81, kExponentiation = 0x85;
  if (const auto point = fields.find(kExponentiation); point != fields.end()) {
    const Botan::ECDH_PrivateKey agreeing{key.algorithm_identifier(), key.private_key_bits()};
    const auto shared = Botan::PK_Key_Agreement{agreeing, rng_, "Raw"}.derive_key(0, point->second);
    return {shared.begin(), shared.end()};
  }
  const auto challenge = fields.find(kChallenge);
  if (challenge == fields.end()) return {};
  if (const auto* rsa = dynamic_cast<const Botan::RSA_PrivateKey*>(&key)) {
    const auto value = Botan::power_mod(Botan::BigInt{challenge->second}, rsa->get_d(), rsa->get_n());
    return value.serialize<Bytes>(rsa->get_n().bytes());
  }
  return sign_digest(dynamic_cast<const Botan::ECDSA_PrivateKey&>(key), challenge->second, rng_);
}

Bytes PivCard::respond(Bytes data, std::size_t expected) {
  constexpr std::size_t kMostAnnounced = 255;
  const auto now = std::min(expected, data.size());
  waiting_.assign(data.begin() + static_cast<std::ptrdiff_t>(now), data.end());
  data.resize(now);
  if (waiting_.empty())
    append(data, status(kDone));
  else
    append(data, Bytes{0x61, static_cast<std::uint8_t>(std::min(waiting_.size(), kMostAnnounced))});
  return data;
}

}  // namespace lamp::test
