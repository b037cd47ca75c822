// An update as it arrives at a device: a genuine envelope that the input changes, or an envelope of the input's own, in
// pieces that the input cuts. Whatever comes, the running image is not written, and nothing is marked pending but the
// genuine one.
//
// The first byte says how: bit 0 a detached payload, bit 1 an envelope of one's own, the others where to cut. Then come
// changes of four bytes each: where (two bytes), what (bits 0 and 1), and a value.
#include <algorithm>
#include <array>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/device/receiver.hpp"
#include "lib/firmware/encryption.hpp"
#include "tests/firmware/flash_model.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace {

using namespace lamp;
using namespace lamp::firmware;
using device::Area;
using test::FlashModel;

constexpr std::array<std::uint8_t, 32> kKeyId{0x4b, 0x45, 0x59};
constexpr std::uint8_t kStream = 0x5a;

/// Real digests, because nothing rests on the rest: a signature is a digest of key id and payload, a cipher one byte.
class ToyCrypto final : public device::Crypto {
 public:
  using Crypto::sha256;
  Digest sha256(ByteView bytes) override { return firmware::sha256(bytes); }
  static Bytes signature(ByteView payload) {
    Bytes input{kKeyId.begin(), kKeyId.end()};
    append(input, payload);
    const auto digest = firmware::sha256(input);
    return {digest.begin(), digest.end()};
  }
  bool verifies(const cose::Sign1& message, ByteView, ByteView payload) override {
    return std::ranges::equal(message.signature, signature(payload));
  }
  bool start_payload(const EncryptionInfo&) override {
    taken_.clear();
    return true;
  }
  void take_payload(ByteView ciphertext, device::Sink& sink) override {
    append(taken_, ciphertext);
    Bytes plain{ciphertext.begin(), ciphertext.end()};
    for (auto& byte : plain) byte ^= kStream;
    sink.take(plain);
  }
  End end_payload(device::Sink&) override { return {firmware::sha256(taken_), true}; }
  Digest sha256(const device::Flash& flash, Area area, std::uint64_t size) override {
    Bytes image(static_cast<std::size_t>(size));
    flash.read(area, 0, image);
    return firmware::sha256(image);
  }

 private:
  Bytes taken_;
};

struct World {
  device::DeviceTrust trust;
  Bytes image, payload, envelopes[2];  // integrated, detached
  FlashModel provisioned{test::Geometry{512, 1024, 512, 16}};
  World();
};

Bytes envelope_of(Manifest manifest, ByteView payload) {
  const auto encoded = encode_manifest(manifest);
  const auto header = cbor::MapWriter{}
                          .add(1, cbor::Writer{}.integer(static_cast<std::int64_t>(cose::Algorithm::esp256)))
                          .add(4, std::move(cbor::Writer{}.bytes(kKeyId)))
                          .encoded();
  const auto block = cbor::Writer{}
                         .tag(18)
                         .array(4)
                         .bytes(header)
                         .map(0)
                         .null()
                         .bytes(ToyCrypto::signature(suit_digest(encoded)))
                         .encoded();
  return encode_envelope(encoded, {block}, payload);
}

TrustedKey made_up_key() {
  // A point of P-256 (its generator), so that it reads as a key; known by another id here.
  TrustedKey key{
      from_hex("3059301306072a8648ce3d020106082a8648ce3d030107034200046b17d1f2e12c4247f8bce6e563a440f277037d812d"
               "eb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5")};
  key.id = kKeyId;
  return key;
}

World::World() : image(301) {
  trust.keys.release.push_back(made_up_key());
  trust.vendor = vendor_id("lamp.example");
  trust.model_class = class_id(trust.vendor, "smart-lamp");
  for (std::size_t i = 0; i < image.size(); ++i) image[i] = static_cast<std::uint8_t>(i * 7);
  payload = image;
  for (auto& byte : payload) byte ^= kStream;
  const auto info = encode_encryption_info(PayloadCipher::a256ctr, Bytes(16), Bytes(40), "kek.smart-lamp");
  Manifest manifest;
  manifest.sequence = 2;
  manifest.vendor = trust.vendor;
  manifest.model = "smart-lamp";
  manifest.model_class = trust.model_class;
  manifest.version = {1, 1, 0};
  manifest.security_epoch = 1;
  manifest.image_digest = firmware::sha256(image);
  manifest.payload_digest = firmware::sha256(payload);
  manifest.image_size = manifest.payload_size = image.size();
  manifest.encryption_info = info;
  envelopes[0] = envelope_of(manifest, payload);
  manifest.place = PayloadPlace::detached;
  envelopes[1] = envelope_of(manifest, payload);
  ToyCrypto crypto;
  device::provision(provisioned, crypto, Bytes(200, 0x11), {1, 0, 0}, 1, 1);
}

