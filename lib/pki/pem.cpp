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

}  // namespace

std::vector<Bytes> load_certificates(const std::filesystem::path& file) {
  const auto content = read_file(file, kChainLimit);
  std::vector<Bytes> certificates;
  if (!content.empty() && content.front() == 0x30) {
    certificates.push_back(content);
  } else {
    const auto begin = std::string{"-----BEGIN CERTIFICATE-----"};
    const auto text = to_text(content);
    for (auto at = text.find(begin); at != std::string::npos; at = text.find(begin, at + begin.size())) {
      const auto der = guarded(Errc::bad_input, [&] {
        Botan::DataSource_Memory source{std::string_view{text}.substr(at)};
        return Botan::PEM_Code::decode_check_label(source, "CERTIFICATE");
      });
      certificates.emplace_back(der.begin(), der.end());
    }
  }
  if (certificates.empty()) throw Error{Errc::bad_input, file.string() + ": holds no certificate"};
  in_context(file.string(), [&] {
    for (const auto& der : certificates) (void)Certificate::parse(der);
  });
  return certificates;
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
