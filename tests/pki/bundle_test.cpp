#include "lib/pki/bundle.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class BundleTest : public testing::TestWithParam<BundleFormat> {
 protected:
  test::SmallCa ca_;
  Anchor root_{"root", ca_.root().chain().front()}, issuing_{"a0xissuing", ca_.issuing().chain().front()};
};

TEST_P(BundleTest, GivesBackItsAnchorsInOrderOfName) {
  const auto bundle = write_bundle({root_, issuing_, root_}, GetParam());
  EXPECT_THAT(read_bundle(bundle, GetParam()), ElementsAre(issuing_.certificate, root_.certificate));
  EXPECT_EQ(bundle, write_bundle({issuing_, root_}, GetParam()));
}

TEST_P(BundleTest, HasNoDriftFromItself) {
  EXPECT_THAT(bundle_drift({root_, issuing_}, write_bundle({issuing_, root_}, GetParam()), GetParam()), IsEmpty());
}

TEST_P(BundleTest, NamesWhatIsMissingAndWhatIsTooMuch) {
  const auto had = write_bundle({issuing_}, GetParam());
  EXPECT_THAT(bundle_drift({root_}, had, GetParam()),
              ElementsAre(HasSubstr("lacks the anchor root"), HasSubstr("has an anchor that is not ours")));
}

TEST_P(BundleTest, RefusesALeafAndNothing) {
  const auto key = test::make_key();
  const auto leaf = ca_.issue(test::delivered_profile("idevid"), {{"serial", "SL-1"}, {"model", "lamp"}}, *key);
  EXPECT_EQ(test::error_of([&] { return write_bundle({{"leaf", leaf.certificate}}, GetParam()); }).code(),
            Errc::denied);
  EXPECT_EQ(test::error_of([&] { return write_bundle({}, GetParam()); }).code(), Errc::denied);
}

INSTANTIATE_TEST_SUITE_P(Formats, BundleTest,
                         testing::Values(BundleFormat::pem, BundleFormat::der, BundleFormat::c_header,
                                         BundleFormat::cbor));

TEST(Bundle, ThatWasWrittenOtherwiseHasDrifted) {
  test::SmallCa ca;
  const Anchor root{"root", ca.root().chain().front()};
  auto bundle = write_bundle({root}, BundleFormat::pem);
  bundle.push_back('\n');
  EXPECT_THAT(bundle_drift({root}, bundle, BundleFormat::pem), ElementsAre(HasSubstr("not as lamp-ca bundle")));
}

TEST(Bundle, TakesItsFormatFromTheFile) {
  EXPECT_EQ(bundle_format_of("build/anchors.h"), BundleFormat::c_header);
  EXPECT_EQ(bundle_format_of("anchors.cbor"), BundleFormat::cbor);
  EXPECT_THAT(test::error_of([] { return bundle_format_of("anchors.txt"); }).what(), HasSubstr("--format"));
  EXPECT_THAT(test::error_of([] { return bundle_format("jks"); }).what(), HasSubstr("pem, der, c, cbor"));
}

TEST(Bundle, RefusesCborThatIsCutOff) {
  test::SmallCa ca;
  auto bundle = write_bundle({{"root", ca.root().chain().front()}}, BundleFormat::cbor);
  bundle.pop_back();
  EXPECT_EQ(test::error_of([&] { return read_bundle(bundle, BundleFormat::cbor); }).code(), Errc::bad_input);
}

}  // namespace
}  // namespace lamp::pki
