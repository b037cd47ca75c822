#include "lib/crypto/key_wrap.hpp"

#include <botan/rfc3394.h>

#include "lib/base/error.hpp"

namespace lamp::crypto {
namespace {

Botan::SymmetricKey to_botan(const SymmetricKey& key) {
  const auto bytes = key.expose_secret();
  if (bytes.size() != 16 && bytes.size() != 24 && bytes.size() != 32)
    throw Error{Errc::bad_input, "a key-encryption key must be 16, 24 or 32 bytes"};
  return {bytes.data(), bytes.size()};
}

SecureBytes to_secure(ByteView bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

Bytes wrap_key(const SymmetricKey& kek, const SymmetricKey& key) {
  if (key.size() < 16 || key.size() % 8 != 0) throw Error{Errc::bad_input, "a key of this length cannot be wrapped"};
  const auto wrapped =
      guarded(Errc::bad_input, [&] { return Botan::rfc3394_keywrap(to_secure(key.expose_secret()), to_botan(kek)); });
  return {wrapped.begin(), wrapped.end()};
}

SymmetricKey unwrap_key(const SymmetricKey& kek, ByteView wrapped) {
  if (wrapped.size() < 24 || wrapped.size() % 8 != 0)
    throw Error{Errc::bad_input, "a wrapped key of an impossible length"};
  auto key = attempt([&] {
    return guarded(Errc::denied, [&] { return Botan::rfc3394_keyunwrap(to_secure(wrapped), to_botan(kek)); });
  });
  if (std::holds_alternative<Error>(key))
    throw Error{Errc::denied, "the key was wrapped under another key, or was altered"};
  return SymmetricKey{std::get<SecureBytes>(std::move(key))};
}

}  // namespace lamp::crypto
