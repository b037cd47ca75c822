#include "lib/pki/csr_writer.hpp"

#include <botan/pk_keys.h>
#include <botan/pubkey.h>
#include <botan/rng.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/der_writer.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/tbs.hpp"

namespace lamp::pki {
namespace {

constexpr std::size_t kMostOfSerial = 64;  // ub-serial-number

bool is_printable_string(std::string_view text) {
  constexpr std::string_view kOthers = " '()+,-./:=?";
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kOthers.find(c) != std::string_view::npos;
  });
}

Bytes request_info(std::string_view serial, ByteView public_key_info) {
  der::Writer der;
  der.begin(der::kSequence).integer(0);
  der.begin(der::kSequence).begin(der::kSet).begin(der::kSequence);
  der.object_id(oid::kSerialNumber).add(der::kPrintableString, serial).end().end().end();
  der.raw(public_key_info).begin(der::constructed_context(0)).end();
  return der.end().take();
}

}  // namespace

Bytes write_request(std::string_view serial, const Botan::Private_Key& key, Botan::RandomNumberGenerator& rng) {
  if (serial.empty() || serial.size() > kMostOfSerial || !is_printable_string(serial))
    throw Error{Errc::bad_input, "a serial number has 1 to 64 letters, digits and marks of a PrintableString"};
  const auto public_key_info = key.subject_public_key();
  if (curve_of(public_key_info) != oid::kP256) throw Error{Errc::bad_input, "a device's key is on P-256"};
  const auto info = request_info(serial, public_key_info);
  const auto signature = guarded(Errc::unavailable, [&] {
    Botan::PK_Signer signer{key, rng, "SHA-256", Botan::Signature_Format::DerSequence};
    return signer.sign_message(info, rng);
  });
  return encode_signed(info, encode_algorithm(oid::kEcdsaSha256), signature);
}

}  // namespace lamp::pki
