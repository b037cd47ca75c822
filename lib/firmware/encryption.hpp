// The payload's encryption (draft-ietf-suit-firmware-encryption): AES-GCM or AES-CTR under a content key that is
// wrapped once, to the model's key-encryption key, by AES Key Wrap.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"

namespace lamp::firmware {

/// Identifiers of the IANA COSE algorithms registry. Counter mode (RFC 9459) authenticates nothing by itself: the
/// digests of payload and image in the signed manifest do.
enum class PayloadCipher : std::int32_t { a128gcm = 1, a256gcm = 3, a128ctr = -65534, a256ctr = -65532 };

/// How the content key is wrapped: by AES Key Wrap under a KEK of this size.
enum class KeyWrap : std::int32_t { a128kw = -3, a256kw = -5 };

[[nodiscard]] std::size_t key_size(PayloadCipher cipher) noexcept;  ///< of the content key
[[nodiscard]] std::size_t iv_size(PayloadCipher cipher) noexcept;   ///< 12 for GCM, 16 for CTR
[[nodiscard]] std::size_t tag_size(PayloadCipher cipher) noexcept;  ///< by how much a payload is longer than its image
/// GCM takes 2^36 - 32 bytes under one IV (SP 800-38D, 5.2.1.1); for CTR what a file can be.
[[nodiscard]] std::uint64_t max_image_size(PayloadCipher cipher) noexcept;
/// Such as "AES-256-GCM".
[[nodiscard]] std::string_view name_of(PayloadCipher cipher) noexcept;

/// SUIT_Encryption_Info, read. Views live as long as the bytes that were read.
struct EncryptionInfo {
  PayloadCipher cipher{};
  std::size_t key_size = 0;  ///< bytes of the content key: 32, or 16 for models that need it
  KeyWrap wrap = KeyWrap::a256kw;
  ByteView protected_header;  ///< authenticated with the payload; empty for CTR
  ByteView iv;
  ByteView kek_name;  ///< such as "kek.smart-lamp"
  ByteView wrapped_key;
};

/// Strict. Throws Error{bad_input}.
[[nodiscard]] EncryptionInfo parse_encryption_info(ByteView encoded);
/// For Manifest::encryption_info. `wrapped_key` is the content key wrapped by the KEK (RFC 3394), by a token or by
/// crypto::wrap_key. Throws Error{bad_input} for sizes that do not fit. A content key of 128 bits may be wrapped by a
/// KEK of 128 or of 256, one of 256 bits only by one of 256.
[[nodiscard]] Bytes encode_encryption_info(PayloadCipher cipher, ByteView iv, ByteView wrapped_key,
                                           std::string_view kek_name, KeyWrap wrap);
/// By a KEK that is as long as the content key.
[[nodiscard]] Bytes encode_encryption_info(PayloadCipher cipher, ByteView iv, ByteView wrapped_key,
                                           std::string_view kek_name);

/// One pass over one payload in pieces, in place.
class PayloadCoder {
 public:
  enum class Direction { encrypt, decrypt };
  /// `content_key` must be fresh: it encrypts one payload and no other. Throws Error{bad_input} for a key of another
  /// length than the information says.
  PayloadCoder(Direction direction, const SymmetricKey& content_key, const EncryptionInfo& info);
  PayloadCoder(PayloadCoder&&) noexcept;
  PayloadCoder& operator=(PayloadCoder&&) = delete;
  PayloadCoder(const PayloadCoder&) = delete;
  PayloadCoder& operator=(const PayloadCoder&) = delete;
  ~PayloadCoder();

  /// A multiple of 16 bytes. When decrypting by GCM, the last 16 bytes of all are for finish(). Throws Error{bad_input}
  /// beyond what the cipher takes.
  void process(std::span<std::uint8_t> piece);
  /// The rest, of any length: encrypting adds the tag to it, decrypting takes the tag off. False when what was
  /// decrypted is not authentic; nothing of it may be used then. Always true for CTR.
  [[nodiscard]] bool finish(SecureBytes& rest);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct EncryptedPayload {
  Bytes ciphertext;  ///< for GCM 16 bytes longer than the image
  Bytes info;        ///< for Manifest::encryption_info
};

/// A small image, whole. Throws Error{bad_input} for sizes that do not fit.
[[nodiscard]] EncryptedPayload encrypt_payload(PayloadCipher cipher, const SymmetricKey& content_key, ByteView iv,
                                               ByteView wrapped_key, std::string_view kek_name, ByteView image);
/// By GCM, with the key's length.
[[nodiscard]] EncryptedPayload encrypt_payload(const SymmetricKey& content_key, ByteView iv, ByteView wrapped_key,
                                               std::string_view kek_name, ByteView image);

/// Throws Error{denied} when the ciphertext was altered or the key is another. CTR cannot tell: compare the digest.
[[nodiscard]] Bytes decrypt_payload(const SymmetricKey& content_key, const EncryptionInfo& info, ByteView ciphertext);

/// The Enc_structure (RFC 9052 section 5.3) that GCM authenticates beside the ciphertext.
[[nodiscard]] Bytes payload_authenticated_data(ByteView protected_header);

}  // namespace lamp::firmware
