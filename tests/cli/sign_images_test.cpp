// `lamp-sign inspect`, `verify` and `convert` on files that are not SUIT envelopes.
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/sign/tool.hpp"
#include "lib/base/file.hpp"
#include "tests/support/run_tool.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::cli {
namespace {

using nlohmann::json;
using test::run_tool;
using testing::HasSubstr;

class SignImages : public testing::Test {
 protected:
  static std::string vector(const std::string& name) {
    return std::string{LAMP_SOURCE_DIR} + "/tests/firmware/images/vectors/" + name;
  }
  std::string path(const std::string& name) const { return (directory_.path() / name).string(); }
  static test::Ran run(const std::vector<std::string>& arguments) { return run_tool(make_sign_tool(), arguments); }
  std::string wrapped() const {
    const auto ran = run({"convert", vector("prot-all.bin"), "-o", path("lamp.ota"), "--to", "zigbee", "--manufacturer",
                          "4107", "--image-type", "260", "--file-version", "7"});
    EXPECT_EQ(ran.exit, 0) << ran.err;
    return path("lamp.ota");
  }
  /// A copy with one byte changed.
  std::string changed(const std::string& file, std::size_t at) const {
    auto bytes = read_file(file);
    bytes.at(at) ^= 0x01;
    publish(path("changed"), ByteView{bytes});
    return path("changed");
  }
  test::TemporaryDirectory directory_;
};

TEST_F(SignImages, InspectKnowsAnMcubootImageByItsContent) {
  const auto ran = run({"inspect", vector("prot-all.bin"), "--json"});
  ASSERT_EQ(ran.exit, 0) << ran.err;
  const auto all = json::parse(ran.out);
  EXPECT_EQ(all.at("kind"), "mcuboot");
  EXPECT_EQ(all.at("version"), "1.2.3+4");
  EXPECT_EQ(all.at("tlvs").size(), 9U);
  EXPECT_EQ(all.at("tlvs")[0].at("name"), "security counter");
}

TEST_F(SignImages, InspectSaysWhichRuleFailedWhere) {
  const auto ran = run({"inspect", changed(vector("prot-all.bin"), 10), "--json"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(json::parse(ran.out).at("findings")[0].at("offset"), 10);
}

TEST_F(SignImages, VerifyTakesAnImageByATrustedKey) {
  const auto good = run({"verify", vector("prot-all.bin"), "--trusted", vector("root-ec-p256.pub.pem")});
  EXPECT_EQ(good.exit, 0) << good.err;
  const auto other = run({"verify", vector("prot-all.bin"), "--trusted", vector("root-ed25519.pub.pem")});
  EXPECT_EQ(other.exit, 1);
  EXPECT_THAT(other.err, HasSubstr("byte 744: signed by a key that is not trusted"));
  const auto older =
      run({"verify", vector("prot-all.bin"), "--trusted", vector("root-ec-p256.pub.pem"), "--min-epoch", "8"});
  EXPECT_THAT(older.err, HasSubstr("byte 536: a security counter below the lowest allowed"));
}

TEST_F(SignImages, VerifyWithoutAKeyCannotJudge) {
  const auto ran = run({"verify", vector("prot-all.bin")});
  EXPECT_EQ(ran.exit, 3);
  EXPECT_THAT(ran.err, HasSubstr("--trusted FILE"));
}

TEST_F(SignImages, VerifyJudgesWhatAZigbeeFileCarriesAtItsPlaceInTheFile) {
  const auto file = wrapped();
  const auto trusted = vector("root-ec-p256.pub.pem");
  EXPECT_EQ(run({"verify", file, "--trusted", trusted}).exit, 0);
  // A changed byte breaks the integrity code first; it is the last 16 bytes of the file.
  const auto ran = run({"verify", changed(file, 100), "--trusted", trusted, "--json"});
  EXPECT_EQ(ran.exit, 1);
  EXPECT_EQ(json::parse(ran.out).at("findings")[0].at("offset"), std::filesystem::file_size(file) - 16);
  const auto other = run({"verify", file, "--trusted", vector("root-ed25519.pub.pem")});
  EXPECT_THAT(other.err, HasSubstr("byte 806: signed by a key that is not trusted"));
}

TEST_F(SignImages, ConvertGivesBackWhatItWrapped) {
  const auto file = wrapped();
  EXPECT_EQ(run({"convert", file, "-o", path("out"), "--to", "mcuboot"}).exit, 0);
  EXPECT_EQ(read_file(path("out")), read_file(vector("prot-all.bin")));
  EXPECT_EQ(run({"convert", path("out"), "-o", path("image"), "--to", "image"}).exit, 0);
  EXPECT_EQ(read_file(path("image")), read_file(vector("payload.bin")));
}

TEST_F(SignImages, ConvertRefusesAndLeavesNothing) {
  const auto file = wrapped();
  struct Wrong {
    std::string file, kind;
    int exit;
  };
  for (const auto& [input, kind, exit] : {Wrong{file, "suit", 1}, Wrong{changed(file, 100), "mcuboot", 1},
                                          Wrong{vector("payload.bin"), "zigbee", 3}, Wrong{file, "zip", 2}}) {
    EXPECT_EQ(run({"convert", input, "-o", path("none"), "--to", kind}).exit, exit) << kind;
    EXPECT_FALSE(std::filesystem::exists(path("none")));
  }
}

}  // namespace
}  // namespace lamp::cli
