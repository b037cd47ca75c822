// The updater on a device without a heap: its parser and state machine ask for no memory. Cryptography here is a toy
// that does not either; a device brings its own.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/firmware/device/receiver.hpp"
#include "lib/firmware/encryption.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace {

std::atomic<bool> counting{false};
std::atomic<std::size_t> allocations{0};

void* counted_or_null(std::size_t size) noexcept {
  if (counting) ++allocations;
  return std::malloc(size == 0 ? 1 : size);
}

void* counted(std::size_t size) {
  if (void* memory = counted_or_null(size)) return memory;
  throw std::bad_alloc{};
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void* operator new[](std::size_t size) { return counted(size); }
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return counted_or_null(size); }
void* operator new[](std::size_t size, const std::nothrow_t&) noexcept { return counted_or_null(size); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete[](void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace lamp::firmware::test {
namespace {

using device::Area;
using device::Boot;

/// How often `step` asks for memory.
template <class Step>
std::size_t allocations_in(Step&& step) {
  allocations = 0;
  counting = true;
  step();
  counting = false;
  return allocations;
}

constexpr std::size_t kSlot = 2048, kSettings = 1024;

class ArrayFlash final : public device::Flash {
 public:
  ArrayFlash() {
    for (auto& area : areas_) area.fill(0xff);
  }
  [[nodiscard]] std::uint64_t size(Area area) const override { return area < Area::settings_0 ? kSlot : kSettings; }
  [[nodiscard]] std::uint32_t erase_block(Area) const override { return 512; }
  [[nodiscard]] std::uint32_t write_unit() const override { return 8; }
  using Flash::erase;
  void erase(Area area, std::uint64_t offset, std::uint64_t length) override {
    device::check_erase(*this, area, offset, length);
    std::fill_n(at(area, offset), length, std::uint8_t{0xff});
  }
  void write(Area area, std::uint64_t offset, ByteView bytes) override {
    device::check_write(*this, area, offset, bytes.size());
    std::copy(bytes.begin(), bytes.end(), at(area, offset));
  }
  void read(Area area, std::uint64_t offset, std::span<std::uint8_t> into) const override {
    device::check_read(*this, area, offset, into.size());
    std::copy_n(areas_[static_cast<std::size_t>(area)].data() + offset, into.size(), into.begin());
  }

 private:
  std::uint8_t* at(Area area, std::uint64_t offset) { return areas_[static_cast<std::size_t>(area)].data() + offset; }
  std::array<std::array<std::uint8_t, kSlot>, 4> areas_{};
};

/// Not a hash: enough to tell what is equal. "Signatures" are this sum of what is signed.
Digest toy_sum(ByteView bytes, Digest sum = {}) {
  std::uint32_t mixed = 2166136261U;
  for (const auto byte : bytes) mixed = (mixed ^ byte) * 16777619U;
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = static_cast<std::uint8_t>((mixed >> (i % 4 * 8)) + i + sum[i]);
  return sum;
}

class ToyCrypto final : public device::Crypto {
 public:
  using Crypto::sha256;
  Digest sha256(ByteView bytes) override { return toy_sum(bytes); }
  bool verifies(const cose::Sign1& message, ByteView, ByteView payload) override {
    const auto sum = toy_sum(payload);
    return std::equal(sum.begin(), sum.end(), message.signature.begin(), message.signature.end());
  }
  bool start_payload(const EncryptionInfo&) override {
    taken_ = 0;
    return true;
  }
  void take_payload(ByteView ciphertext, device::Sink& sink) override {
    std::copy(ciphertext.begin(), ciphertext.end(), payload_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ += ciphertext.size();
    sink.take(ciphertext);
  }
  End end_payload(device::Sink&) override { return {toy_sum(ByteView{payload_}.first(taken_)), true}; }
  Digest sha256(const device::Flash& flash, Area area, std::uint64_t size) override {
    flash.read(area, 0, std::span{image_}.first(static_cast<std::size_t>(size)));
    return toy_sum(ByteView{image_}.first(static_cast<std::size_t>(size)));
  }

 private:
  std::array<std::uint8_t, kSlot> payload_{}, image_{};
  std::size_t taken_ = 0;
};

Bytes toy_signature(const Botan::Public_Key& key, ByteView payload) {
  const auto header = cbor::MapWriter{}
                          .add(1, cbor::Writer{}.integer(static_cast<std::int64_t>(cose::Algorithm::esp256)))
                          .add(4, std::move(cbor::Writer{}.bytes(id_of(key))))
                          .encoded();
  return cbor::Writer{}.tag(18).array(4).bytes(header).map(0).null().bytes(toy_sum(payload)).encoded();
}

/// CTR, so that image and payload have one size; the toy does not encrypt.
Bytes toy_release(std::uint64_t sequence, const std::optional<Application>& application = {}) {
  const Bytes image(1001, 0x3c);
  const auto info = encode_encryption_info(PayloadCipher::a256ctr, Bytes(16), Bytes(40), "kek.smart-lamp");
  Manifest manifest;
  manifest.sequence = sequence;
  manifest.vendor = vendor_id("lamp.example");
  manifest.model = "smart-lamp";
  const auto permissions = application ? application->encode() : Bytes{};
  manifest.permissions = permissions;
  manifest.model_class = class_of(manifest);
  manifest.version = {1, 1, 0};
  manifest.security_epoch = 2;
  manifest.image_size = manifest.payload_size = image.size();
  manifest.image_digest = manifest.payload_digest = toy_sum(image);
  manifest.encryption_info = info;
  if (!application) manifest.revoked.add(id_of(keys().second));
  const auto encoded = encode_manifest(manifest);
  const auto wrapped = cbor::Writer{}.bytes(encoded).encoded();
  const auto digest = cbor::Writer{}.array(2).integer(-16).bytes(toy_sum(wrapped)).encoded();
  const Botan::Public_Key& signer = application ? static_cast<const Botan::Public_Key&>(keys().acme) : keys().release;
  cbor::Writer wrapper;
  wrapper.array(4).bytes(digest).bytes(toy_signature(signer, digest));
  for (const auto officer : {0, 1})
    wrapper.bytes(toy_signature(keys().officers[static_cast<std::size_t>(officer)], digest));
  return cbor::Writer{}
      .tag(107)
      .map(3)
      .integer(2)
      .bytes(wrapper.encoded())
      .integer(3)
      .bytes(encoded)
      .text("#firmware")
      .bytes(image)
      .encoded();
}

class WithoutHeap : public testing::Test {
 protected:
  WithoutHeap() { device::provision(flash_, crypto_, Bytes(200, 0x11), {1, 0, 0}, 4, 2); }
  Reason receive(device::Updater& updater, ByteView envelope) {
    device::Receiver receiver{updater, buffer_};
    for (; !envelope.empty(); envelope = envelope.subspan(std::min<std::size_t>(100, envelope.size())))
      if (const auto reason = receiver.take(envelope.first(std::min<std::size_t>(100, envelope.size())));
          reason != Reason::none)
        return reason;
    return receiver.finish();
  }

  ArrayFlash flash_;
  ToyCrypto crypto_;
  device::DeviceTrust trust_ = lamp_trust();
  const Bytes toy_firmware_ = toy_release(5);
  std::array<std::uint8_t, 2048> buffer_{};
};

TEST_F(WithoutHeap, AnUpdateFromOfferToConfirmationAsksForNoMemory) {
  const auto release = toy_release(5);
  Reason reason{};
  Boot boot{};
  EXPECT_EQ(allocations_in([&] {
              device::Updater updater{flash_, crypto_, trust_};
              boot = updater.boot();
              reason = receive(updater, release);
            }),
            0U);
  ASSERT_EQ(reason, Reason::none);
  EXPECT_EQ(boot, Boot::normal);
  EXPECT_EQ(allocations_in([&] {
              device::Updater updater{flash_, crypto_, trust_};
              boot = updater.boot();
              updater.confirm();
            }),
            0U);
  EXPECT_EQ(boot, Boot::trial);
  EXPECT_EQ((device::Updater{flash_, crypto_, trust_}.settings().sequence_floor), 5U);
}

TEST_F(WithoutHeap, ARefusalIsANumberAndNoWords) {
  device::Updater updater{flash_, crypto_, trust_};
  const auto old = toy_release(4);
  auto forged = toy_release(5);
  forged[20] ^= 1;  // in the digest of the manifest
  auto altered = toy_release(5);
  altered.back() ^= 1;
  std::array<Reason, 4> reasons{};
  EXPECT_EQ(allocations_in([&] {
              reasons = {receive(updater, old), receive(updater, forged), receive(updater, altered), updater.finish()};
            }),
            0U);
  EXPECT_EQ(reasons,
            (std::array{Reason::old_sequence, Reason::manifest_altered, Reason::payload_altered, Reason::not_begun}));
}

TEST_F(WithoutHeap, AnApplicationIsJudgedWithoutMemoryToo) {
  ArrayFlash part;
  auto trust = dimmer_trust();
  device::Updater updater{part, crypto_, trust};
  const auto good = toy_release(5, dimmer());
  const auto greedy = toy_release(5, Application{"acme", "dimmer", {"light.read", "mesh.publish"}});
  std::array<Reason, 3> reasons{};
  EXPECT_EQ(allocations_in(
                [&] { reasons = {receive(updater, greedy), receive(updater, toy_firmware_), receive(updater, good)}; }),
            0U);
  EXPECT_EQ(reasons, (std::array{Reason::not_granted, Reason::no_partner_signature, Reason::none}));
}

TEST_F(WithoutHeap, TheCounterCounts) {
  EXPECT_GT(allocations_in([] { (void)Bytes(100); }), 0U);
}

}  // namespace
}  // namespace lamp::firmware::test
