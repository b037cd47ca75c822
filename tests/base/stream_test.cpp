#include "lib/base/stream.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "lib/base/error.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp {
namespace {

using testing::ElementsAre;

std::vector<std::string> names_in(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) names.push_back(entry.path().filename());
  return names;
}

TEST(ViewSource, GivesItsBytesOnce) {
  const auto bytes = to_bytes("abcde");
  ViewSource source{bytes};
  Bytes piece(3);
  EXPECT_EQ(source.read(piece), 3U);
  EXPECT_EQ(to_text(piece), "abc");
  EXPECT_EQ(source.read(piece), 2U);
  EXPECT_EQ(source.read(piece), 0U);
}

class FileStreams : public testing::Test {
 protected:
  test::TemporaryDirectory directory_;
};

TEST_F(FileStreams, AreReadInPiecesFromWhereOneSeeks) {
  publish(directory_ / "file", "0123456789");
  FileSource source{directory_ / "file"};
  EXPECT_EQ(source.size(), 10U);
  source.seek(4);
  Bytes piece(4);
  EXPECT_EQ(source.read(piece), 4U);
  EXPECT_EQ(to_text(piece), "4567");
  EXPECT_EQ(source.read(piece), 2U);
}

TEST_F(FileStreams, ThatAreAbsentOrFoldersAreRefusedByName) {
  const auto code = [](const std::filesystem::path& path) {
    const auto opened = attempt([&] { return FileSource{path}.size(); });
    return std::get<Error>(opened).code();
  };
  EXPECT_EQ(code(directory_ / "absent"), Errc::not_found);
  EXPECT_EQ(code(directory_.path()), Errc::bad_input);
}

TEST_F(FileStreams, ComeIntoBeingWithTheCommit) {
  FileSink sink{directory_ / "new/file"};
  sink.write(to_bytes("one "));
  sink.write(to_bytes("two"));
  EXPECT_FALSE(std::filesystem::exists(directory_ / "new/file"));
  sink.commit();
  EXPECT_EQ(read_text_file(directory_ / "new/file"), "one two");
  EXPECT_THAT(names_in(directory_ / "new"), ElementsAre("file"));
}

TEST_F(FileStreams, ThatAreNotCommittedLeaveTheOldOneAndNothingElse) {
  publish(directory_ / "file", "old");
  FileSink{directory_ / "file"}.write(to_bytes("half of the n"));
  EXPECT_EQ(read_text_file(directory_ / "file"), "old");
  EXPECT_THAT(names_in(directory_.path()), ElementsAre("file"));
}

TEST_F(FileStreams, AreNotOverwrittenWhenThatIsRefused) {
  publish(directory_ / "file", "old");
  FileSink sink{directory_ / "file", Mode::secret, Existing::refuse};
  sink.write(to_bytes("new"));
  EXPECT_THROW(sink.commit(), Error);
  EXPECT_EQ(read_text_file(directory_ / "file"), "old");
}

}  // namespace
}  // namespace lamp
