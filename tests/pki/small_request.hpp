// Certificate requests put together by hand, so that each part of them can be wrong.
#pragma once

#include <botan/asn1_obj.h>
#include <botan/der_enc.h>
#include <botan/pk_keys.h>
#include <botan/pubkey.h>

#include <string>

#include "lib/base/bytes.hpp"
#include "tests/pki/small_ca.hpp"

namespace lamp::test {

struct RequestParts {
  Bytes public_key_info;
  Bytes attributes{};  ///< content of attributes [0]
  std::uint64_t version = 0;
  std::string common_name = "from the request";
  std::string algorithm = "1.2.840.10045.4.3.2";
  std::string padding = "SHA-256";
};

[[nodiscard]] inline Bytes sequence(const Bytes& content) {
  Bytes out;
  Botan::DER_Encoder{out}.start_sequence().raw_bytes(content).end_cons();
  return out;
}

[[nodiscard]] inline Bytes object_id(const std::string& dotted) {
  Bytes out;
  Botan::DER_Encoder{out}.encode(Botan::OID{dotted});
  return out;
}

/// An attribute with one value.
[[nodiscard]] inline Bytes attribute(const std::string& dotted, const Bytes& value) {
  Bytes out;
  Botan::DER_Encoder{out}
      .start_sequence()
      .encode(Botan::OID{dotted})
      .start_set()
      .raw_bytes(value)
      .end_cons()
      .end_cons();
  return out;
}

[[nodiscard]] inline Bytes extension(const std::string& dotted, const Bytes& value) {
  Bytes out;
  Botan::DER_Encoder{out}
      .start_sequence()
      .encode(Botan::OID{dotted})
      .encode(value, Botan::ASN1_Type::OctetString)
      .end_cons();
  return out;
}

/// extensionRequest with these encoded extensions.
[[nodiscard]] inline Bytes extension_request(const Bytes& extensions) {
  return attribute("1.2.840.113549.1.9.14", sequence(extensions));
}

[[nodiscard]] inline Bytes make_request(const Botan::Private_Key& key, const RequestParts& parts) {
  Bytes name;
  Botan::DER_Encoder{name}
      .start_set()
      .start_sequence()
      .encode(Botan::OID{"2.5.4.3"})
      .add_object(Botan::ASN1_Type::Utf8String, Botan::ASN1_Class::Universal, parts.common_name)
      .end_cons()
      .end_cons();
  Bytes info;
  Botan::DER_Encoder{info}
      .start_sequence()
      .encode(static_cast<std::size_t>(parts.version))
      .raw_bytes(sequence(name))
      .raw_bytes(parts.public_key_info)
      .start_context_specific(0)
      .raw_bytes(parts.attributes)
      .end_cons()
      .end_cons();
  const bool rsa = key.algo_name() == "RSA";
  Botan::PK_Signer signer{key, rng(), parts.padding,
                          rsa ? Botan::Signature_Format::Standard : Botan::Signature_Format::DerSequence};
  const auto signature = signer.sign_message(info, rng());
  Bytes algorithm = object_id(parts.algorithm);
  if (parts.algorithm.starts_with("1.2.840.113549")) Botan::DER_Encoder{algorithm}.encode_null();
  Bytes out;
  Botan::DER_Encoder{out}
      .start_sequence()
      .raw_bytes(info)
      .raw_bytes(sequence(algorithm))
      .encode(signature, Botan::ASN1_Type::BitString)
      .end_cons();
  return out;
}

[[nodiscard]] inline Bytes make_request(const Botan::Private_Key& key) {
  return make_request(key, {.public_key_info = key.subject_public_key()});
}

}  // namespace lamp::test
