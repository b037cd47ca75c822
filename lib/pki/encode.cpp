#include <botan/hash.h>
#include <botan/rng.h>

#include <array>
#include <cstdio>

#include "lib/base/error.hpp"
#include "lib/pki/der_writer.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {

Bytes encode_algorithm(std::string_view dotted) {
  // ecdsa-with-SHA2 has no parameters, not even NULL (RFC 5758, section 3.2).
  return der::Writer{}.begin(der::kSequence).object_id(dotted).end().take();
}

Bytes encode_time(Instant at) {
  using namespace std::chrono;
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss clock{at - day};
  const int year_number = static_cast<int>(date.year());
  if (year_number < 1950 || year_number > 9999) throw Error{Errc::bad_input, "a time that no certificate can hold"};
  const bool utc = year_number < 2050;
  std::array<char, 32> text{};
  const int length =
      std::snprintf(text.data(), text.size(), utc ? "%02d%02u%02u%02d%02d%02dZ" : "%04d%02u%02u%02d%02d%02dZ",
                    utc ? year_number % 100 : year_number, static_cast<unsigned>(date.month()),
                    static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                    static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()));
  return der::Writer{}
      .add(utc ? der::kUtcTime : der::kGeneralizedTime, std::string_view{text.data(), static_cast<std::size_t>(length)})
      .take();
}

Bytes encode_extension(std::string_view dotted, bool critical, const Bytes& value) {
  der::Writer der;
  der.begin(der::kSequence).object_id(dotted);
  if (critical) der.boolean(true);
  return der.add(der::kOctetString, value).end().take();
}

Bytes encode_authority_key_id(ByteView key_id) {
  return encode_extension(oid::kAuthorityKeyIdentifier, false,
                          der::Writer{}.begin(der::kSequence).add(der::context(0), key_id).end().take());
}

Bytes encode_signed(ByteView to_be_signed, ByteView algorithm, ByteView signature) {
  return der::Writer{}.begin(der::kSequence).raw(to_be_signed).raw(algorithm).bit_string(signature).end().take();
}

ByteView algorithm_of(ByteView tbs) {
  der::Reader outer{tbs};
  auto fields = outer.enter(der::kSequence, "TBSCertificate");
  (void)fields.next_if(der::constructed_context(0), "version");
  (void)fields.next(der::kInteger, "serial number");
  return fields.next(der::kSequence, "signature algorithm").whole;
}

Bytes random_serial(Instant now, Botan::RandomNumberGenerator& rng) {
  constexpr std::size_t kTimeOctets = 5;
  constexpr std::uint64_t kMark = 1ULL << 38, kTimeMask = kMark - 1;
  Bytes serial(16);
  rng.randomize(std::span{serial}.subspan(kTimeOctets));
  const auto head = kMark | (static_cast<std::uint64_t>(unix_seconds(now)) & kTimeMask);
  for (std::size_t i = 0; i < kTimeOctets; ++i)
    serial[i] = static_cast<std::uint8_t>(head >> (8 * (kTimeOctets - 1 - i)));
  return serial;
}

Bytes key_identifier(ByteView public_key_info) {
  der::Reader outer{public_key_info};
  auto info = outer.enter(der::kSequence, "subject public key");
  (void)info.next(der::kSequence, "public key algorithm");
  const auto bits = info.next(der::kBitString, "public key").content;
  auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(bits.subspan(bits.empty() ? 0 : 1));
  auto digest = hash->final_stdvec();
  digest.resize(20);
  return digest;
}

std::string key_fingerprint(ByteView public_key_info) {
  auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(public_key_info);
  return hex(hash->final_stdvec());
}

}  // namespace lamp::pki
