#include <botan/data_src.h>
#include <botan/pem.h>

#include "lib/base/error.hpp"
#include "lib/base/file.hpp"
#include "lib/pki/authority.hpp"
#include "lib/pki/certificate.hpp"

namespace lamp::pki {
namespace {

/// A chain of a few certificates; anything longer is a mistake or an attack.
constexpr std::uint64_t kChainLimit = 1U << 20;
/// A revocation list with millions of entries.
constexpr std::uint64_t kListLimit = 256U << 20;

/// All blocks of one label; `label` is what stands after BEGIN.
void decode_blocks(const std::string& text, const std::string& label, std::vector<Bytes>& out) {
  const auto begin = "-----BEGIN " + label + "-----";
  for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + begin.size())) {
    const auto der = guarded(Errc::bad_input, [&] {
      Botan::DataSource_Memory source{std::string_view{text}.substr(at)};
      return Botan::PEM_Code::decode_check_label(source, label);
    });
    out.emplace_back(der.begin(), der.end());
  }
}

}  // namespace

std::vector<Bytes> load_certificates(const std::filesystem::path& file) {
  const auto content = read_file(file, kChainLimit);
  std::vector<Bytes> certificates;
  if (!content.empty() && content.front() == 0x30)
    certificates.push_back(content);
  else
    decode_blocks(to_text(content), "CERTIFICATE", certificates);
  if (certificates.empty()) throw Error{Errc::bad_input, file.string() + ": holds no certificate"};
  in_context(file.string(), [&] {
    for (const auto& der : certificates) (void)Certificate::parse(der);
  });
  return certificates;
}

std::vector<Bytes> certificates_in_pem(const std::string& text) {
  std::vector<Bytes> all;
  decode_blocks(text, "CERTIFICATE", all);
  return all;
}

std::vector<Bytes> load_signed(const std::filesystem::path& file) {
  const auto content = read_file(file, kListLimit);
  std::vector<Bytes> all;
  if (!content.empty() && content.front() == 0x30) {
    all.push_back(content);
  } else {
    const auto text = to_text(content);
    decode_blocks(text, "CERTIFICATE", all);
    decode_blocks(text, "X509 CRL", all);
  }
  if (all.empty()) throw Error{Errc::bad_input, file.string() + ": holds neither certificate nor revocation list"};
  return all;
}

std::vector<Bytes> load_chain(const std::filesystem::path& pem_file) {
  if (!std::filesystem::exists(pem_file))
    throw Error{Errc::not_found, pem_file.string() + ": no such authority here; make it with lamp-ca create"};
  return load_certificates(pem_file);
}

std::string to_pem(const std::vector<Bytes>& certificates) {
  std::string text;
  for (const auto& der : certificates) text += Botan::PEM_Code::encode(der, "CERTIFICATE");
  return text;
}

}  // namespace lamp::pki
