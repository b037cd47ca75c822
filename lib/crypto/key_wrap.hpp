// AES Key Wrap (RFC 3394; COSE A256KW): a content key under a key-encryption key.
#pragma once

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace lamp::crypto {

/// Eight bytes longer than `key`, whose length must be a multiple of 8 and at least 16. Throws Error{bad_input}.
[[nodiscard]] Bytes wrap_key(const SymmetricKey& kek, const SymmetricKey& key);

/// Throws Error{denied} when `wrapped` was made under another key or altered, Error{bad_input} for an impossible
/// length.
[[nodiscard]] SymmetricKey unwrap_key(const SymmetricKey& kek, ByteView wrapped);

}  // namespace lamp::crypto
