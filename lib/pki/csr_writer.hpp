// Writing the one certificate request that this project makes: a device's, for the station that certifies it.
#pragma once

#include <string_view>

#include "lib/base/bytes.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::pki {

/// A CertificationRequest (RFC 2986), DER: the subject is the serial number alone, there are no attributes, the
/// signature is ECDSA with SHA-256. What else the certificate says is its profile's to say. Throws Error{bad_input} for
/// a serial number that is no PrintableString (RFC 5280, appendix A.1) or a key that is not on P-256.
[[nodiscard]] Bytes write_request(std::string_view serial, const Botan::Private_Key& key,
                                  Botan::RandomNumberGenerator& rng);

}  // namespace lamp::pki
