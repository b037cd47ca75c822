// A document that travels as a file and says who made it: COSE_Sign1 (RFC 9052, 4.2) with its content inside and the
// signer's certificates in the protected header (x5chain, RFC 9360), so that it can be judged with nothing but a root.
#pragma once

#include <string_view>
#include <vector>

#include "lib/base/bytes.hpp"
#include "lib/base/clock.hpp"
#include "lib/base/error.hpp"

namespace Botan {
class Private_Key;
class RandomNumberGenerator;
class X509_Certificate;
}  // namespace Botan

namespace lamp::pki {

enum class PathUse;

/// `chain` is DER, leaf first, without the root; the key is the leaf's. `context` says what kind of document it is: a
/// signature for one kind is worthless for another.
[[nodiscard]] Bytes sign_document(const Botan::Private_Key& key, const std::vector<Bytes>& chain, ByteView content,
                                  std::string_view context, Botan::RandomNumberGenerator& rng);

/// A document that was read but not judged.
struct SignedDocument {
  Bytes message;  ///< the whole COSE_Sign1
  Bytes content;
  std::vector<Bytes> chain;  ///< DER, leaf first

  /// Throws Error{bad_input}.
  [[nodiscard]] static SignedDocument parse(ByteView message);
  /// The chain's certificates. Throws Error{bad_input}.
  [[nodiscard]] std::vector<Botan::X509_Certificate> certificates() const;
};

/// Whether the holder of the leaf's key signed exactly this content as this kind of document. Says nothing about who
/// that is: judge the chain too.
[[nodiscard]] Verdict judge_signature(const SignedDocument& document, std::string_view context);

/// Whether the chain leads to one of the anchors (DER) for this use at this time, for this host when one is given.
[[nodiscard]] Verdict judge_signer(const SignedDocument& document, const std::vector<Bytes>& anchors, PathUse use,
                                   Instant at, std::string_view host = {});

/// The documents in a CBOR sequence (RFC 8742), such as a file of several. Throws Error{bad_input}, also for none.
[[nodiscard]] std::vector<SignedDocument> parse_documents(ByteView sequence);

}  // namespace lamp::pki
