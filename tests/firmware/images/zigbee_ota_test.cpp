// Zigbee OTA files: ours, makers' variants of the integrity code, and files that are none.
#include "lib/firmware/images/zigbee_ota.hpp"

#include <gmock/gmock.h>

#include "lib/firmware/images/aes_mmo.hpp"
#include "lib/firmware/zigbee_install_code.hpp"

namespace lamp::firmware::test {
namespace {

using zigbee::Integrity;

zigbee::Header all_fields() {
  zigbee::Header header;
  header.manufacturer = 0x100B;
  header.image_type = 0x0104;
  header.file_version = 0x01020304;
  header.text = "smart-lamp 1.2.3";
  header.credential_version = std::uint8_t{1};
  header.destination = 0x0017880100abcdefULL;
  header.hardware = {std::uint16_t{0x0100}, std::uint16_t{0x0203}};
  return header;
}

Bytes make(const zigbee::Header& header, ByteView image, zigbee::WithIntegrity integrity = zigbee::WithIntegrity::yes) {
  const MemoryInput data{image};
  MemorySink out;
  zigbee::write(header, {{zigbee::upgrade_image, data}}, integrity, out);
  return out.bytes();
}

Integrity integrity_of(const Bytes& bytes) {
  const MemoryInput file{bytes};
  return zigbee::check_integrity(file, *zigbee::read(file).value);
}

/// Written down from the table of the specification, byte by byte.
TEST(ZigbeeOta, HasEveryFieldWhereTheSpecificationPutsIt) {
  const auto bytes = make(all_fields(), from_hex("c0ffee"), zigbee::WithIntegrity::no);
  EXPECT_EQ(hex(bytes),
            "1ef1ee0b"  // magic number
            "0001"
            "4500"  // header version, header length 69
            "0700"  // field control: all three
            "0b10"
            "0401"  // manufacturer, image type
            "04030201"
            "0200"  // file version, stack version
            "736d6172742d6c616d7020312e322e33"
            "00000000000000000000000000000000"
            "4e000000"          // 78 bytes in all
            "01"                // credential version
            "efcdab0001881700"  // destination
            "0001"
            "0302"  // hardware versions
            "0000"
            "03000000"
            "c0ffee");
}

TEST(ZigbeeOta, ReadsWhatItWrote) {
  const auto bytes = make(all_fields(), Bytes(10000, 0x5A));
  const auto reading = zigbee::read(MemoryInput{bytes});
  ASSERT_TRUE(reading.good()) << reading.findings.front().text();
  const auto& header = reading.value->header;
  EXPECT_EQ(header.text, "smart-lamp 1.2.3");
  EXPECT_EQ(header.destination, 0x0017880100abcdefULL);
  EXPECT_EQ(header.hardware->second, 0x0203);
  ASSERT_EQ(reading.value->elements.size(), 2U);
  EXPECT_EQ(reading.value->elements[1].tag, zigbee::integrity_code);
  EXPECT_EQ(integrity_of(bytes), Integrity::specified);
}

TEST(ZigbeeOta, CarriesOtherElements) {
  const Bytes image(20, 1), picture(5, 2), vendors(7, 3);
  const MemoryInput a{image}, b{picture}, c{vendors};
  MemorySink out;
  zigbee::write(all_fields(), {{0, a}, {zigbee::picture, b}, {0xF001, c}}, zigbee::WithIntegrity::yes, out);
  const auto reading = zigbee::read(MemoryInput{out.bytes()});
  ASSERT_TRUE(reading.good());
  EXPECT_EQ(reading.value->elements.size(), 4U);
}

TEST(AesMmo, OverAStreamIsTheHashOfTheWhole) {
  for (const std::size_t size : {0U, 13U, 14U, 15U, 16U, 8191U, 8192U, 10000U}) {
    const Bytes message(size, 0xA7);
    const auto whole = aes_mmo(message);
    zigbee::AesMmo hash;
    hash.update(ByteView{message}.first(size / 3));
    hash.update(ByteView{message}.subspan(size / 3));
    EXPECT_TRUE(std::ranges::equal(hash.digest(zigbee::MmoPadding::specified), whole)) << size;
  }
}

/// The same file with the code that another maker's tool would have put there.
Bytes with_code(zigbee::MmoPadding padding, std::size_t covered) {
  auto bytes = make(all_fields(), Bytes(10000, 0x5A));
  zigbee::AesMmo hash;
  hash.update(ByteView{bytes}.first(bytes.size() - 22 + covered));
  const auto code = hash.digest(padding);
  std::copy(code.begin(), code.end(), bytes.end() - 16);
  return bytes;
}

TEST(ZigbeeIntegrity, SaysWhichMakersVariantMatched) {
  EXPECT_EQ(integrity_of(with_code(zigbee::MmoPadding::specified, 0)), Integrity::specified);
  EXPECT_EQ(integrity_of(with_code(zigbee::MmoPadding::short_length, 0)), Integrity::short_length);
  EXPECT_EQ(integrity_of(with_code(zigbee::MmoPadding::specified, 6)), Integrity::with_head);
}

TEST(ZigbeeIntegrity, NoticesEveryChangedByteButTheTagThatHidesIt) {
  const auto good = make(all_fields(), Bytes(100, 0x5A));
  std::vector<std::size_t> accepted;
  for (std::size_t at = 0; at < good.size(); ++at)
    for (const unsigned flip : {0x01U, 0x80U, 0xFFU}) {
      auto bad = good;
      bad[at] = static_cast<std::uint8_t>(bad[at] ^ flip);
      const MemoryInput file{bad};
      const auto reading = zigbee::read(file);
      if (reading.good() && zigbee::verify(file, *reading.value).empty()) accepted.push_back(at);
    }
  // The tag's high byte: the code becomes a vendor's element. A checksum proves nothing against that; what the file
  // carries is signed.
  EXPECT_THAT(accepted, testing::ElementsAre(176));
}

struct Malformed {
  const char* name;
  void (*spoil)(Bytes&);
  const char* says;
};
void PrintTo(const Malformed& m, std::ostream* os) { *os << m.name; }

class ZigbeeReader : public testing::TestWithParam<Malformed> {};

/// Header 69, image element at 69 with 100 bytes, integrity element at 175, 197 bytes in all.
TEST_P(ZigbeeReader, SaysWhichRuleFailedWhere) {
  auto bytes = make(all_fields(), Bytes(100, 0x5A));
  GetParam().spoil(bytes);
  const auto reading = zigbee::read(MemoryInput{bytes});
  ASSERT_FALSE(reading.good());
  EXPECT_EQ(reading.findings.front().text(), GetParam().says);
}

INSTANTIATE_TEST_SUITE_P(
    Files, ZigbeeReader,
    testing::Values(
        Malformed{"Empty", [](Bytes& b) { b.clear(); }, "byte 0: it ends within the header"},
        Malformed{"Magic", [](Bytes& b) { b[0] = 0; }, "byte 0: not the magic number of a Zigbee OTA file"},
        Malformed{"Version", [](Bytes& b) { b[5] = 2; }, "byte 4: a header version other than 1.0"},
        Malformed{"HeaderLength", [](Bytes& b) { b[6] = 68; }, "byte 6: a header length that does not fit the fields"},
        Malformed{"Control", [](Bytes& b) { b[8] = 0x0F; }, "byte 8: unknown bits of field control"},
        Malformed{"AnyVersion", [](Bytes& b) { std::fill_n(b.begin() + 14, 4, 0xFF); },
                  "byte 14: a file version that stands for any"},
        Malformed{"Stack", [](Bytes& b) { b[18] = 9; }, "byte 18: an unknown stack version"},
        Malformed{"Text", [](Bytes& b) { b[21] = 7; }, "byte 20: a header string that is not printable"},
        Malformed{"TextEnd", [](Bytes& b) { b[51] = 'x'; }, "byte 20: a header string with bytes after its end"},
        Malformed{"Total", [](Bytes& b) { b.push_back(0); }, "byte 52: a total image size that is not the file's"},
        Malformed{"Hardware", [](Bytes& b) { b[66] = 9; }, "byte 65: a lowest hardware version above the highest"},
        Malformed{"Long", [](Bytes& b) { b[74] = 0x7F; }, "byte 71: an element longer than the file"},
        Malformed{"Reserved", [](Bytes& b) { b[69] = 9; }, "byte 69: an element with a reserved tag"},
        Malformed{"Length", [](Bytes& b) { b[69] = 3; }, "byte 71: an element of a wrong length"},
        Malformed{"Twice", [](Bytes& b) { b[175] = 0; }, "byte 175: an element that is there twice"},
        Malformed{"Order",
                  [](Bytes& b) {
                    b.insert(b.end(), {0x00, 0xF0, 0, 0, 0, 0});
                    b[52] = static_cast<std::uint8_t>(b.size());
                  },
                  "byte 175: an element that must be the last"}));

TEST(ZigbeeWriter, RefusesWhatTheReaderRefuses) {
  auto header = all_fields();
  header.text = std::string(33, 'x');
  EXPECT_THROW((void)make(header, Bytes(3)), Error);
  header = all_fields();
  header.hardware = {std::uint16_t{2}, std::uint16_t{1}};
  EXPECT_THROW((void)make(header, Bytes(3)), Error);
}

}  // namespace
}  // namespace lamp::firmware::test
