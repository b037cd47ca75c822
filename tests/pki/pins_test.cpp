#include "lib/pki/pins.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/pki/certificate.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::HasSubstr;

const SpkiPin kUsed{"server", Bytes(32, 0x11)}, kNext{"next", Bytes(32, 0x22)};

TEST(PinSet, NeedsABackupThatIsNotInUse) {
  EXPECT_THAT(test::error_of([] { return PinSet::make({kUsed}, {}); }).what(), HasSubstr("RFC 7469"));
  EXPECT_THAT(test::error_of([] { return PinSet::make({kUsed}, {{"copy", kUsed.sha256}}); }).what(),
              HasSubstr("in use already"));
  EXPECT_EQ(PinSet::make({kUsed, {"again", kUsed.sha256}}, {kNext}).pins.size(), 1U);
}

TEST(PinSet, IsOfTheKeyAndNotOfTheCertificate) {
  const test::SmallCa ca;
  const auto& chain = ca.issuing().chain();
  const auto parsed = Certificate::parse(chain.front());
  EXPECT_EQ(SpkiPin::of_certificate("a", chain.front()).sha256, SpkiPin::of_key("b", parsed.tbs.public_key).sha256);
  EXPECT_NE(SpkiPin::of_certificate("a", chain[0]).sha256, SpkiPin::of_certificate("a", chain[1]).sha256);
}

TEST(PinSet, IsWrittenAsTextJsonAndC) {
  const auto set = PinSet::make({kUsed}, {kNext});
  EXPECT_EQ(pins_text(set),
            "pin-sha256=\"ERERERERERERERERERERERERERERERERERERERERERE=\" server\n"
            "pin-sha256=\"IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiI=\" backup: next\n");
  EXPECT_THAT(pins_json(set), HasSubstr("\"backup\": true"));
  EXPECT_THAT(pins_c(set), HasSubstr("#define LAMP_PIN_COUNT 2\n"));
  EXPECT_THAT(pins_c(set), HasSubstr("    // backup: next\n    {0x22, "));
}

TEST(PinSet, KeepsANameInsideItsComment) {
  const auto text = pins_c(PinSet::make({{"a\nint evil; \\", kUsed.sha256}}, {kNext}));
  EXPECT_THAT(text, HasSubstr("// a?int evil; ?\n"));
}

}  // namespace
}  // namespace lamp::pki
