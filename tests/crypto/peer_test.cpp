// Two peers judge what we write, and we judge what they write: libcbor and the openssl program.
#include <cbor.h>
#include <gmock/gmock.h>

#include <botan/x509_key.h>

#include <cstdlib>
#include <memory>
#include <random>
#include <regex>

#include "lib/base/file.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "tests/crypto/keys.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp {
namespace {

struct Free {
  void operator()(cbor_item_t* item) const { cbor_decref(&item); }
  void operator()(unsigned char* buffer) const { std::free(buffer); }
};
using Item = std::unique_ptr<cbor_item_t, Free>;

Item libcbor_reads(const Bytes& bytes) {
  cbor_load_result result{};
  Item item{cbor_load(bytes.data(), bytes.size(), &result)};
  return result.error.code == CBOR_ERR_NONE && result.read == bytes.size() ? std::move(item) : nullptr;
}

Bytes libcbor_writes(const cbor_item_t* item) {
  unsigned char* raw = nullptr;
  std::size_t capacity = 0;
  const auto size = cbor_serialize_alloc(item, &raw, &capacity);
  const std::unique_ptr<unsigned char, Free> buffer{raw};
  return {raw, raw + size};
}

/// libcbor 0.8 takes tags 6 to 20 in their one-byte form for malformed, also COSE_Sign1's 18.
bool has_tag_that_libcbor_refuses(const Bytes& bytes) {
  static const std::regex tag{R"((^|[^0-9])([6-9]|1[0-9]|20)\()"};
  return std::regex_search(cbor::diagnostic(bytes), tag);
}

/// A random item, nested at most `depth` deep.
cbor::Writer random_item(std::mt19937_64& dice, unsigned depth) {
  cbor::Writer out;
  const auto roll = [&](std::uint64_t below) { return dice() % below; };
  const auto magnitude = dice() >> (1 + roll(63));
  switch (roll(depth == 0 ? 5 : 8)) {
    case 0: return out.unsigned_integer(magnitude);
    case 1: return out.integer(-1 - static_cast<std::int64_t>(magnitude));
    case 2: return out.bytes(Bytes(roll(300), static_cast<std::uint8_t>(dice())));
    case 3: return out.text(std::string(roll(40), 'x'));
    case 4: return roll(2) == 0 ? out.null() : out.boolean(roll(2) == 0);
    case 5: {
      const auto items = roll(5);
      out.array(items);
      for (std::uint64_t i = 0; i < items; ++i) out.raw(random_item(dice, depth - 1).encoded());
      return out;
    }
    case 6: return out.tag(21 + magnitude).raw(random_item(dice, depth - 1).encoded());
    default: break;
  }
  cbor::MapWriter map;
  for (std::int64_t key = 0; key < static_cast<std::int64_t>(roll(30)); ++key)
    map.add(key % 2 == 0 ? key : -key, random_item(dice, depth - 1));
  return out.raw(map.encoded());
}

TEST(LibcborPeer, ReadsWhatWeWriteAndWritesTheSameBytes) {
  std::mt19937_64 dice{20261};
  for (int round = 0; round < 500; ++round) {
    const auto ours = random_item(dice, 4).encoded();
    const auto item = libcbor_reads(ours);
    ASSERT_NE(item, nullptr) << hex(ours);
    EXPECT_EQ(hex(libcbor_writes(item.get())), hex(ours));
  }
}

TEST(LibcborPeer, TakesWhateverWeTakeOfDamagedBytes) {
  std::mt19937_64 dice{20262};
  int taken = 0;
  for (int round = 0; round < 3000; ++round) {
    auto bytes = random_item(dice, 3).encoded();
    bytes[dice() % bytes.size()] ^= static_cast<std::uint8_t>(1U << (dice() % 8));
    const auto ours = attempt([&] {
      cbor::Reader reader{bytes};
      (void)reader.item();
      reader.end();
      return true;
    });
    if (!std::holds_alternative<bool>(ours) || has_tag_that_libcbor_refuses(bytes)) continue;
    ++taken;
    EXPECT_NE(libcbor_reads(bytes), nullptr) << hex(bytes);
  }
  EXPECT_GT(taken, 300);
}

class OpensslPeer : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("openssl version > /dev/null 2>&1") != 0) GTEST_SKIP() << "no openssl program";
  }
  /// Whether openssl takes the signature in `message` over its Sig_structure.
  bool takes(const Bytes& message, const Botan::Public_Key& key, const std::string& options) {
    const auto parsed = cose::parse_sign1(message);
    publish(directory_.path() / "key.pem", Botan::X509::PEM_encode(key));
    publish(directory_.path() / "signature", parsed.signature);
    publish(directory_.path() / "signed", cose::to_be_signed(parsed.protected_header, {}, to_bytes("payload")));
    const auto command = "cd " + directory_.path().string() + " && openssl dgst -sha256 " + options +
                         " -verify key.pem -signature signature signed > /dev/null 2>&1";
    return std::system(command.c_str()) == 0;
  }
  test::TemporaryDirectory directory_;
};

TEST_F(OpensslPeer, TakesOurPs256AndNoOtherSalt) {
  const auto& key = testing_keys::rsa3072();
  const auto message = cose::sign1(key, Botan::system_rng(), to_bytes("payload"), "");
  const std::string pss = "-sigopt rsa_padding_mode:pss -sigopt rsa_mgf1_md:sha256 -sigopt rsa_pss_saltlen:";
  EXPECT_TRUE(takes(message, key, pss + "32"));
  EXPECT_FALSE(takes(message, key, pss + "20"));
}

}  // namespace
}  // namespace lamp
