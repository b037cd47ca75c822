// zbarimg reads the labels that we draw, as other programs render them.
#include <gmock/gmock.h>

#include <filesystem>

#include "lib/base/bytes.hpp"
#include "lib/base/file.hpp"
#include "lib/binding/label_output.hpp"
#include "tests/interop/shell.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::binding {
namespace {

using test::run;

constexpr const char* kTexts[] = {
    "B:00005E005304$C:ABCDEFGHIJKLMNOP%N:GW-26-000001$G:gateway", "Z:00005EFFFE005301%N:SL-26-000001$G:smart-lamp",
    "B:00005E0053FF$C:7777222277772222%N:A.B_c-26-999999$G:access-hub-with-a-longer-name"};

struct Case {
  const char* text;
  const char* design;
};
void PrintTo(const Case& c, std::ostream* os) { *os << c.design << ' ' << c.text; }

class LabelCode : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    for (const char* program : {"zbarimg", "rsvg-convert", "pdftoppm"})
      if (!test::installed(program)) GTEST_SKIP() << program << " is not installed";
  }
  [[nodiscard]] DrawnLabel drawn() const {
    const auto file = std::filesystem::path{LAMP_SOURCE_DIR} / "templates/labels" / GetParam().design;
    return draw(parse_label(GetParam().text), LabelDesign::load(file), Shown::everything);
  }
  std::string file(const std::string& name, const SecureBytes& bytes) {
    publish(folder_ / name, ByteView{bytes});
    return (folder_ / name).string();
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (folder_ / name).string(); }
  void expect_text_in(const std::string& image) {
    const auto read = run("zbarimg --nodbus --quiet --raw -Sdisable -Sqrcode.enable " + image);
    EXPECT_EQ(read.text, std::string{GetParam().text} + "\n") << image;
  }

 private:
  test::TemporaryDirectory folder_;
};

TEST_P(LabelCode, IsReadFromTheSvg) {
  const auto made =
      run("rsvg-convert -d 300 -p 300 -o " + path("label.png") + " " + file("label.svg", label_svg(drawn())));
  ASSERT_EQ(made.status, 0) << made.text;
  expect_text_in(path("label.png"));
}

TEST_P(LabelCode, IsReadFromThePdf) {
  const auto made =
      run("pdftoppm -r 300 -png -singlefile " + file("label.pdf", label_pdf(drawn())) + " " + path("label"));
  ASSERT_EQ(made.status, 0) << made.text;
  EXPECT_EQ(made.text, "");
  expect_text_in(path("label.png"));
}

/// What a printer would make of ^GFA, as a portable bitmap with its quiet zone.
std::string bitmap_of(const std::string& zpl) {
  const auto from = zpl.find("^GFA,") + 5;
  std::array<std::size_t, 3> numbers{};
  auto at = from;
  for (auto& number : numbers) {
    number = std::stoul(zpl.substr(at));
    at = zpl.find(',', at) + 1;
  }
  const auto bits = from_hex(zpl.substr(at, numbers[0] * 2));
  const auto width = numbers[2] * 8, height = numbers[0] / numbers[2], quiet = std::size_t{64};
  std::string image = "P1\n" + std::to_string(width + 2 * quiet) + " " + std::to_string(height + 2 * quiet) + "\n";
  for (std::size_t y = 0; y < height + 2 * quiet; ++y)
    for (std::size_t x = 0; x < width + 2 * quiet; ++x) {
      const bool inside = x >= quiet && x < width + quiet && y >= quiet && y < height + quiet;
      const auto bit = inside ? (y - quiet) * width + (x - quiet) : 0;
      image += inside && (bits[bit / 8] >> (7 - bit % 8) & 1U) != 0 ? "1\n" : "0\n";
    }
  return image;
}

TEST_P(LabelCode, IsReadFromTheZpl) {
  const auto zpl = label_zpl(drawn());
  const auto image = bitmap_of({zpl.begin(), zpl.end()});
  expect_text_in(file("label.pbm", SecureBytes(image.begin(), image.end())));
}

TEST_P(LabelCode, StandsOnAPageOfTheLabelsSizeWithItsText) {
  const auto pdf = file("label.pdf", label_pdf(drawn()));
  const auto size = run("pdfinfo " + pdf);
  EXPECT_THAT(size.text, testing::ContainsRegex("Pages: +1\n"));
  EXPECT_THAT(size.text, testing::HasSubstr(std::string{GetParam().design} == "standard.yaml" ? "141.732 x 70.866 pts"
                                                                                              : "56.693 x 73.701 pts"));
  EXPECT_THAT(run("pdftotext -layout " + pdf + " -").text, testing::HasSubstr(parse_label(GetParam().text).serial));
}

INSTANTIATE_TEST_SUITE_P(Labels, LabelCode,
                         testing::Values(Case{kTexts[0], "standard.yaml"}, Case{kTexts[1], "standard.yaml"},
                                         Case{kTexts[2], "standard.yaml"}, Case{kTexts[0], "small.yaml"},
                                         Case{kTexts[1], "small.yaml"}),
                         [](const auto& tested) {
                           return std::string{tested.param.design}.substr(0, 5) + std::to_string(tested.index);
                         });

}  // namespace
}  // namespace lamp::binding
