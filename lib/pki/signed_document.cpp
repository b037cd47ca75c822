#include "lib/pki/signed_document.hpp"

#include <botan/certstor.h>
#include <botan/pk_keys.h>
#include <botan/x509cert.h>
#include <botan/x509path.h>

#include <algorithm>

#include "lib/crypto/cbor.hpp"
#include "lib/crypto/cose.hpp"
#include "lib/pki/path.hpp"

namespace lamp::pki {
namespace {

constexpr std::int64_t kX5Chain = 33;
constexpr std::size_t kLongestChain = 8;

Bytes chain_header(const std::vector<Bytes>& chain) {
  cbor::Writer list;
  if (chain.size() == 1) {
    list.bytes(chain.front());  // RFC 9360: one certificate stands alone
  } else {
    list.array(chain.size());
    for (const auto& certificate : chain) list.bytes(certificate);
  }
  return cbor::MapWriter{}.add(kX5Chain, std::move(list)).encoded();
}

std::vector<Bytes> read_chain(ByteView header) {
  const auto value = cbor::find(header, kX5Chain);
  if (!value) throw Error{Errc::bad_input, "a signed document without certificates"};
  cbor::Reader in{*value};
  std::vector<Bytes> chain;
  const auto take = [&] {
    const auto der = in.bytes();
    chain.emplace_back(der.begin(), der.end());
  };
  if (in.peek() == cbor::Type::bytes) {
    take();
  } else {
    const auto count = in.array();
    if (count < 2 || count > kLongestChain)
      throw Error{Errc::bad_input, "a signed document with too many certificates"};
    for (std::uint64_t i = 0; i < count; ++i) take();
  }
  in.end();
  return chain;
}

}  // namespace

Bytes sign_document(const Botan::Private_Key& key, const std::vector<Bytes>& chain, ByteView content,
                    std::string_view context, Botan::RandomNumberGenerator& rng) {
  if (chain.empty() || chain.size() > kLongestChain)
    throw Error{Errc::internal, "a document is signed with a chain of certificates"};
  return cose::sign1(key, rng, content, context, cose::Payload::attached, chain_header(chain));
}

SignedDocument SignedDocument::parse(ByteView message) {
  const auto read = cose::parse_sign1(message);
  if (!read.payload) throw Error{Errc::bad_input, "a signed document without its content"};
  return {{message.begin(), message.end()},
          {read.payload->begin(), read.payload->end()},
          read_chain(read.protected_header)};
}

std::vector<Botan::X509_Certificate> SignedDocument::certificates() const {
  return guarded(Errc::bad_input, [&] {
    std::vector<Botan::X509_Certificate> all;
    for (const auto& der : chain) all.emplace_back(der);
    return all;
  });
}

Verdict judge_signature(const SignedDocument& document, std::string_view context) {
  const auto leaf = document.certificates().front();
  const auto key = guarded(Errc::bad_input, [&] { return leaf.subject_public_key(); });
  return cose::verify1(cose::parse_sign1(document.message), *key, document.content, context);
}

Verdict judge_signer(const SignedDocument& document, const std::vector<Bytes>& anchors, PathUse use, Instant at,
                     std::string_view host) {
  const auto chain = document.certificates();
  return guarded(Errc::bad_input, [&]() -> Verdict {
    Botan::Certificate_Store_In_Memory store;
    for (const auto& anchor : anchors) store.add_certificate(Botan::X509_Certificate{anchor});
    const auto result = validate_path(chain, {&store}, {.use = use, .at = at, .host = std::string{host}});
    if (result.successful_validation()) return {};
    return {
        {"the certificate of " + chain.front().subject_dn().to_string() + " does not hold: " + result.result_string()}};
  });
}

std::vector<SignedDocument> parse_documents(ByteView sequence) {
  cbor::Reader in{sequence};
  std::vector<SignedDocument> all;
  while (!in.at_end()) all.push_back(SignedDocument::parse(in.item()));
  if (all.empty()) throw Error{Errc::bad_input, "no signed document in it"};
  return all;
}

}  // namespace lamp::pki
