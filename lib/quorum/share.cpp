#include "lib/quorum/share.hpp"

#include <botan/hash.h>

#include "lib/crypto/cbor.hpp"

namespace lamp::quorum {
namespace {

Bytes sha256(ByteView bytes) {
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(bytes.data(), bytes.size());
  return hash->final_stdvec();
}

SecureBytes open_box(ByteView box, crypto::AgreementKey& key, ByteView context) {
  auto opened = attempt([&] { return crypto::open_sealed(box, key, context); });
  if (const auto* why = std::get_if<Error>(&opened)) {
    // A box that is none is a bad share; a token that does not answer is no fault of the officer.
    if (why->code() == Errc::bad_input) throw Error{Errc::denied, why->what()};
    throw *why;
  }
  return std::move(std::get<SecureBytes>(opened));
}

}  // namespace

Bytes commitment(const Share& share) { return sha256(share.expose_secret()); }

Bytes roster_share_context(const Roster& roster, const Officer& officer) {
  return cbor::Writer{}
      .array(5)
      .text("lamp-share-v1")
      .text(roster.token_serial)
      .bytes(sha256(roster.release_key))
      .unsigned_integer(roster.epoch)
      .bytes(sha256(officer.certificate))
      .encoded();
}

Bytes request_share_context(ByteView request_digest, const std::string& officer) {
  return cbor::Writer{}.array(3).text("lamp-request-share-v1").bytes(request_digest).text(officer).encoded();
}

Bytes seal_share(const Share& share, ByteView recipient_point, ByteView context, Botan::RandomNumberGenerator& rng) {
  return crypto::seal(share.expose_secret(), recipient_point, context, rng);
}

Share open_share(ByteView box, crypto::AgreementKey& key, ByteView context, const Officer& officer) {
  Share share = in_context("the share of " + officer.name, [&] { return Share{open_box(box, key, context)}; });
  if (!equal_constant_time(commitment(share), officer.share_commitment))
    throw Error{Errc::denied,
                "the share of " + officer.name + " is not the one that was dealt: its commitment differs"};
  return share;
}

}  // namespace lamp::quorum
