#include "lib/base/file.hpp"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "lib/base/error.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class Files : public testing::Test {
 protected:
  test::TemporaryDirectory place_;
};

mode_t mode_of(const fs::path& file) {
  struct stat info{};
  ::stat(file.c_str(), &info);
  return info.st_mode & 07777;
}

TEST_F(Files, PublishedBytesAreReadBackWithTheModeAskedFor) {
  publish(place_ / "deep/er/secret", "a", Mode::secret);
  EXPECT_EQ(read_text_file(place_ / "deep/er/secret"), "a");
  EXPECT_EQ(mode_of(place_ / "deep/er/secret"), 0600U);
}

TEST_F(Files, PublishReplacesAndLeavesNothingBeside) {
  publish(place_ / "f", "one");
  publish(place_ / "f", "two");
  EXPECT_EQ(read_text_file(place_ / "f"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator{place_.path()}, fs::directory_iterator{}), 1);
}

TEST_F(Files, PublishRefusesWhenToldToAndKeepsTheOldFile) {
  publish(place_ / "f", "one");
  try {
    publish(place_ / "f", "two", Mode::shared, Existing::refuse);
    FAIL() << "it was overwritten";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::exists);
  }
  EXPECT_EQ(read_text_file(place_ / "f"), "one");
  EXPECT_EQ(std::distance(fs::directory_iterator{place_.path()}, fs::directory_iterator{}), 1);
}

TEST_F(Files, ASecretThatOthersMayReadIsRefusedWithTheCure) {
  publish(place_ / "pin", "1234");
  try {
    (void)read_secret_file(place_ / "pin");
    FAIL() << "it was read";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::denied);
    EXPECT_THAT(e.what(), HasSubstr("chmod 600"));
  }
}

TEST_F(Files, ASecretIsReadWithoutItsFinalNewline) {
  publish(place_ / "pin", "1234\n", Mode::secret);
  EXPECT_EQ(read_secret_file(place_ / "pin").size(), 4U);
}

TEST_F(Files, AnAbsentFileAndAFolderAreToldApart) {
  try {
    (void)read_file(place_ / "absent");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), Errc::not_found);
    EXPECT_THAT(e.what(), HasSubstr("no such file"));
  }
  EXPECT_THROW((void)read_file(place_.path()), Error);
}

TEST_F(Files, ALimitIsALimit) {
  publish(place_ / "f", "12345");
  EXPECT_THROW((void)read_file(place_ / "f", 4), Error);
  EXPECT_EQ(read_file(place_ / "f", 5).size(), 5U);
}

TEST_F(Files, ALockIsHeldByOneAtATime) {
  int inside = 0;
  int most = 0;
  const auto work = [&] {
    for (int i = 0; i < 50; ++i) {
      const FileLock lock{place_ / "lock"};
      most = std::max(most, ++inside);
      --inside;
    }
  };
  std::thread other{work};
  work();
  other.join();
  EXPECT_EQ(most, 1);
}

}  // namespace
}  // namespace lamp
