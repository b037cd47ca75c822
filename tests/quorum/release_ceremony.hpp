// A release's ceremony with software keys, its transcript, and everything in it as a field to lie about.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lib/base/error.hpp"
#include "lib/firmware/transcript_verify.hpp"
#include "tests/crypto/keys.hpp"
#include "tests/firmware/request_fixture.hpp"
#include "tests/quorum/small_quorum.hpp"
#include "tests/support/temporary_directory.hpp"

namespace lamp::firmware::test {

inline const Instant kNow = from_unix_seconds(1'795'000'000);
inline constexpr const char* kPolicy =
    "factory-sequence: 1\nfactory-epoch: 1\nepoch-step: 1\nepoch-jump-approvals: 1\napproval-days: 7\nrequest-days: "
    "30\n";

/// A ceremony as it should be, from which each lie departs.
struct Ceremony {
  lamp::test::SmallQuorum quorum;
  const Botan::Private_Key& release_key =
      testing_keys::rsa3072();  ///< the product's has 4096 bits: they cost time only
  Botan::ECDSA_PrivateKey log_key = lamp::test::make_p256();
  Request request;
  Bytes manifest, payload, suit_signature;
  Bytes hybrid_signature;  ///< of a hybrid model's release
  std::vector<ApprovalBody> approvals;
  PolicyBody policy;
  TokenBody token;
  std::vector<SignatureBody> signatures;
  Bytes release;
  std::string dealing_after;
  const Botan::Private_Key* custody = &quorum.custody;
  std::vector<PublishedFile> files;
  std::string logged_action = "sign.seal";
  std::vector<std::string> logged_officers{"officer-1", "officer-2"};
  Bytes logged_request;
  Instant logged_at = kNow;
  bool renewed = true, renewed_twice = false, logged = true;
  Instant approved_until = kNow + std::chrono::days{7};

  enum class Model { plain, hybrid };
  explicit Ceremony(Model model = Model::plain);
  void make_hybrid();
  [[nodiscard]] Bytes sign_by_ml_dsa(const Botan::Private_Key& key, ByteView payload) const;
  [[nodiscard]] ApprovalBody approval_of(std::size_t officer) const;
  void assemble();
  void publish_envelope(const std::vector<Bytes>& blocks);
  [[nodiscard]] Transcript write() const;
  [[nodiscard]] Evidence evidence() const;
  lamp::test::TemporaryDirectory published;
};

/// What is objected to, with what lies beside the transcript.
[[nodiscard]] std::vector<std::string> objections(const Ceremony& ceremony, const Evidence& evidence);

/// Told while the transcript is made: by a host that has the custody key in its hands, so that the chain holds.
struct Lie {
  const char* name;
  std::function<void(Ceremony&)> tell;
  const char* says;
};
inline void PrintTo(const Lie& lie, std::ostream* os) { *os << lie.name; }

}  // namespace lamp::firmware::test
