#include "tests/lint/rules.hpp"

#include <gmock/gmock.h>

namespace lamp::lint {
namespace {

struct ArrowCase {
  const char* file;
  const char* header;
  bool allowed;
};
void PrintTo(const ArrowCase& c, std::ostream* os) { *os << c.file << " -> " << c.header; }

class Arrows : public testing::TestWithParam<ArrowCase> {};

TEST_P(Arrows, PointDownOnly) { EXPECT_EQ(!wrong_arrow(GetParam().file, GetParam().header), GetParam().allowed); }

INSTANTIATE_TEST_SUITE_P(Table, Arrows,
                         testing::Values(ArrowCase{"cli/ca/issue.cpp", "hsm/token.hpp", true},
                                         ArrowCase{"cli/ota/start.cpp", "lib/cloud/client.hpp", true},
                                         ArrowCase{"hsm/token.cpp", "lib/base/error.hpp", true},
                                         ArrowCase{"hsm/token.cpp", "manufacturing/order.hpp", false},
                                         ArrowCase{"manufacturing/station.cpp", "hsm/token.hpp", false},
                                         ArrowCase{"manufacturing/station.cpp", "lib/cloud/client.hpp", false},
                                         ArrowCase{"lib/pki/authority.cpp", "lib/store/database.hpp", true},
                                         ArrowCase{"lib/pki/authority.cpp", "hsm/token.hpp", false},
                                         ArrowCase{"lib/pki/authority.cpp", "cli/host.hpp", false},
                                         ArrowCase{"lib/rollout/executor.cpp", "lib/registry/device.hpp", false},
                                         ArrowCase{"lib/registry/device.cpp", "lib/cloud/router.hpp", false},
                                         ArrowCase{"lib/cloud/ddi.cpp", "lib/registry/device.hpp", true},
                                         ArrowCase{"lib/base/file.cpp", "tests/support/run_tool.hpp", false},
                                         ArrowCase{"tests/hsm/token_test.cpp", "hsm/token.hpp", true},
                                         ArrowCase{"lib/base/file.cpp", "file.hpp", false}));

struct HomeCase {
  const char* file;
  const char* header;
  bool allowed;
};
void PrintTo(const HomeCase& c, std::ostream* os) { *os << c.file << " <" << c.header << ">"; }

class Homes : public testing::TestWithParam<HomeCase> {};

TEST_P(Homes, KeepForeignLibrariesInOnePlace) {
  EXPECT_EQ(!away_from_home(GetParam().file, GetParam().header), GetParam().allowed);
}

INSTANTIATE_TEST_SUITE_P(Table, Homes,
                         testing::Values(HomeCase{"hsm/module.cpp", "p11-kit/pkcs11.h", true},
                                         HomeCase{"lib/crypto/cose.cpp", "p11-kit/pkcs11.h", false},
                                         HomeCase{"cli/tool.cpp", "CLI/CLI.hpp", true},
                                         HomeCase{"cli/ca/issue.cpp", "CLI/CLI.hpp", false},
                                         HomeCase{"lib/config/yaml.cpp", "yaml-cpp/yaml.h", true},
                                         HomeCase{"lib/pki/profile.cpp", "yaml-cpp/yaml.h", false},
                                         HomeCase{"tests/store/database_test.cpp", "sqlite3.h", true},
                                         HomeCase{"lib/audit/log.cpp", "sqlite3.h", false},
                                         HomeCase{"manufacturing/usb.cpp", "libusb-1.0/libusb.h", true},
                                         HomeCase{"cli/sim/usb_bus.cpp", "libusb-1.0/libusb.h", false},
                                         HomeCase{"lib/binding/qr_code.cpp", "qrencode.h", true},
                                         HomeCase{"cli/factory/label.cpp", "qrencode.h", false},
                                         HomeCase{"cli/sim/usb_bus.cpp", "umockdev.h", true},
                                         HomeCase{"lib/cloud/client.cpp", "boost/beast.hpp", true},
                                         HomeCase{"lib/rollout/plan.cpp", "boost/beast.hpp", false},
                                         HomeCase{"lib/rollout/plan.cpp", "nlohmann/json.hpp", true},
                                         HomeCase{"lib/rollout/plan.hpp", "nlohmann/json.hpp", false},
                                         HomeCase{"lib/pki/authority.hpp", "botan/x509cert.h", false},
                                         HomeCase{"lib/base/secret.hpp", "botan/secmem.h", true}));

TEST(IncludeLines, AreRead) {
  EXPECT_EQ(include_of("#include \"lib/base/error.hpp\"")->path, "lib/base/error.hpp");
  EXPECT_TRUE(include_of("#include \"lib/base/error.hpp\"")->is_ours);
  EXPECT_EQ(include_of("  # include <vector>  // why")->path, "vector");
  EXPECT_FALSE(include_of("#include <vector>")->is_ours);
  EXPECT_FALSE(include_of("#define X \"y\""));
  EXPECT_FALSE(include_of("// #include <vector>"));
}

TEST(UnfinishedWork, IsNoticed) {
  EXPECT_TRUE(
      unfinished("// TO"
                 "DO: later"));
  EXPECT_TRUE(
      unfinished("open(\"/wo"
                 "rk/x\")"));
  EXPECT_TRUE(unfinished("f();  // NOLINT"));
  EXPECT_TRUE(unfinished("f();  // NOLINT(concurrency-mt-unsafe)"));
  EXPECT_FALSE(unfinished("f();  // NOLINT(concurrency-mt-unsafe): glibc's is per thread"));
  EXPECT_FALSE(unfinished("// the todo list of a user"));
}

TEST(Columns, OfBytesAreByteaInBothDatabases) {
  EXPECT_TRUE(foreign_column("  \"CREATE TABLE t (key BLOB NOT NULL, n BIGINT\""));
  EXPECT_TRUE(foreign_column("  \"digest BLOB, nonce BYTEA NOT NULL\""));
  EXPECT_FALSE(foreign_column("  \"CREATE TABLE t (key BYTEA NOT NULL\""));
  EXPECT_FALSE(foreign_column("    case SQLITE_BLOB: {"));
  EXPECT_FALSE(foreign_column("/// A BLOB of SQLite's"));
}

}  // namespace
}  // namespace lamp::lint
