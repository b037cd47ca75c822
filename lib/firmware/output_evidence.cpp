#include "lib/firmware/output_evidence.hpp"

#include <botan/hash.h>
#include <botan/pk_keys.h>
#include <botan/x509cert.h>

#include <algorithm>

#include "lib/firmware/images/mcuboot.hpp"
#include "lib/firmware/images/swu.hpp"
#include "lib/firmware/images/zigbee_ota.hpp"

namespace lamp::firmware {
namespace {

namespace fs = std::filesystem;

/// The structure, or the first rule that does not hold.
template <class T>
T structure(Reading<T> reading, const fs::path& file) {
  if (!reading.good()) throw Error{Errc::bad_input, file.string() + ": " + reading.findings.front().text()};
  return std::move(*reading.value);
}

Bytes mcuboot_signature(const fs::path& path) {
  const auto image = structure(mcuboot::read(FileInput{path}), path);
  for (const auto type :
       {mcuboot::ecdsa_signature, mcuboot::rsa3072_signature, mcuboot::rsa2048_signature, mcuboot::ed25519_signature})
    if (const auto* entry = image.find(type)) return entry->value;
  throw Error{Errc::bad_input, path.string() + ": carries no signature"};
}

Bytes swu_signature(const fs::path& path) { return structure(swu::read(FileInput{path}), path).signature.signature; }

Verdict objections(const fs::path& path, const Findings& findings) {
  Verdict verdict;
  for (const auto& finding : findings) verdict.objections.push_back(path.filename().string() + ": " + finding.text());
  return verdict;
}

/// SHA-256 of the region. Of an encrypted image what it says itself, which its signature covers; empty where that is
/// another hash.
Bytes region_digest(const FileInput& file, const mcuboot::Image& image) {
  if (image.header.encrypted()) {
    const auto* said = image.find(mcuboot::sha256_digest);
    return said == nullptr ? Bytes{} : said->value;
  }
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  mcuboot::each_of_region(file, image, nullptr, [&](ByteView piece) { hash->update(piece); });
  return hash->final_stdvec();
}

Verdict judge_mcuboot(const SignedRegion& region, ByteView key, const fs::path& path) {
  const FileInput file{path};
  const auto image = structure(mcuboot::read(file), path);
  auto verdict = objections(path, mcuboot::verify(file, image, {{Bytes{key.begin(), key.end()}}, 0, nullptr}));
  const auto digest = region_digest(file, image);
  if (image.region_size() != region.size || (!digest.empty() && digest != region.digest))
    verdict.objections.push_back(path.filename().string() + ": is not made of the region that was approved");
  return verdict;
}

/// The certificate that it carries of this key.
Bytes certificate_of(const cms::SignedData& data, ByteView key) {
  return guarded(Errc::bad_input, [&] {
    for (const auto& der : data.certificates)
      if (std::ranges::equal(Botan::X509_Certificate{der}.subject_public_key_info(), key)) return der;
    return Bytes{};
  });
}

Verdict judge_swu(const SignedRegion& region, ByteView key, const fs::path& path) {
  const FileInput file{path};
  const auto package = structure(swu::read(file), path);
  const auto certificate = certificate_of(package.signature, key);
  if (certificate.empty()) return {{path.filename().string() + ": is not signed by key " + region.key}};
  auto verdict = objections(path, swu::verify_content(file, package, certificate));
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  hash->update(package.manifest);
  if (package.manifest.size() != region.size || hash->final_stdvec() != region.digest)
    verdict.objections.push_back(path.filename().string() + ": is not made of the region that was approved");
  return verdict;
}

}  // namespace

std::string output_file(const std::string& output) {
  if (output == "suit") return "release.suit";
  if (output == "mcuboot") return "mcuboot.bin";
  if (output == "swu") return "release.swu";
  throw Error{Errc::bad_input, "'" + output + "' is not an output that is signed"};
}

Bytes output_signature(const SignedRegion& region, const fs::path& file) {
  if (region.output == "mcuboot") return mcuboot_signature(file);
  if (region.output == "swu") return swu_signature(file);
  throw Error{Errc::bad_input, "'" + region.output + "' is not an output beside the envelope"};
}

Verdict judge_output(const SignedRegion& region, ByteView key, ByteView signature, const fs::path& file) {
  if (!std::ranges::equal(output_signature(region, file), signature))
    return {{file.filename().string() + ": does not carry the recorded signature"}};
  return region.output == "mcuboot" ? judge_mcuboot(region, key, file) : judge_swu(region, key, file);
}

Verdict judge_wrapped(const fs::path& path, const std::vector<Bytes>& inner) {
  const FileInput file{path};
  const auto read = structure(zigbee::read(file), path);
  auto verdict = objections(path, zigbee::verify(file, read));
  const auto* element = read.find(zigbee::upgrade_image);
  if (element == nullptr) return {{path.filename().string() + ": there is no image in it"}};
  const auto hash = Botan::HashFunction::create_or_throw("SHA-256");
  file.each(element->data(), element->length, [&](ByteView piece) { hash->update(piece); });
  if (std::ranges::find(inner, hash->final_stdvec()) == inner.end())
    verdict.objections.push_back(path.filename().string() + ": what is in it was not published beside it");
  return verdict;
}

}  // namespace lamp::firmware
