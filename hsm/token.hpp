// A token: found by URI, logged in with one PIN try, giving out keys as Botan keys whose bytes stay inside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "hsm/module.hpp"
#include "lib/base/bytes.hpp"
#include "lib/base/secret.hpp"
#include "lib/crypto/seal.hpp"

namespace Botan {
class Private_Key;
class Public_Key;
class RandomNumberGenerator;
}  // namespace Botan

namespace lamp::hsm {

struct Finding;        // hsm/probe.hpp
enum class KeyClaim;   // hsm/key_trial.hpp
enum class Forbidden;  // hsm/key_trial.hpp
struct Trial;          // hsm/key_trial.hpp

enum class KeyKind { p256, p384, rsa3072, rsa4096 };
enum class KeyUse {
  sign,           ///< CKA_SIGN only
  sign_with_pin,  ///< the same, and CKA_ALWAYS_AUTHENTICATE: the PIN again for every signature
  agree,          ///< CKA_DERIVE only (P-256)
  decrypt,        ///< CKA_DECRYPT and CKA_UNWRAP only (RSA)
};

struct KeyInfo {
  std::string label;
  std::string kind;  ///< "p256", "p384", "rsa4096", "aes256", ...
  Bytes id;
  bool always_authenticate = false, extractable = false, never_extractable = false, local = false;
};

/// Where a token is: module and RFC 7512 URI (strict: no repeated or unknown attribute, no pin-value).
struct TokenAddress {
  std::filesystem::path module;
  std::string uri;
  std::string module_init = {};  ///< what the module wants at C_Initialize, as NSS does; empty for others
};

class Token {
 public:
  /// Finds exactly one initialised token. Throws Error{not_found} naming what was asked for and which tokens are there.
  [[nodiscard]] static Token open(const TokenAddress& address);

  /// Initialises a fresh (or `label`-less) slot as a token with this label and PINs. Error{exists} when a token with
  /// the label is there already.
  [[nodiscard]] static Token initialize(const std::filesystem::path& module, const std::string& label,
                                        const Pin& so_pin, const Pin& user_pin);

  Token(Token&&) noexcept;
  Token& operator=(Token&&) noexcept;
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;
  /// Logs out and closes its sessions.
  ~Token();

  [[nodiscard]] const TokenInfo& info() const noexcept;

  /// One try, under the token's lock. Keeps a copy of the PIN in locked memory for sign_with_pin keys, until logout.
  /// Throws Error{denied} for a wrong PIN, saying how many tries the token says are left.
  void login(const Pin& pin);
  /// The same, but a wrong PIN is an answer: false, and info() then shows what the token says of its tries. Throws
  /// Error{unavailable} when somebody in this process is logged in already, so that the PIN would not be checked.
  [[nodiscard]] bool try_login(const Pin& pin);
  void logout() noexcept;
  /// C_SetPIN under the token's lock, logged in. When it throws, the token may hold either PIN.
  void change_pin(const Pin& from, const Pin& to);

  /// A key of this label is there already: Error{exists}.
  void generate_key(KeyKind kind, KeyUse use, const std::string& label);
  [[nodiscard]] bool has_key(const std::string& label) const;
  [[nodiscard]] std::vector<KeyInfo> keys() const;
  void destroy_key(const std::string& label);

  /// The key pair's public half: of the same label or, on cards that label the halves differently, of the same CKA_ID
  /// (after login). Error{not_found} when absent, Error{denied} when two objects match.
  [[nodiscard]] std::unique_ptr<Botan::Public_Key> public_key(const std::string& label) const;
  /// A key that signs in the token (ECDSA over a digest, RSA-PSS over a digest) and verifies each signature in software
  /// before handing it out. Works wherever Botan takes a Private_Key: certificates, CRLs, COSE, TLS. Its
  /// private_key_bits() throws. Must not outlive the token.
  [[nodiscard]] std::shared_ptr<Botan::Private_Key> signing_key(const std::string& label);
  [[nodiscard]] std::unique_ptr<crypto::AgreementKey> agreement_key(const std::string& label);
  /// RSA-OAEP (SHA-256 where the token can, else SHA-1, as `wrap_aes_key` says) of a wrapped key.
  [[nodiscard]] SecureBytes unwrap_with_rsa(const std::string& label, ByteView wrapped);

  /// AES-256 key that never leaves in clear and cannot be exported after `lock_aes_key`.
  void generate_aes_key(const std::string& label);
  /// The key wrapped under an RSA public key (SubjectPublicKeyInfo DER) by RSA-OAEP, computed in the token. The first
  /// byte of the result names the OAEP hash (1 = SHA-1, 2 = SHA-256).
  [[nodiscard]] Bytes wrap_aes_key(const std::string& label, ByteView rsa_public_key_der);
  /// Sets CKA_EXTRACTABLE false for good.
  void lock_aes_key(const std::string& label);
  /// RFC 3394 wrap of `content_key` under the AES key, computed in the token.
  [[nodiscard]] Bytes wrap_content_key(const std::string& label, const SymmetricKey& content_key);

  /// Whether the private key's attributes say so. Error{not_found} when there is no such key.
  [[nodiscard]] bool key_claims(const std::string& label, KeyClaim claim) const;
  /// Tries to do with this very key what must not be possible. Error{unavailable} when the token is out of order, which
  /// is no refusal.
  [[nodiscard]] Trial try_forbidden(const std::string& label, Forbidden what);

  /// Tries what this project needs of a token, and what a token must refuse, with throw-away keys; only what has one of
  /// these names when there are any.
  [[nodiscard]] std::vector<Finding> probe(const std::set<std::string>& only = {});

  struct Impl;

 private:
  explicit Token(std::unique_ptr<Impl> impl) noexcept;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lamp::hsm
