#include "lib/cloud/client_trust.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/base/file.hpp"
#include "lib/pki/crl.hpp"
#include "tests/pki/expect_error.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::cloud {
namespace {

using test::kNow;

TEST(ClientTrustTest, TakesNoPartOfAListForTheWhole) {
  test::SmallCa ca;
  const auto list_file = ca.directory() / "crl.der";
  const auto publish_list = [&](const pki::Shard& scope) {
    const auto list = pki::make_list(
        ca.database(), ca.issuing(), 7, kNow, test::rng(), [](store::Transaction&, const pki::RevocationList&) {},
        scope);
    publish(list_file, ByteView{list.der});
  };
  const FixedClock clock{kNow};
  const auto trust = [&] {
    const ClientTrust made{ca.root().chain().front(),
                           {{"device", ca.issuing().chain().front(), list_file}},
                           clock,
                           [](const std::string&) {}};
    return made.accepted().size();
  };
  publish_list({});
  EXPECT_EQ(trust(), 2U);
  publish_list({1, {"http://crl.example.org/device-1.crl"}});
  EXPECT_THAT(test::error_of(trust).what(), testing::HasSubstr("only a part"));
}

}  // namespace
}  // namespace lamp::cloud
