#include "lib/binding/label_design.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/base/error.hpp"
#include "lib/binding/label_output.hpp"

namespace lamp::binding {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kGateway = "B:00005E005304$C:ABCDEFGHIJKLMNOP%N:GW-26-000001$G:gateway";
constexpr const char* kLamp = "Z:00005EFFFE005301%N:SL-26-000001$G:smart-lamp";

LabelDesign delivered(const std::string& name) {
  return LabelDesign::load(std::filesystem::path{LAMP_SOURCE_DIR} / "templates/labels" / (name + ".yaml"));
}

std::string text(const SecureBytes& bytes) { return {bytes.begin(), bytes.end()}; }

/// The same design with one line of it changed.
std::string changed(const std::string& from, const std::string& to) {
  std::string design =
      "width: 50\nheight: 25\ndots-per-mm: 8\nqr: {x: 0.5, y: 1, size: 23}\nlines:\n"
      "  - {text: \"{model}\", x: 24.5, y: 3, size: 3.2}\n";
  return design.replace(design.find(from), from.size(), to);
}

TEST(LabelDesigns, AreInTenthsOfAMillimetre) {
  const auto design = delivered("standard");
  EXPECT_EQ(design.name, "standard");
  EXPECT_EQ(design.width, 500U);
  EXPECT_EQ(design.qr_x, 5U);
  EXPECT_EQ(design.lines.at(0).size, 32U);
}

TEST(LabelDesigns, SetALongTextSmallerAndRefuseOneWithoutRoom) {
  auto design = delivered("standard");
  design.lines.at(0).text = std::string(25, 'x');
  EXPECT_EQ(draw(parse_label(kLamp), design, Shown::everything).lines.at(0).size, 17U);
  design.lines.at(0).x = 495;
  EXPECT_THROW((void)draw(parse_label(kLamp), design, Shown::everything), Error);
}

TEST(LabelDesigns, LeaveOutTheClaimCodesLineWhereThereIsNone) {
  EXPECT_EQ(draw(parse_label(kGateway), delivered("standard"), Shown::everything).lines.size(), 4U);
  EXPECT_EQ(draw(parse_label(kLamp), delivered("standard"), Shown::everything).lines.size(), 3U);
}

TEST(LabelDesigns, ShowTheClaimCodeInGroupsOfFour) {
  const auto drawn = draw(parse_label(kGateway), delivered("standard"), Shown::everything);
  EXPECT_EQ(text(drawn.lines.at(3).text), "ABCD-EFGH-IJKL-MNOP");
}

TEST(Previews, HoldNoClaimCodeInAnyForm) {
  const auto label = parse_label(kGateway);
  const auto whole = draw(label, delivered("standard"), Shown::everything);
  const auto preview = draw(label, delivered("standard"), Shown::all_but_the_claim_code);
  EXPECT_NE(preview.code.modules, whole.code.modules);
  for (const auto& form : {label_svg(preview), label_pdf(preview), label_zpl(preview)})
    EXPECT_THAT(text(form), Not(HasSubstr("ABCD"))) << text(form).substr(0, 8);
  EXPECT_THAT(text(label_pdf(preview)), HasSubstr("\\(claim code\\)"));
}

TEST(Previews, OfALampAreTheLabelItself) {
  const auto label = parse_label(kLamp);
  EXPECT_EQ(draw(label, delivered("standard"), Shown::all_but_the_claim_code).code.modules,
            draw(label, delivered("standard"), Shown::everything).code.modules);
}

TEST(Outputs, QuoteWhatTheirFormReserves) {
  const auto design = LabelDesign::parse(changed("{model}", "a<b>&(c)\\\\"), "design");
  const auto drawn = draw(parse_label(kLamp), design, Shown::everything);
  EXPECT_THAT(text(label_svg(drawn)), HasSubstr("a&lt;b&gt;&amp;(c)\\"));
  EXPECT_THAT(text(label_pdf(drawn)), HasSubstr("(a<b>&\\(c\\)\\\\) Tj"));
}

TEST(Outputs, RefuseModulesThatAPrinterCannotShow) {
  auto design = delivered("standard");
  design.dots = 6;
  design.qr_size = 130;
  const auto drawn = draw(parse_label(kGateway), design, Shown::everything);
  EXPECT_THROW((void)label_zpl(drawn), Error);
}

TEST(Drawing, RefusesModulesThatAReaderCannotSee) {
  auto design = delivered("standard");
  design.qr_size = 100;
  const auto drawn = attempt([&] { return draw(parse_label(kGateway), design, Shown::everything); });
  ASSERT_TRUE(std::holds_alternative<Error>(drawn));
  EXPECT_THAT(std::get<Error>(drawn).what(), HasSubstr("needs 10.3 mm"));
}

TEST(QrCodes, RefuseWhatTheyCannotHold) {
  EXPECT_THROW((void)make_qr_code({}), Error);
  EXPECT_THROW((void)make_qr_code(Bytes{'a', 0, 'b'}), Error);
  EXPECT_THROW((void)make_qr_code(Bytes(4000, 'a')), Error);
}

struct Bad {
  const char* name;
  std::string from, to, says;
};
void PrintTo(const Bad& b, std::ostream* os) { *os << b.name; }

class BadDesign : public testing::TestWithParam<Bad> {};

TEST_P(BadDesign, IsRefusedAtItsPlace) {
  const auto read = attempt([&] { return LabelDesign::parse(changed(GetParam().from, GetParam().to), "d.yaml"); });
  ASSERT_TRUE(std::holds_alternative<Error>(read));
  EXPECT_THAT(std::get<Error>(read).what(), testing::AllOf(HasSubstr("d.yaml:"), HasSubstr(GetParam().says)));
}

INSTANTIATE_TEST_SUITE_P(Designs, BadDesign,
                         testing::Values(Bad{"NoWidth", "width: 50\n", "", "width"},
                                         Bad{"Negative", "width: 50", "width: -5", "millimetres"},
                                         Bad{"Hundredths", "width: 50", "width: 50.25", "one decimal"},
                                         Bad{"Huge", "width: 50", "width: 99999999999999999999", "millimetres"},
                                         Bad{"Words", "height: 25", "height: tall", "millimetres"},
                                         Bad{"Dots", "dots-per-mm: 8", "dots-per-mm: 1", "6 to 48"},
                                         Bad{"CodeBeyond", "size: 23", "size: 25", "lie on the label"},
                                         Bad{"LineBeyond", "y: 3,", "y: 24,", "lie on the label"},
                                         Bad{"UnknownName", "{model}", "{pin}", "a name in braces"},
                                         Bad{"OpenBrace", "{model}", "{model", "a name in braces"},
                                         Bad{"CloseBrace", "{model}", "model}", "a name in braces"},
                                         Bad{"PrinterCommand", "{model}", "^XZ", "printable"},
                                         Bad{"NoAscii", "{model}", "Lämpchen", "printable"},
                                         Bad{"LongLine", "{model}", std::string(80, 'a'), "64 characters"},
                                         Bad{"UnknownKey", "width: 50", "width: 50\ncolour: red", "colour"}),
                         [](const auto& tested) { return std::string{tested.param.name}; });

}  // namespace
}  // namespace lamp::binding