void change(Bytes& bytes, ByteView edit) {
  if (bytes.empty()) return;
  const auto where = (std::size_t{edit[0]} | std::size_t{edit[1]} << 8U) % bytes.size();
  const auto at = bytes.begin() + static_cast<std::ptrdiff_t>(where);
  switch (edit[2] & 3U) {
    case 0: *at = static_cast<std::uint8_t>(*at ^ edit[3]); break;
    case 1: bytes.erase(at, bytes.end()); break;
    case 2: bytes.insert(at, edit[3]); break;
    default: bytes.erase(at, at + std::min<std::ptrdiff_t>(edit[3], bytes.end() - at)); break;
  }
}

/// Gives `bytes` in pieces of 1 to 64 bytes that `dice` cuts.
template <class Take>
Reason in_pieces(ByteView bytes, std::uint32_t& dice, Take take) {
  while (!bytes.empty()) {
    dice = dice * 1664525U + 1013904223U;
    const auto length = std::min<std::size_t>(1 + (dice >> 26U), bytes.size());
    if (const auto reason = take(bytes.first(length)); reason != Reason::none) return reason;
    bytes = bytes.subspan(length);
  }
  return Reason::none;
}

enum class Envelopes { genuine, changed };

void update(const World& world, ByteView envelope, ByteView beside, std::uint32_t dice, Envelopes is) {
  auto flash = world.provisioned;
  flash.before = [](const test::Operation& operation) {
    fuzz::require(operation.area != Area::slot_a, "the running image was written");
  };
  ToyCrypto crypto;
  std::array<std::uint8_t, 2048> buffer{};
  device::Updater updater{flash, crypto, world.trust};
  const auto before = updater.settings();
  device::Receiver receiver{updater, buffer};
  auto reason = in_pieces(envelope, dice, [&](ByteView piece) { return receiver.take(piece); });
  if (reason == Reason::none && receiver.place() == PayloadPlace::detached)
    reason = in_pieces(beside, dice, [&](ByteView piece) { return receiver.take_payload(piece); });
  if (reason == Reason::none) reason = receiver.finish();
  fuzz::require(reason == Reason::none || is == Envelopes::changed, "the genuine release was refused");
  fuzz::require(reason != Reason::storage, "the flash was not used as it must be");

  const auto after = device::load(flash, crypto);
  fuzz::require(after && *after == updater.settings(), "what is remembered is not what is written");
  if (reason != Reason::none) return fuzz::require(*after == before, "a refusal changed the settings");
  const auto& slot = flash.bytes(Area::slot_b);
  fuzz::require(after->trial == device::Trial::pending && after->active == device::Slot::a, "nothing pending");
  fuzz::require(std::equal(world.image.begin(), world.image.end(), slot.begin()), "another image is pending");
  fuzz::require(after->image(device::Slot::b).digest == firmware::sha256(world.image), "another digest is pending");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const World world;
  if (size == 0) return 0;
  const ByteView input{data + 1, size - 1};
  const std::size_t place = data[0] & 1U;
  Bytes envelope = world.envelopes[place];
  Bytes beside = world.payload;
  if ((data[0] & 2U) != 0) {
    envelope.assign(input.begin(), input.end());
  } else {
    for (std::size_t i = 0; i + 4 <= input.size(); i += 4)
      change((input[i + 2] & 4U) != 0 ? beside : envelope, input.subspan(i, 4));
  }
  const bool genuine = envelope == world.envelopes[place] && (place == 0 || beside == world.payload);
  for (std::uint32_t cut = 0; cut < 3; ++cut)
    update(world, envelope, beside, data[0] * 3U + cut, genuine ? Envelopes::genuine : Envelopes::changed);
  return 0;
}
