#include "lib/crypto/z85.hpp"

#include <gtest/gtest.h>

#include "lib/base/error.hpp"

namespace lamp::crypto {
namespace {

// ZeroMQ RFC 32, and a key pair of libzmq's documentation.
TEST(Z85, IsAsPublished) {
  EXPECT_EQ(z85(from_hex("864fd26fb559f75b")), "HelloWorld");
  EXPECT_EQ(z85(from_hex("00000000ffffffff")), "00000%nSc0");
  EXPECT_EQ(z85(from_hex("bb88471d65e2659b30c55a5321cebb5aab2b70a398645c26dca2b2fcb43fc518")),
            "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID");
  EXPECT_EQ(hex(from_z85("HelloWorld")), "864fd26fb559f75b");
  EXPECT_EQ(z85(from_z85("r^/rM9M=rMToK)63O8dCvd9D<PY<7iGlC+{BiSnG")), "r^/rM9M=rMToK)63O8dCvd9D<PY<7iGlC+{BiSnG");
}

class BadZ85 : public testing::TestWithParam<const char*> {};
TEST_P(BadZ85, IsRefused) { EXPECT_THROW((void)from_z85(GetParam()), Error); }
INSTANTIATE_TEST_SUITE_P(Texts, BadZ85,
                         testing::Values("01234567", "0", "#####", "%nSc1", "####\x04", "####\x7f", "Hell~",
                                         "Hello Worl"));

}  // namespace
}  // namespace lamp::crypto
