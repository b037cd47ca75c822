// curl, with OpenSSL underneath, as a client that we did not write.
#include <gmock/gmock.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>

#include "lib/base/file.hpp"
#include "tests/cloud/running_service.hpp"

namespace lamp::cloud {
namespace {

using testing::HasSubstr;

struct Ran {
  int exit = -1;
  std::string out;
};

Ran run(const std::string& command) {
  Ran ran;
  FILE* const pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> piece{};
  while (const auto got = std::fread(piece.data(), 1, piece.size(), pipe)) ran.out.append(piece.data(), got);
  const int status = ::pclose(pipe);
  ran.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return ran;
}

class Curl : public testing::Test {
 protected:
  void SetUp() override {
    if (run("curl --version").exit != 0) GTEST_SKIP() << "curl is not installed";
    test::write_pem(folder_.path(), "device", service_.device(1));
    test::write_pem(folder_ / "root.pem", service_.root.certificate());
  }
  Ran curl(const std::string& arguments, const std::string& path, const std::string& who = "device") {
    const auto at = [&](const std::string& file) { return (folder_ / file).string(); };
    std::string command = "curl -sS --max-time 20 --cacert " + at("root.pem") + " -w ' %{http_code}' ";
    if (!who.empty()) command += "--cert " + at(who + ".pem") + " --key " + at(who + ".key") + " ";
    return run(command + arguments + " " + service_.url() + path);
  }

  test::RunningService service_;
  test::TemporaryDirectory folder_;
  static constexpr const char* kBase = "/default/controller/v1/SL-26-000001";
};

TEST_F(Curl, PollsWithTls13) {
  const auto ran = curl("--tlsv1.3", kBase);
  EXPECT_EQ(ran.exit, 0) << ran.out;
  EXPECT_THAT(ran.out, HasSubstr("configData"));
  EXPECT_THAT(ran.out, testing::EndsWith(" 200"));
}

TEST_F(Curl, PollsWithTls12) { EXPECT_THAT(curl("--tls-max 1.2", kBase).out, testing::EndsWith(" 200")); }

TEST_F(Curl, PutsALargeBodyAfterContinue) {
  publish(folder_ / "body.json", R"({"data":{"version":"1.0.0","x":")" + std::string(30000, 'x') + "\"}}");
  const auto ran =
      curl("-T " + (folder_ / "body.json").string() + " -H 'Expect: 100-continue'", std::string{kBase} + "/configData");
  EXPECT_THAT(ran.out, testing::EndsWith(" 200"));
}

TEST_F(Curl, ResumesADownload) {
  publish(folder_ / "part", std::string(50000, 'a'));
  const auto part = (folder_ / "part").string();
  const auto ran = curl("-C - -o " + part, "/test/file");
  EXPECT_THAT(ran.out, testing::EndsWith(" 206"));
  EXPECT_EQ(read_text_file(part), std::string(50000, 'a') + std::string(50000, 'b'));
}

TEST_F(Curl, AsksForTheHead) { EXPECT_THAT(curl("-I", "/test/file").out, HasSubstr("Content-Length: 100000")); }

TEST_F(Curl, WithoutACertificateIsRefused) {
  EXPECT_NE(curl("--tlsv1.3", kBase, "").exit, 0);
  EXPECT_NE(curl("--tls-max 1.2", kBase, "").exit, 0);
}

TEST_F(Curl, IsToldThatItsCertificateIsRevoked) {
  const auto device = service_.device(2);
  test::write_pem(folder_.path(), "revoked", device);
  service_.devices.write_crl(service_.directory / "device.crl", {device.chain.front()});
  const auto ran = curl("", "/default/controller/v1/SL-26-000002", "revoked");
  EXPECT_NE(ran.exit, 0);
  EXPECT_THAT(ran.out, HasSubstr("certificate revoked"));
}

TEST_F(Curl, SpeaksHttp10) { EXPECT_THAT(curl("-0 -i", kBase).out, testing::StartsWith("HTTP/1.0 200")); }

}  // namespace
}  // namespace lamp::cloud
