// The payload's encryption (draft-ietf-suit-firmware-encryption): AES-GCM under a content key that is wrapped once, to
// the model's key-encryption key, by AES Key Wrap.
#pragma once

#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace lamp::firmware {

/// SUIT_Encryption_Info, read. Views live as long as the bytes that were read.
struct EncryptionInfo {
  std::size_t key_size = 0;   ///< bytes of the content key: 32, or 16 for models that need it
  ByteView protected_header;  ///< authenticated with the payload
  ByteView iv;
  ByteView kek_name;  ///< such as "kek.smart-lamp"
  ByteView wrapped_key;
};

/// Strict. Throws Error{bad_input}.
[[nodiscard]] EncryptionInfo parse_encryption_info(ByteView encoded);

struct EncryptedPayload {
  Bytes ciphertext;  ///< 16 bytes longer than the image
  Bytes info;        ///< for Manifest::encryption_info
};

/// `content_key` must be fresh: it encrypts one payload and no other. `iv` is 12 bytes. `wrapped_key` is the same key
/// wrapped by the KEK (RFC 3394), by a token or by crypto::wrap_key. Throws Error{bad_input} for sizes that do not fit.
[[nodiscard]] EncryptedPayload encrypt_payload(const SymmetricKey& content_key, ByteView iv, ByteView wrapped_key,
                                               std::string_view kek_name, ByteView image);

/// Throws Error{denied} when the ciphertext was altered or the key is another.
[[nodiscard]] Bytes decrypt_payload(const SymmetricKey& content_key, const EncryptionInfo& info, ByteView ciphertext);

/// The Enc_structure (RFC 9052 section 5.3) that GCM authenticates beside the ciphertext.
[[nodiscard]] Bytes payload_authenticated_data(ByteView protected_header);

}  // namespace lamp::firmware
