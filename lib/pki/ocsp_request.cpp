#include <botan/hash.h>

#include <algorithm>

#include "lib/base/error.hpp"
#include "lib/pki/certificate.hpp"
#include "lib/pki/der.hpp"
#include "lib/pki/names.hpp"
#include "lib/pki/ocsp_message.hpp"

namespace lamp::pki {
namespace {

constexpr std::size_t kLongestNonce = 128;  // RFC 9654 section 2.1
// RFC 5280 allows 20 octets; a longer number names nothing of ours, but is no malformed request either.
constexpr std::size_t kLongestSerial = 64;

[[noreturn]] void refuse(const std::string& why) { throw Error{Errc::bad_input, "OCSP request: " + why}; }

Bytes hashed(std::string_view hash, ByteView data) {
  const auto function = Botan::HashFunction::create_or_throw(hash);
  function->update(data.data(), data.size());
  return function->final_stdvec();
}

ByteView key_bits(ByteView public_key_info) {
  der::Reader outer{public_key_info};
  auto info = outer.enter(der::kSequence, "subject public key");
  (void)info.next(der::kSequence, "public key algorithm");
  const auto bits = info.next(der::kBitString, "public key").content;
  return bits.subspan(bits.empty() ? 0 : 1);
}

std::optional<OcspHash> read_hash(der::Reader algorithm) {
  const auto name = der::object_id(algorithm.next(der::kObjectId, "CertID hash algorithm").content);
  if (!algorithm.at_end()) {
    // Clients write NULL, or nothing, for the parameters of a hash (RFC 5754 section 2).
    if (!algorithm.next(der::kNull, "CertID hash parameters").content.empty())
      refuse("CertID hash has a non-empty NULL");
    algorithm.end("CertID hash algorithm");
  }
  if (name == oid::kSha1) return OcspHash::sha1;
  if (name == oid::kSha256) return OcspHash::sha256;
  return std::nullopt;
}

CertificateId read_id(const der::Item& item) {
  der::Reader fields{item.content};
  CertificateId id;
  id.der.assign(item.whole.begin(), item.whole.end());
  id.hash = read_hash(fields.enter(der::kSequence, "CertID hash algorithm"));
  const auto name = fields.next(der::kOctetString, "CertID issuerNameHash").content;
  const auto key = fields.next(der::kOctetString, "CertID issuerKeyHash").content;
  const auto serial = fields.next(der::kInteger, "CertID serialNumber").content;
  fields.end("CertID");
  der::require_integer(serial, "CertID serialNumber");
  if (serial.size() > kLongestSerial) refuse("a serial number of " + std::to_string(serial.size()) + " octets");
  const std::size_t size = id.hash == OcspHash::sha256 ? 32 : 20;
  if (id.hash && (name.size() != size || key.size() != size)) refuse("a hash in CertID of the wrong length");
  id.name_hash.assign(name.begin(), name.end());
  id.key_hash.assign(key.begin(), key.end());
  id.serial = hex(serial);
  return id;
}

/// Nonce ::= OCTET STRING (SIZE(1..128)), inside the octets of the extension.
Bytes read_nonce(ByteView value) {
  der::Reader reader{value};
  const auto nonce = reader.next(der::kOctetString, "OCSP nonce").content;
  reader.end("OCSP nonce");
  if (nonce.empty() || nonce.size() > kLongestNonce)
    refuse("a nonce of " + std::to_string(nonce.size()) + " octets; RFC 9654 wants 1 to 128");
  return {nonce.begin(), nonce.end()};
}

/// The nonce, when it is among them.
std::optional<Bytes> read_extensions(der::Reader wrapper) {
  auto list = wrapper.enter(der::kSequence, "OCSP extensions");
  wrapper.end("OCSP extensions");
  if (list.at_end()) refuse("an empty list of extensions");
  std::optional<Bytes> nonce;
  std::vector<std::string> seen;
  while (!list.at_end()) {
    auto extension = list.enter(der::kSequence, "OCSP extension");
    const auto name = der::object_id(extension.next(der::kObjectId, "OCSP extension").content);
    const auto critical = extension.next_if(der::kBoolean, "OCSP extension critical");
    const auto value = extension.next(der::kOctetString, "OCSP extension value").content;
    extension.end("OCSP extension");
    if (critical && !der::boolean(critical->content)) refuse("'critical FALSE' written out, which DER forbids");
    if (std::find(seen.begin(), seen.end(), name) != seen.end()) refuse("extension " + name + " twice");
    seen.push_back(name);
    if (name == oid::kOcspNonce)
      nonce = read_nonce(value);
    else if (critical)
      refuse("the critical extension " + name + " is not known here");
  }
  return nonce;
}

std::vector<CertificateId> read_list(der::Reader list) {
  std::vector<CertificateId> wanted;
  while (!list.at_end()) {
    if (wanted.size() == OcspRequest::kMostWanted)
      refuse("more than " + std::to_string(OcspRequest::kMostWanted) + " certificates");
    auto request = list.enter(der::kSequence, "Request");
    wanted.push_back(read_id(request.next(der::kSequence, "CertID")));
    if (const auto extensions = request.next_if(der::constructed_context(0), "singleRequestExtensions"))
      (void)read_extensions(der::Reader{extensions->content});
    request.end("Request");
  }
  if (wanted.empty()) refuse("it names no certificate");
  return wanted;
}

OcspRequest read_tbs(der::Reader tbs) {
  // DER leaves a default out, and yet clients (Botan's, for one) write it: nothing is signed over here.
  if (const auto version = tbs.next_if(der::constructed_context(0), "version")) {
    der::Reader number{version->content};
    if (der::small_integer(number.next(der::kInteger, "version").content, "version") != 0) refuse("an unknown version");
    number.end("version");
  }
  if (const auto requestor = tbs.next_if(der::constructed_context(1), "requestorName")) {
    der::Reader name{requestor->content};
    (void)name.next("requestorName");
    name.end("requestorName");
  }
  OcspRequest request;
  request.wanted = read_list(tbs.enter(der::kSequence, "requestList"));
  if (const auto extensions = tbs.next_if(der::constructed_context(2), "requestExtensions"))
    request.nonce = read_extensions(der::Reader{extensions->content});
  tbs.end("TBSRequest");
  return request;
}

/// Read for its form only.
void read_signature(const der::Item& wrapped) {
  der::Reader wrapper{wrapped.content};
  auto signature = wrapper.enter(der::kSequence, "optionalSignature");
  wrapper.end("optionalSignature");
  (void)signature.next(der::kSequence, "signature algorithm");
  (void)signature.next(der::kBitString, "signature");
  (void)signature.next_if(der::constructed_context(0), "signature certificates");
  signature.end("optionalSignature");
}

}  // namespace

OcspRequest OcspRequest::parse(ByteView der) {
  if (der.size() > kLargest) refuse("more than " + std::to_string(kLargest) + " octets");
  der::Reader outer{der};
  auto whole = outer.enter(der::kSequence, "OCSPRequest");
  outer.end("OCSPRequest");
  auto request = read_tbs(whole.enter(der::kSequence, "TBSRequest"));
  if (const auto signature = whole.next_if(der::constructed_context(0), "optionalSignature"))
    read_signature(*signature);
  whole.end("OCSPRequest");
  return request;
}

IssuerId IssuerId::of(ByteView certificate) {
  const auto tbs = Certificate::parse(certificate).tbs;
  const auto key = key_bits(tbs.public_key);
  return {hashed("SHA-1", tbs.subject), hashed("SHA-256", tbs.subject), hashed("SHA-1", key), hashed("SHA-256", key)};
}

bool IssuerId::is_named_by(const CertificateId& id) const {
  if (!id.hash) return false;
  const bool sha1 = *id.hash == OcspHash::sha1;
  return id.name_hash == (sha1 ? name_sha1 : name_sha256) && id.key_hash == (sha1 ? key_sha1 : key_sha256);
}

Bytes key_sha1(ByteView public_key_info) { return hashed("SHA-1", key_bits(public_key_info)); }

}  // namespace lamp::pki
