#include "lib/pki/signed_document.hpp"

#include <botan/pk_keys.h>
#include <gmock/gmock.h>

#include "lib/pki/path.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::pki {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class Document : public testing::Test {
 protected:
  Document() {
    chain_ = {ca_.issue(test::delivered_profile("station"), {{"name", "line1"}}, *key_, test::kNow).certificate,
              ca_.issuing().chain().front()};
    message_ = sign_document(*key_, chain_, to_bytes("content"), "lamp-test-v1", test::rng());
  }
  std::vector<std::string> signer(const std::vector<Bytes>& anchors, Instant at = test::kNow,
                                  PathUse use = PathUse::tls_client) {
    return judge_signer(SignedDocument::parse(message_), anchors, use, at).objections;
  }
  [[nodiscard]] Bytes root() const { return ca_.root().chain().front(); }

  test::SmallCa ca_{"client-ca"};
  std::unique_ptr<Botan::Private_Key> key_ = test::make_key();
  std::vector<Bytes> chain_;
  Bytes message_;
};

TEST_F(Document, ComesBackWithItsContentAndItsSigner) {
  const auto read = SignedDocument::parse(message_);
  EXPECT_EQ(read.content, to_bytes("content"));
  EXPECT_EQ(read.chain, chain_);
  EXPECT_THAT(judge_signature(read, "lamp-test-v1").objections, IsEmpty());
  EXPECT_THAT(signer({root()}), IsEmpty());
}

TEST_F(Document, OfAnotherKindIsRefused) {
  EXPECT_FALSE(judge_signature(SignedDocument::parse(message_), "lamp-other-v1").acceptable());
}

TEST_F(Document, IsRefusedForAnotherRootTimeOrUse) {
  const test::SmallCa other{"client-ca"};
  EXPECT_THAT(signer({other.root().chain().front()}), Not(IsEmpty()));
  EXPECT_THAT(signer({root()}, test::kNow + std::chrono::days{800}), testing::ElementsAre(HasSubstr("does not hold")));
  EXPECT_THAT(signer({root()}, test::kNow, PathUse::tls_server), Not(IsEmpty()));
}

TEST_F(Document, WithAnyBitChangedIsRefused) {
  for (std::size_t at = 0; at < message_.size(); at += 3) {
    auto changed = message_;
    changed[at] ^= 4U;
    const auto judged = attempt([&] { return judge_signature(SignedDocument::parse(changed), "lamp-test-v1"); });
    EXPECT_FALSE(std::holds_alternative<Verdict>(judged) && std::get<Verdict>(judged).acceptable()) << at;
  }
}

TEST_F(Document, StandsBesideOthersInOneFile) {
  auto file = message_;
  append(file, message_);
  EXPECT_EQ(parse_documents(file).size(), 2U);
  file.pop_back();
  EXPECT_THROW((void)parse_documents(file), Error);
  EXPECT_THROW((void)parse_documents({}), Error);
}

TEST_F(Document, MayCarryOneCertificateAlone) {
  const auto message = sign_document(*key_, {chain_.front()}, to_bytes("x"), "lamp-test-v1", test::rng());
  EXPECT_EQ(SignedDocument::parse(message).chain.size(), 1U);
}

}  // namespace
}  // namespace lamp::pki
