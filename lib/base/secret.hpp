// Secrets typed so that misuse does not compile.
#pragma once

#include <botan/secmem.h>

#include <cstdint>
#include <ostream>
#include <span>
#include <utility>

namespace lamp {

/// Bytes that are zeroed when released and, where the limit on locked memory allows, never swapped.
using SecureBytes = Botan::secure_vector<std::uint8_t>;

/// Bytes that must not be copied, compared with ==, printed or logged. Zeroed on destruction.
/// `Purpose` keeps a PIN from being passed as a key.
template <class Purpose>
class Secret {
 public:
  explicit Secret(SecureBytes bytes) noexcept : bytes_{std::move(bytes)} {}
  Secret(Secret&&) noexcept = default;
  Secret& operator=(Secret&&) noexcept = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() = default;

  [[nodiscard]] std::size_t size() const noexcept { return bytes_.size(); }
  /// The one way in. Every file that calls it is listed in tests/lint/expose_secret.allow.
  [[nodiscard]] std::span<const std::uint8_t> expose_secret() const noexcept { return bytes_; }

 private:
  SecureBytes bytes_;
};

template <class P>
std::ostream& operator<<(std::ostream&, const Secret<P>&) = delete;
/// GoogleTest prints the raw bytes of what it cannot print; this keeps it from doing so.
template <class P>
void PrintTo(const Secret<P>&, std::ostream* os) {
  *os << "<secret>";
}

using Pin = Secret<struct PinTag>;
using Passphrase = Secret<struct PassphraseTag>;
using SymmetricKey = Secret<struct SymmetricKeyTag>;  ///< a content key, a KEK, a session key
using Share = Secret<struct ShareTag>;                ///< one officer's part of a shared secret
using DeviceSecret = Secret<struct DeviceSecretTag>;

}  // namespace lamp
