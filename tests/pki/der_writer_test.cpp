#include "lib/pki/der_writer.hpp"

#include <botan/asn1_obj.h>
#include <botan/bigint.h>
#include <botan/der_enc.h>
#include <gmock/gmock.h>

#include "tests/pki/expect_error.hpp"

namespace lamp::pki::der {
namespace {

TEST(DerWriter, WritesLengthsAsBotanDoes) {
  for (const std::size_t size : {0U, 1U, 126U, 127U, 128U, 129U, 255U, 256U, 65535U, 65536U, 70000U}) {
    const Bytes content(size, 0x5A);
    Bytes wanted;
    Botan::DER_Encoder{wanted}.start_sequence().encode(content, Botan::ASN1_Type::OctetString).end_cons();
    EXPECT_EQ(Writer{}.begin(kSequence).add(kOctetString, content).end().take(), wanted) << size;
  }
}

TEST(DerWriter, WritesObjectIdentifiersAsBotanDoes) {
  for (const char* dotted : {"0.0", "1.39", "2.999.3", "2.5.29.15", "1.2.840.10045.4.3.2", "1.3.6.1.4.1.4294967295",
                             "2.23.133.127.128.16383.16384"}) {
    Bytes wanted;
    Botan::DER_Encoder{wanted}.encode(Botan::OID{dotted});
    const auto written = Writer{}.object_id(dotted).take();
    EXPECT_EQ(written, wanted) << dotted;
    EXPECT_EQ(object_id(ByteView{written}.subspan(2)), dotted);
  }
}

TEST(DerWriter, WritesNumbersAsBotanDoes) {
  for (const std::uint64_t number : {0ULL, 1ULL, 127ULL, 128ULL, 255ULL, 256ULL, 32768ULL, ~0ULL}) {
    Bytes wanted;
    Botan::DER_Encoder{wanted}.encode(Botan::BigInt::from_u64(number));
    EXPECT_EQ(Writer{}.integer(number).take(), wanted) << number;
  }
}

TEST(DerWriter, WritesTheSmallItems) {
  EXPECT_EQ(Writer{}.boolean(true).boolean(false).null().take(), from_hex("0101ff0101000500"));
  EXPECT_EQ(Writer{}.bit_string(from_hex("abcd")).take(), from_hex("030300abcd"));
  EXPECT_EQ(Writer{}.raw(from_hex("0500")).begin(kSet).end().take(), from_hex("05003100"));
}

TEST(DerWriter, MovesWhatFollowsALongItemsHead) {
  const Bytes content(200, 1);
  const auto written =
      Writer{}.begin(kSequence).begin(constructed_context(3)).add(kOctetString, content).end().null().end().take();
  Reader outer{written};
  auto fields = outer.enter(kSequence, "outer");
  auto inner = fields.enter(constructed_context(3), "inner");
  EXPECT_EQ(inner.next(kOctetString, "content").content.size(), content.size());
  inner.end("inner");
  (void)fields.next(kNull, "null");
  fields.end("outer");
  outer.end("whole");
}

TEST(DerWriter, RefusesWhatIsNoObjectIdentifier) {
  for (const char* text : {"", "1", "1.", ".1", "3.1", "1.2.", "1..2", "1.2.x", "1.-2", "1.99999999999999999999"})
    EXPECT_EQ(test::error_of([&] { return Writer{}.object_id(text).take(); }).code(), Errc::internal) << text;
}

TEST(DerWriter, RefusesEndsThatDoNotMatch) {
  EXPECT_EQ(test::error_of([] { return Writer{}.end().take(); }).code(), Errc::internal);
  EXPECT_EQ(test::error_of([] { return Writer{}.begin(kSequence).take(); }).code(), Errc::internal);
  Writer deep;
  EXPECT_EQ(test::error_of([&] {
              for (;;) deep.begin(kSequence);
              return 0;
            }).code(),
            Errc::internal);
}

}  // namespace
}  // namespace lamp::pki::der
