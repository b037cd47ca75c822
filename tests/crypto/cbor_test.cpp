#include "lib/crypto/cbor.hpp"

#include <gmock/gmock.h>

#include <limits>

#include "lib/base/error.hpp"

namespace lamp::cbor {
namespace {

using testing::HasSubstr;

/// RFC 8949 appendix A, the items that deterministic encoding without floats allows.
struct Known {
  const char* hex;
  const char* diagnostic;
};
void PrintTo(const Known& c, std::ostream* os) { *os << c.hex; }

class KnownItems : public testing::TestWithParam<Known> {};

TEST_P(KnownItems, ReadAsTheStandardSays) { EXPECT_EQ(diagnostic(from_hex(GetParam().hex)), GetParam().diagnostic); }

INSTANTIATE_TEST_SUITE_P(
    Rfc8949AppendixA, KnownItems,
    testing::Values(Known{"00", "0"}, Known{"17", "23"}, Known{"1818", "24"}, Known{"1903e8", "1000"},
                    Known{"1a000f4240", "1000000"}, Known{"1b000000e8d4a51000", "1000000000000"},
                    Known{"1bffffffffffffffff", "18446744073709551615"}, Known{"20", "-1"}, Known{"3903e7", "-1000"},
                    Known{"f4", "false"}, Known{"f5", "true"}, Known{"f6", "null"}, Known{"40", "h''"},
                    Known{"4401020304", "h'01020304'"}, Known{"60", "\"\""}, Known{"62225c", "\"\\\"\\\\\""},
                    Known{"62c3bc", "\"\u00fc\""}, Known{"80", "[]"}, Known{"8301820203820405", "[1, [2, 3], [4, 5]]"},
                    Known{"a0", "{}"}, Known{"a201020304", "{1: 2, 3: 4}"},
                    Known{"a26161016162820203", "{\"a\": 1, \"b\": [2, 3]}"},
                    Known{"d74401020304", "23(h'01020304')"}));

/// What decoders that follow the letter of RFC 8949 take, and this one must not.
struct Refused {
  const char* name;
  const char* hex;
  const char* says;
};
void PrintTo(const Refused& c, std::ostream* os) { *os << c.name; }

class RefusedItems : public testing::TestWithParam<Refused> {};

TEST_P(RefusedItems, AreRefusedWithTheirPlace) {
  const auto bytes = from_hex(GetParam().hex);
  const auto result = attempt([&] {
    Reader reader{bytes};
    (void)reader.item();
    reader.end();
    return 0;
  });
  ASSERT_TRUE(std::holds_alternative<Error>(result));
  EXPECT_EQ(std::get<Error>(result).code(), Errc::bad_input);
  EXPECT_THAT(std::get<Error>(result).what(), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Malformed, RefusedItems,
    testing::Values(
        Refused{"Nothing", "", "at byte 0: the data ends"}, Refused{"LongHeadForSmallNumber", "1817", "shortest"},
        Refused{"LongHeadTwoBytes", "1900ff", "shortest"}, Refused{"LongHeadFourBytes", "1a0000ffff", "shortest"},
        Refused{"LongHeadEightBytes", "1b00000000ffffffff", "shortest"}, Refused{"CutHead", "1901", "ends too early"},
        Refused{"ReservedHead", "1c", "reserved"}, Refused{"IndefiniteBytes", "5f4100ff", "indefinite"},
        Refused{"IndefiniteArray", "9f00ff", "indefinite"}, Refused{"IndefiniteMap", "bf0000ff", "indefinite"},
        Refused{"Break", "ff", "simple"}, Refused{"HalfFloat", "f90000", "floating"},
        Refused{"Undefined", "f7", "simple value"}, Refused{"SimpleInTwoBytes", "f8ff", "simple"},
        Refused{"StringBeyondTheEnd", "4201", "longer than the data"},
        Refused{"HugeString", "5bffffffffffffffff00", "longer than the data"},
        Refused{"HugeArray", "9bffffffffffffffff00", "ends too early"}, Refused{"CutArray", "8201", "ends too early"},
        Refused{"MapKeysOutOfOrder", "a203000100", "out of order"}, Refused{"MapKeyRepeated", "a201000100", "repeated"},
        Refused{"NegativeKeyBeforePositive", "a220000100", "out of order"},
        Refused{"MapWithoutItsLastValue", "a101", "ends too early"}, Refused{"TwoItems", "0000", "after the end"},
        Refused{"Utf8Overlong", "62c080", "UTF-8"}, Refused{"Utf8Surrogate", "63eda080", "UTF-8"},
        Refused{"Utf8Cut", "61c3", "UTF-8"}, Refused{"Utf8AboveLimit", "64f4908080", "UTF-8"},
        Refused{"TooDeep", "8181818181818181818181818181818181", "too deeply"},
        Refused{"TagsTooDeep", "c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c1c100", "too deeply"}));

TEST(CborReader, DoesNotMoveWhenItRefuses) {
  const auto bytes = from_hex("4401020304");
  Reader reader{bytes};
  EXPECT_THROW((void)reader.integer(), Error);
  EXPECT_THROW((void)reader.text(), Error);
  EXPECT_THROW((void)reader.map(), Error);
  EXPECT_FALSE(reader.null());
  EXPECT_EQ(reader.bytes().size(), 4U);
  reader.end();
}

TEST(CborReader, RefusesIntegersThatDoNotFit) {
  const auto above = from_hex("1b8000000000000000");
  const auto below = from_hex("3b8000000000000000");
  EXPECT_THROW((void)Reader{above}.integer(), Error);
  EXPECT_THROW((void)Reader{below}.integer(), Error);
  EXPECT_EQ(Reader{above}.unsigned_integer(), 0x8000000000000000U);
}

TEST(CborWriter, WritesTheLimitsSoThatTheReaderReadsThemBack) {
  for (const auto value : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-25}, std::int64_t{-24},
                           std::int64_t{255}, std::int64_t{65536}, std::numeric_limits<std::int64_t>::max()}) {
    const auto bytes = Writer{}.integer(value).encoded();
    EXPECT_EQ(Reader{bytes}.integer(), value);
  }
}

TEST(CborMapWriter, SortsKeysByTheirEncoding) {
  const auto map = MapWriter{}
                       .add("aa", Writer{}.integer(4))
                       .add("b", Writer{}.integer(3))
                       .add(-1, Writer{}.integer(2))
                       .add(24, Writer{}.integer(1))
                       .add(3, Writer{}.integer(0))
                       .encoded();
  EXPECT_EQ(diagnostic(map), R"({3: 0, 24: 1, -1: 2, "b": 3, "aa": 4})");
}

TEST(CborMapWriter, RefusesARepeatedKey) {
  MapWriter map;
  map.add(1, Writer{}.null());
  EXPECT_THROW(map.add(1, Writer{}.null()), Error);
}

TEST(CborFind, FindsByExactKey) {
  const auto map = MapWriter{}
                       .add(1, Writer{}.text("one"))
                       .add(-1, Writer{}.text("minus one"))
                       .add("1", Writer{}.text("text one"))
                       .encoded();
  EXPECT_EQ(diagnostic(find(map, 1).value()), "\"one\"");
  EXPECT_EQ(diagnostic(find(map, -1).value()), "\"minus one\"");
  EXPECT_EQ(diagnostic(find(map, "1").value()), "\"text one\"");
  EXPECT_FALSE(find(map, 2));
  EXPECT_FALSE(find(map, ""));
}

TEST(CborFind, RefusesAMapThatIsNotDeterministicEvenWhenTheKeyIsThere) {
  EXPECT_THROW((void)find(from_hex("a201000100"), 1), Error);
  EXPECT_THROW((void)find(from_hex("a1010000"), 1), Error);
  EXPECT_THROW((void)find(from_hex("8101"), 1), Error);
}

TEST(CborDiagnostic, LeavesNoControlCharacterForTheTerminal) {
  EXPECT_EQ(diagnostic(Writer{}.text("a\x1b[2J").encoded()), "\"a\\u001b[2J\"");
}

}  // namespace
}  // namespace lamp::cbor
