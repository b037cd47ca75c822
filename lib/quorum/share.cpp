#include "lib/quorum/share.hpp"

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/sha256.hpp"

namespace lamp::quorum {
namespace {

using crypto::sha256;

SecureBytes open_box(ByteView box, crypto::AgreementKey& key, ByteView context) {
  auto opened = attempt([&] { return crypto::open_sealed(box, key, context); });
  if (const auto* why = std::get_if<Error>(&opened)) {
    // A box that is none is a bad share; a token that does not answer is no fault of the officer.
    if (why->code() == Errc::bad_input) throw Error{Errc::denied, why->what()};
    rethrow(*why);
  }
  return std::move(std::get<SecureBytes>(opened));
}

Bytes pin_context(const Roster& roster, const Renewal& renewal) {
  return cbor::Writer{}
      .array(5)
      .text("lamp-renewed-pin-v1")
      .text(roster.token_serial)
      .bytes(roster.digest())
      .unsigned_integer(renewal.dealing.number)
      .bytes(renewal.dealing.occasion)
      .encoded();
}

}  // namespace

Bytes commitment(const Share& share) { return sha256(share.expose_secret()); }

Bytes officers_context(std::string_view kind, const Roster& roster, std::uint64_t number, const Officer& officer) {
  return cbor::Writer{}
      .array(7)
      .text(kind)
      .text(roster.token_serial)
      .bytes(sha256(roster.custody_key))
      .unsigned_integer(roster.epoch)
      .bytes(roster.digest())
      .unsigned_integer(number)
      .bytes(sha256(officer.certificate))
      .encoded();
}

Bytes dealt_share_context(const Roster& roster, std::uint64_t dealing, const Officer& officer) {
  return officers_context("lamp-share-v1", roster, dealing, officer);
}

Bytes request_share_context(ByteView request_digest, const std::string& officer) {
  return cbor::Writer{}.array(3).text("lamp-request-share-v1").bytes(request_digest).text(officer).encoded();
}

Bytes seal_share(const Share& share, ByteView recipient_point, ByteView context, Botan::RandomNumberGenerator& rng) {
  return crypto::seal(share.expose_secret(), recipient_point, context, rng);
}

Share open_share(ByteView box, crypto::AgreementKey& key, ByteView context, const DealtShare& dealt) {
  Share share = in_context("the share of " + dealt.officer, [&] { return Share{open_box(box, key, context)}; });
  if (!equal_constant_time(commitment(share), dealt.commitment))
    throw Error{Errc::denied,
                "the share of " + dealt.officer + " is not the one that was dealt: its commitment differs"};
  return share;
}

Bytes hand_over_share(const Roster& roster, const Dealing& dealing, const Officer& officer,
                      crypto::AgreementKey& share_key, ByteView session_point, ByteView request_digest,
                      Botan::RandomNumberGenerator& rng) {
  const auto& dealt = dealing.of(officer.name);
  const auto share = open_share(dealt.box, share_key, dealt_share_context(roster, dealing.number, officer), dealt);
  return seal_share(share, session_point, request_share_context(request_digest, officer.name), rng);
}

Bytes seal_pin(const Pin& pin, ByteView session_point, const Roster& roster, const Renewal& renewal,
               Botan::RandomNumberGenerator& rng) {
  return crypto::seal(pin.expose_secret(), session_point, pin_context(roster, renewal), rng);
}

Pin open_pin(crypto::AgreementKey& session_key, const Roster& roster, const Renewal& renewal) {
  return Pin{open_box(renewal.sealed_pin, session_key, pin_context(roster, renewal))};
}

}  // namespace lamp::quorum
