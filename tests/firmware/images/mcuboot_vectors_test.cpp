// MCUboot images that imgtool made, read, verified, and made again.
#include <botan/system_rng.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "lib/firmware/images/mcuboot.hpp"
#include "tests/firmware/images/vectors.hpp"

namespace lamp::firmware::test {
namespace {

using mcuboot::Image;

struct Vector {
  const char* name;
  const char* key;  ///< null: nobody signed it
};
void PrintTo(const Vector& v, std::ostream* os) { *os << v.name; }

class Imgtool : public testing::TestWithParam<Vector> {
 protected:
  const Bytes bytes_ = vector_bytes(std::string{GetParam().name} + ".bin");
  const MemoryInput file_{bytes_};
  mcuboot::Trust trust() const {
    std::vector<Bytes> keys;
    if (GetParam().key != nullptr) keys.push_back(vector_public_key(GetParam().key));
    return {keys, 0, nullptr};
  }
};

TEST_P(Imgtool, ImagesHaveTheFieldsThatItSaysTheyHave) {
  const auto said = nlohmann::json::parse(vector_bytes(std::string{GetParam().name} + ".bin.json"));
  const auto reading = mcuboot::read(file_);
  ASSERT_TRUE(reading.good()) << reading.findings.front().text();
  const auto& h = reading.value->header;
  const auto& header = said.at("header");
  EXPECT_EQ(header.at("magic"), mcuboot::kMagic);
  EXPECT_EQ(header.at("load_addr"), h.load_address);
  EXPECT_EQ(header.at("hdr_size"), h.header_size);
  EXPECT_EQ(header.at("protected_tlv_size"), h.protected_size);
  EXPECT_EQ(header.at("img_size"), h.image_size);
  EXPECT_EQ(header.at("flags"), h.flags);
  EXPECT_EQ(header.at("version"), h.version.text());
  auto entries = nlohmann::json::array();
  for (const auto* part : {"tlvs_prot", "tlvs"})
    for (const auto& tlv : said.at("tlv_area").at(part))
      entries.push_back({tlv.at("type"), tlv.at("len"), tlv.at("data")});
  auto ours = nlohmann::json::array();
  for (const auto& e : reading.value->entries) ours.push_back({e.type, e.value.size(), hex(e.value)});
  EXPECT_EQ(entries, ours);
  EXPECT_EQ(said.at("tlv_area").at("tlv_hdr").at("tlv_tot"), file_.size() - reading.value->region_size());
}

TEST_P(Imgtool, SignaturesVerify) {
  const auto image = *mcuboot::read(file_).value;
  const auto findings = mcuboot::verify(file_, image, trust());
  if (GetParam().key != nullptr)
    EXPECT_TRUE(findings.empty()) << findings.front().text();
  else
    EXPECT_EQ(findings.at(0).rule, "nobody signed it");
}

/// Every image that there is.
constexpr Vector kVectors[] = {{"sig-root-rsa-2048", "root-rsa-2048"},
                               {"sig-root-rsa-3072", "root-rsa-3072"},
                               {"sig-root-ec-p256", "root-ec-p256"},
                               {"sig-root-ed25519", "root-ed25519"},
                               {"hash-only", nullptr},
                               {"prot-all", "root-ec-p256"},
                               {"enc-ec256-aes128", "root-ec-p256"}};

INSTANTIATE_TEST_SUITE_P(Made, Imgtool, testing::ValuesIn(kVectors));

TEST(ImgtoolsImages, AreAllReadHere) {
  std::size_t images = 0;
  for (const auto& entry : std::filesystem::directory_iterator{vector_file({})})
    images += entry.path().extension() == ".json" ? 1 : 0;
  EXPECT_EQ(images, std::size(kVectors));
}

mcuboot::Recipe plain() {
  mcuboot::Recipe recipe;
  recipe.version = {1, 2, 3, 4};
  return recipe;
}

Bytes region_of(const Bytes& file, const Image& image) {
  return {file.begin(), file.begin() + static_cast<std::ptrdiff_t>(image.region_size())};
}

void expect_same_region(const std::string& name, const mcuboot::Recipe& recipe) {
  const auto theirs = vector_bytes(name);
  const auto payload = vector_bytes("payload.bin");
  MemorySink ours;
  mcuboot::write_region(recipe, MemoryInput{payload}, ours);
  EXPECT_EQ(hex(ours.bytes()), hex(region_of(theirs, *mcuboot::read(MemoryInput{theirs}).value)));
}

TEST(McubootWriter, MakesTheRegionThatImgtoolMakes) { expect_same_region("sig-root-rsa-2048.bin", plain()); }

TEST(McubootWriter, MakesImgtoolsProtectedTlvsToo) {
  auto recipe = plain();
  recipe.security_counter = 7;
  recipe.boot_record = {"CoFM", vector_public_key("root-ec-p256")};
  recipe.dependencies = {{1, {1, 0, 0, 0}}};
  recipe.vendor = vendor_id("example.com");
  recipe.model_class = class_id(*recipe.vendor, "lamp");
  recipe.vendor_tlvs = {{std::uint16_t{0x00A0}, from_hex("deadbeef")}};
  expect_same_region("prot-all.bin", recipe);
}

TEST(McubootEncryption, OpensWhatImgtoolEncrypted) {
  const auto bytes = vector_bytes("enc-ec256-aes128.bin");
  const MemoryInput file{bytes};
  const auto image = *mcuboot::read(file).value;
  const auto key = vector_private_key("enc-ec256-priv");
  const auto content_key = mcuboot::open_content_key(image, {key.get(), nullptr}, Botan::system_rng());
  Bytes region;
  mcuboot::each_of_region(file, image, &content_key, [&](ByteView piece) { append(region, piece); });
  auto payload = vector_bytes("payload.bin");
  payload.resize(512);  // zeros up to a multiple of 16
  EXPECT_EQ(hex(ByteView{region}.subspan(32)), hex(payload));
  const auto findings = mcuboot::verify(file, image, {{vector_public_key("root-ec-p256")}, 0, &content_key});
  EXPECT_TRUE(findings.empty());
}

/// What a boot loader that knows the keys would object to.
Findings objections(const Bytes& bytes, const mcuboot::Trust& trust, const Botan::Private_Key* recipient) {
  const MemoryInput file{bytes};
  const auto reading = mcuboot::read(file);
  if (!reading.good()) return reading.findings;
  if (!reading.value->header.encrypted()) return mcuboot::verify(file, *reading.value, trust);
  const auto opened =
      attempt([&] { return mcuboot::open_content_key(*reading.value, {recipient, nullptr}, Botan::system_rng()); });
  if (const auto* why = std::get_if<Error>(&opened)) return {{0, why->what()}};
  auto with_key = trust;
  with_key.content_key = &std::get<SymmetricKey>(opened);
  return mcuboot::verify(file, *reading.value, with_key);
}

class EveryByte : public testing::TestWithParam<Vector> {};

/// An image that nobody signed is never good, but a flipped byte is one objection more: its digest.
TEST_P(EveryByte, CountsInHeaderImageAndTlvs) {
  const auto good = vector_bytes(std::string{GetParam().name} + ".bin");
  mcuboot::Trust trust;
  if (GetParam().key != nullptr) trust.keys = {vector_public_key(GetParam().key)};
  const auto recipient = vector_private_key("enc-ec256-priv");
  const auto refused = [&](const Bytes& bytes) {
    return std::ranges::any_of(objections(bytes, trust, recipient.get()), [](const Finding& finding) {
      return GetParam().key != nullptr || finding.rule != "nobody signed it";
    });
  };
  ASSERT_FALSE(refused(good));
  std::vector<std::size_t> accepted;
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
      auto bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ flip);
      if (!refused(bad)) accepted.push_back(at);
    }
  EXPECT_THAT(accepted, testing::IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Flipped, EveryByte, testing::ValuesIn(kVectors));

}  // namespace
}  // namespace lamp::firmware::test
