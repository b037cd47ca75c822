#include "lib/quorum/hybrid.hpp"

#include <botan/ml_dsa.h>
#include <botan/x509_key.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/base/lockdown.hpp"
#include "lib/crypto/cbor.hpp"
#include "lib/crypto/sha256.hpp"
#include "lib/quorum/share.hpp"

namespace lamp::quorum {
namespace {

using crypto::sha256;

namespace fs = std::filesystem;

const Botan::ML_DSA_Mode kMode{Botan::ML_DSA_Mode::ML_DSA_8x7};
constexpr std::size_t kNamedBytes = 16;  // of a box's digest, in its file's name

Bytes key_context(const Roster& roster, std::uint64_t number) {
  return cbor::Writer{}
      .array(7)
      .text("lamp-hybrid-key-v1")
      .text(roster.token_serial)
      .bytes(sha256(roster.custody_key))
      .unsigned_integer(roster.epoch)
      .bytes(roster.digest())
      .unsigned_integer(number)
      .bytes(sha256(roster.hybrid_key))
      .encoded();
}

std::string prefix_of(const std::string& quorum) { return quorum + ".hybrid."; }

}  // namespace

std::unique_ptr<Botan::Private_Key> make_hybrid_key(Botan::RandomNumberGenerator& rng) {
  return guarded(Errc::unavailable, [&]() -> std::unique_ptr<Botan::Private_Key> {
    return std::make_unique<Botan::ML_DSA_PrivateKey>(rng, kMode);
  });
}

Bytes seal_hybrid_key(const Botan::Private_Key& key, const SymmetricKey& under, const Roster& roster,
                      std::uint64_t number, Botan::RandomNumberGenerator& rng) {
  const SecureBytes seed = guarded(Errc::internal, [&] { return key.private_key_bits(); });
  return crypto::seal_under(under, seed, key_context(roster, number), rng);
}

std::unique_ptr<Botan::Private_Key> open_hybrid_key(ByteView box, const SymmetricKey& under, const Roster& roster,
                                                    std::uint64_t number) {
  return in_context("the ML-DSA key of quorum " + roster.name, [&]() -> std::unique_ptr<Botan::Private_Key> {
    const SecureBytes seed = crypto::open_under(under, box, key_context(roster, number));
    require_locked_memory(seed);
    // Botan's message is not passed on: its input was secret.
    auto loaded = attempt(
        [&] { return guarded(Errc::denied, [&] { return std::make_unique<Botan::ML_DSA_PrivateKey>(seed, kMode); }); });
    if (std::holds_alternative<Error>(loaded)) throw Error{Errc::denied, "what is sealed is no key of ML-DSA-87"};
    auto key = std::move(std::get<0>(loaded));
    if (key->subject_public_key() != roster.hybrid_key)
      throw Error{Errc::denied, "what is sealed is not the key that the roster names"};
    return key;
  });
}

DealtHybrid seal_hybrid_shares(const Roster& roster, std::uint64_t number, ByteView box,
                               const std::vector<Share>& shares, Botan::RandomNumberGenerator& rng) {
  DealtHybrid dealt{number, sha256(box), {}};
  for (std::size_t i = 0; i < roster.officers.size(); ++i) {
    const auto& officer = roster.officers[i];
    const auto context = hybrid_share_context(roster, number, officer);
    dealt.shares.push_back(
        {officer.name, seal_share(shares.at(i), officer.share_point, context, rng), commitment(shares[i])});
  }
  return dealt;
}

Bytes hybrid_share_context(const Roster& roster, std::uint64_t number, const Officer& officer) {
  return officers_context("lamp-hybrid-share-v1", roster, number, officer);
}

Bytes request_hybrid_share_context(ByteView request_digest, const std::string& officer) {
  return cbor::Writer{}.array(3).text("lamp-request-hybrid-share-v1").bytes(request_digest).text(officer).encoded();
}

Share open_hybrid_share(const Roster& roster, const DealtHybrid& dealt, const Officer& officer,
                        crypto::AgreementKey& share_key) {
  const auto it = std::ranges::find(dealt.shares, officer.name, &DealtShare::officer);
  if (it == dealt.shares.end())
    throw Error{Errc::not_found,
                "no share of the ML-DSA key of quorum " + roster.name + " was dealt to " + officer.name};
  return open_share(it->box, share_key, hybrid_share_context(roster, dealt.number, officer), *it);
}

Bytes hand_over_hybrid_share(const Roster& roster, const Dealing& dealing, const Officer& officer,
                             crypto::AgreementKey& share_key, ByteView session_point, ByteView request_digest,
                             Botan::RandomNumberGenerator& rng) {
  if (!dealing.hybrid)
    throw Error{Errc::denied, "quorum " + roster.name +
                                  " has no ML-DSA key: it is made with the quorum, 'lamp-hsm quorum create --hybrid'"};
  const auto share = open_hybrid_share(roster, *dealing.hybrid, officer, share_key);
  return seal_share(share, session_point, request_hybrid_share_context(request_digest, officer.name), rng);
}

fs::path hybrid_file(const fs::path& site, const std::string& quorum, ByteView box_digest) {
  return site / "quorum" / (prefix_of(quorum) + hex(box_digest.first(kNamedBytes)) + ".cbor");
}

void publish_hybrid(const fs::path& site, const std::string& quorum, ByteView box) {
  publish(hybrid_file(site, quorum, sha256(box)), box, Mode::secret);
}

Bytes read_hybrid(const fs::path& site, const std::string& quorum, const DealtHybrid& dealt) {
  const auto file = hybrid_file(site, quorum, dealt.box_digest);
  auto box = in_context("the sealed ML-DSA key", [&] { return read_file(file); });
  if (sha256(box) != dealt.box_digest)
    throw Error{Errc::denied, file.string() + " is not the box that the dealing names: bring the right one back"};
  return box;
}

void discard_other_hybrids(const fs::path& site, const std::string& quorum, const DealtHybrid& keep) {
  const auto kept = hybrid_file(site, quorum, keep.box_digest).filename();
  guarded(Errc::unavailable, [&] {
    std::vector<fs::path> others;
    for (const auto& entry : fs::directory_iterator{site / "quorum"})
      if (entry.path().filename().string().starts_with(prefix_of(quorum)) && entry.path().filename() != kept)
        others.push_back(entry.path());
    for (const auto& file : others) fs::remove(file);
  });
}

}  // namespace lamp::quorum
