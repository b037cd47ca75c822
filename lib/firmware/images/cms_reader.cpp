#include <algorithm>
#include <array>
#include <string_view>

#include "lib/firmware/images/cms.hpp"
#include "lib/pki/der.hpp"

namespace lamp::firmware::cms {
namespace {

namespace der = pki::der;

constexpr std::string_view kSignedData = "1.2.840.113549.1.7.2", kData = "1.2.840.113549.1.7.1";
constexpr std::string_view kContentType = "1.2.840.113549.1.9.3", kMessageDigest = "1.2.840.113549.1.9.4";
constexpr std::size_t kMaxCertificates = 16, kMaxAttributes = 32;

[[noreturn]] void refuse(const std::string& what) { throw Error{Errc::bad_input, "CMS: " + what}; }
Bytes copied(ByteView view) { return {view.begin(), view.end()}; }

struct Hash {
  std::string_view oid, name;
};
constexpr std::array kHashes{Hash{"2.16.840.1.101.3.4.2.1", "SHA-256"}, Hash{"2.16.840.1.101.3.4.2.2", "SHA-384"},
                             Hash{"2.16.840.1.101.3.4.2.3", "SHA-512"}};

std::string hash_of(der::Reader algorithm) {
  const auto oid = der::object_id(algorithm.next(der::kObjectId, "a digest algorithm").content);
  if (!algorithm.at_end()) {
    const auto null = algorithm.next(der::kNull, "a digest algorithm's parameters");
    if (!null.content.empty()) refuse("a digest algorithm with parameters");
    algorithm.end("a digest algorithm");
  }
  const auto it = std::find_if(kHashes.begin(), kHashes.end(), [&](const Hash& h) { return h.oid == oid; });
  if (it == kHashes.end()) refuse("digest algorithm " + oid + " is not one that may be used");
  return std::string{it->name};
}

void require_version(der::Reader& reader, const char* of) {
  if (der::small_integer(reader.next(der::kInteger, of).content, of) != 1) refuse(std::string{of} + " is not 1");
}

void read_attributes(const der::Item& item, SignedData& out) {
  der::Reader all{item.content};
  bool typed = false;
  for (std::size_t n = 0; !all.at_end(); ++n) {
    if (n == kMaxAttributes) refuse("more than 32 signed attributes");
    auto attribute = all.enter(der::kSequence, "a signed attribute");
    const auto oid = der::object_id(attribute.next(der::kObjectId, "an attribute's type").content);
    auto values = attribute.enter(der::kSet, "an attribute's values");
    attribute.end("a signed attribute");
    if (oid == kMessageDigest) {
      if (!out.message_digest.empty()) refuse("two message digests");
      out.message_digest = copied(values.next(der::kOctetString, "the message digest").content);
      values.end("the message digest");
    } else if (oid == kContentType) {
      if (typed) refuse("two content types");
      typed = der::object_id(values.next(der::kObjectId, "the content type").content) == kData;
      values.end("the content type");
    }
  }
  if (!typed || out.message_digest.empty()) refuse("signed attributes without content type data or message digest");
  out.attributes = copied(item.whole);
  out.attributes->front() = der::kSet;  // [0] IMPLICIT in the message, SET where it is signed
}

void read_signer(der::Reader signer, SignedData& out) {
  require_version(signer, "the version of the signer's data");
  auto id = signer.enter(der::kSequence, "the signer's name");
  out.issuer = copied(id.next(der::kSequence, "the issuer of the signer's certificate").whole);
  const auto serial = id.next(der::kInteger, "the signer's serial number");
  der::require_integer(serial.content, "the signer's serial number");
  out.serial = copied(serial.content);
  id.end("the signer's name");
  const auto hash = hash_of(signer.enter(der::kSequence, "the signer's digest algorithm"));
  if (hash != out.hash) refuse("two digest algorithms");
  if (const auto attributes = signer.next_if(der::constructed_context(0), "signed attributes"))
    read_attributes(*attributes, out);
  out.algorithm = copied(signer.next(der::kSequence, "the signature algorithm").whole);
  out.signature = copied(signer.next(der::kOctetString, "the signature").content);
  signer.end("the signer's data");  // no unsigned attributes: nobody vouches for them
}

void read_content(der::Reader content) {
  if (der::object_id(content.next(der::kObjectId, "the content's type").content) != kData)
    refuse("content of another type than data");
  content.end("the content, which is not carried in a detached signature");
}

}  // namespace

SignedData parse(ByteView bytes) {
  der::Reader outer{bytes};
  auto info = outer.enter(der::kSequence, "ContentInfo");
  outer.end("ContentInfo");
  if (der::object_id(info.next(der::kObjectId, "the message's type").content) != kSignedData)
    refuse("not a signed message");
  auto wrapped = info.enter(der::constructed_context(0), "SignedData");
  info.end("ContentInfo");
  auto data = wrapped.enter(der::kSequence, "SignedData");
  wrapped.end("SignedData");

  SignedData out;
  require_version(data, "the version of SignedData");
  auto digests = data.enter(der::kSet, "digest algorithms");
  out.hash = hash_of(digests.enter(der::kSequence, "a digest algorithm"));
  digests.end("digest algorithms, of which there is one");
  read_content(data.enter(der::kSequence, "the content"));
  if (const auto certificates = data.next_if(der::constructed_context(0), "certificates")) {
    der::Reader all{certificates->content};
    while (!all.at_end()) {
      if (out.certificates.size() == kMaxCertificates) refuse("more than 16 certificates");
      out.certificates.push_back(copied(all.next(der::kSequence, "a certificate").whole));
    }
  }
  auto signers = data.enter(der::kSet, "the signers");
  data.end("SignedData");
  read_signer(signers.enter(der::kSequence, "a signer"), out);
  signers.end("the signers, of whom there is one");
  return out;
}

}  // namespace lamp::firmware::cms
