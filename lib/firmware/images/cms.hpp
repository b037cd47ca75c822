// CMS SignedData (RFC 5652), detached, by one signer with a certificate: how SWUpdate's manifests are signed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"

namespace Botan {
class Private_Key;
class Public_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::firmware::cms {

/// Strict DER; content of type data, not carried; one signer, named by issuer and serial number.
struct SignedData {
  std::vector<Bytes> certificates;  ///< DER
  Bytes issuer, serial;             ///< the signer's: DER of the name, content of the integer
  std::string hash;                 ///< "SHA-256", "SHA-384" or "SHA-512"
  std::optional<Bytes> attributes;  ///< the signed attributes as they are signed: a SET
  Bytes message_digest;             ///< from the attributes; empty without them
  Bytes algorithm;                  ///< of the signature, DER
  Bytes signature;
};

/// Throws Error{bad_input}, naming what is wrong.
[[nodiscard]] SignedData parse(ByteView der);

/// Signs the content itself, without attributes, so that what the token signs is what people read. P-256, P-384, and
/// RSA of 3072 bits and more (PSS). Throws Error{denied} for another key, or one that is not the certificate's.
[[nodiscard]] Bytes sign(ByteView content, const Botan::Private_Key& key, ByteView certificate,
                         Botan::RandomNumberGenerator& rng);
/// What sign() does with a key, in words. Throws Error{denied} for one that it does not take.
[[nodiscard]] std::string algorithm_of(const Botan::Public_Key& key);

/// Whether the signature is good, by a certificate for code signing below a self-signed one of `anchors` (DER)
/// at that time; the others among them are intermediates.
[[nodiscard]] Verdict verify(const SignedData& data, ByteView content, const std::vector<Bytes>& anchors, Instant at);

/// Whether the signature is good and by this certificate (DER), whoever vouches for it.
[[nodiscard]] Verdict verify_by(const SignedData& data, ByteView content, ByteView certificate);

}  // namespace lamp::firmware::cms
