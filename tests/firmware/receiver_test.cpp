#include "lib/firmware/device/receiver.hpp"

#include <gmock/gmock.h>

#include "lib/firmware/device/software_crypto.hpp"
#include "tests/firmware/flash_model.hpp"
#include "tests/firmware/release_fixture.hpp"

namespace lamp::firmware::test {
namespace {

using device::Area;
using device::Boot;
using device::Receiver;
using device::Trial;
using device::Updater;

/// Cuts `bytes` into pieces of `size` and gives them to `take` until one is refused.
template <class Take>
Reason in_pieces(ByteView bytes, std::size_t size, Take take) {
  for (; !bytes.empty(); bytes = bytes.subspan(std::min(size, bytes.size())))
    if (const auto reason = take(bytes.first(std::min(size, bytes.size()))); reason != Reason::none) return reason;
  return Reason::none;
}

class Streamed : public testing::Test {
 protected:
  Streamed() { device::provision(flash_, crypto_, Bytes(200, 0x11), {1, 0, 0}, 4, 2); }
  Reason receive(ByteView envelope, std::size_t piece, ByteView beside = {}) {
    Updater updater{flash_, crypto_, trust_};
    Receiver receiver{updater, buffer_};
    auto reason = in_pieces(envelope, piece, [&](ByteView p) { return receiver.take(p); });
    if (reason == Reason::none && receiver.place() == PayloadPlace::detached)
      reason = in_pieces(beside, piece, [&](ByteView p) { return receiver.take_payload(p); });
    const auto last = receiver.finish();
    EXPECT_TRUE(reason == Reason::none || last == reason) << "a refusal is repeated";
    return reason == Reason::none ? last : reason;
  }
  Trial trial() { return Updater{flash_, crypto_, trust_}.settings().trial; }

  FlashModel flash_;
  device::SoftwareCrypto crypto_{kek()};
  device::DeviceTrust trust_ = lamp_trust();
  Bytes buffer_ = Bytes(4096);
  Bytes image_ = Bytes(3001, 0xa5);
};

TEST_F(Streamed, TakesPiecesOfAnySize) {
  const auto made = make_release({.image = image_});
  for (const std::size_t piece : {1U, 2U, 7U, 16U, 17U, 500U, 100000U}) {
    ASSERT_EQ(receive(made.envelope, piece), Reason::none) << piece;
    EXPECT_EQ(trial(), Trial::pending);
    EXPECT_TRUE(std::equal(image_.begin(), image_.end(), flash_.bytes(Area::slot_b).begin()));
  }
  EXPECT_EQ((Updater{flash_, crypto_, trust_}.boot()), Boot::trial);
}

TEST_F(Streamed, TakesADetachedPayloadAndEveryCipher) {
  for (const auto cipher : {PayloadCipher::a256gcm, PayloadCipher::a256ctr})
    for (const std::size_t piece : {1U, 15U, 4096U}) {
      const auto made = make_release({.image = image_, .cipher = cipher, .place = PayloadPlace::detached});
      ASSERT_EQ(receive(made.envelope, piece, made.payload), Reason::none);
      EXPECT_TRUE(std::equal(image_.begin(), image_.end(), flash_.bytes(Area::slot_b).begin()));
    }
}

TEST_F(Streamed, KnowsHowLongTheHeadIsBeforeItIsThere) {
  const auto made = make_release({.image = image_});
  const auto size = parse_envelope_head(made.envelope).size;
  for (std::size_t n = 0; n < size; ++n) EXPECT_GT(device::head_bytes_wanted(ByteView{made.envelope}.first(n)), n);
  EXPECT_EQ(device::head_bytes_wanted(ByteView{made.envelope}.first(size)), size);
  const auto detached = make_release({.place = PayloadPlace::detached}).envelope;
  EXPECT_EQ(device::head_bytes_wanted(detached), detached.size());
}

TEST_F(Streamed, RefusesAHeadThatDoesNotFitTheBuffer) {
  buffer_.resize(500);
  EXPECT_EQ(receive(make_release().envelope, 64), Reason::head_too_large);
}

TEST_F(Streamed, RefusesEveryFlippedByteInTheHeadBeforeTheSlotIsTouched) {
  const auto good = make_release({.image = Bytes(40, 1)});
  const auto head = parse_envelope_head(good.envelope).size;
  const auto before = flash_.bytes(Area::slot_b);
  const auto operations = flash_.operations();
  for (std::size_t i = 0; i < head; ++i) {
    auto bad = good.envelope;
    bad[i] ^= 0x80;
    EXPECT_NE(receive(bad, 97), Reason::none) << "byte " << i;
  }
  EXPECT_EQ(flash_.operations(), operations);
  EXPECT_EQ(flash_.bytes(Area::slot_b), before);
}

TEST_F(Streamed, RefusesEveryFlippedByteOfThePayloadAndMarksNothing) {
  for (const auto cipher : {PayloadCipher::a256gcm, PayloadCipher::a256ctr}) {
    const auto made = make_release({.image = Bytes(40, 1), .cipher = cipher});
    for (std::size_t i = made.envelope.size() - made.payload.size(); i < made.envelope.size(); ++i) {
      auto bad = made.envelope;
      bad[i] ^= 0x01;
      EXPECT_EQ(receive(bad, 13), Reason::payload_altered) << "byte " << i;
      EXPECT_EQ(trial(), Trial::none);
    }
  }
}

TEST_F(Streamed, RefusesTooLittleTooMuchAndTheWrongPlace) {
  const auto made = make_release();
  for (const std::size_t length : {std::size_t{0}, std::size_t{3}, std::size_t{400}, made.envelope.size() - 1})
    EXPECT_NE(receive(ByteView{made.envelope}.first(length), 64), Reason::none) << length;
  auto longer = made.envelope;
  longer.push_back(0);
  EXPECT_EQ(receive(longer, 64), Reason::payload_altered);
  const auto detached = make_release({.place = PayloadPlace::detached});
  EXPECT_EQ(receive(detached.envelope, 64), Reason::payload_altered);
  EXPECT_EQ(receive(encode_envelope(made.manifest, made.blocks, made.payload), 64, made.payload), Reason::none);
  auto appended = detached.envelope;
  append(appended, detached.payload);
  EXPECT_EQ(receive(appended, 64), Reason::malformed);
}

TEST_F(Streamed, AnInterruptedUpdateBeginsAgain) {
  const auto made = make_release({.image = image_});
  Updater updater{flash_, crypto_, trust_};
  Receiver broken{updater, buffer_};
  ASSERT_EQ(broken.take(ByteView{made.envelope}.first(made.envelope.size() / 2)), Reason::none);
  EXPECT_EQ(receive(made.envelope, 256), Reason::none);
}

}  // namespace
}  // namespace lamp::firmware::test
