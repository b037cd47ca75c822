// PKCS#11 attributes, templates and lookups, for this library's own sources.
#pragma once

#include <p11-kit/pkcs11.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "hsm/connection.hpp"
#include "lib/base/bytes.hpp"

namespace lamp::hsm {

/// A list of attributes. Numbers and flags are kept here; bytes are referred to and must outlive the template.
class Template {
 public:
  Template& flag(CK_ATTRIBUTE_TYPE type, bool value);
  Template& number(CK_ATTRIBUTE_TYPE type, CK_ULONG value);
  Template& bytes(CK_ATTRIBUTE_TYPE type, ByteView value);
  Template& text(CK_ATTRIBUTE_TYPE type, const std::string& value) { return bytes(type, as_bytes(value)); }

  [[nodiscard]] CK_ATTRIBUTE* data() noexcept { return attributes_.data(); }
  [[nodiscard]] CK_ULONG size() const noexcept { return attributes_.size(); }

 private:
  std::deque<CK_BBOOL> flags_;
  std::deque<CK_ULONG> numbers_;
  std::vector<CK_ATTRIBUTE> attributes_;
};

/// Objects of a class, with this label when it is given.
[[nodiscard]] std::vector<CK_OBJECT_HANDLE> find_objects(Session& session, CK_OBJECT_CLASS object_class,
                                                         const std::optional<std::string>& label);
/// Exactly one: Error{not_found} for none, Error{denied} for two or more, which is never a choice.
[[nodiscard]] CK_OBJECT_HANDLE find_object(Session& session, const Connection& connection, CK_OBJECT_CLASS object_class,
                                           const std::string& label);

/// Throws Error{denied} when the token keeps the value to itself.
[[nodiscard]] Bytes read_bytes(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
[[nodiscard]] CK_ULONG read_number(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);
/// False also when the object has no such attribute.
[[nodiscard]] bool read_flag(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type);

/// The bytes as a DER OCTET STRING: the other way to hand over an EC point.
[[nodiscard]] Bytes der_octets(ByteView bytes);
/// ECDH with CKD_NULL: the shared x coordinate, 32 bytes. `point` as this token wants it, bare or DER.
[[nodiscard]] SecureBytes derive_shared(Session& session, CK_OBJECT_HANDLE key, ByteView point);

/// C_Sign after C_SignInit.
[[nodiscard]] CK_RV sign_started(Session& session, ByteView data, Bytes& signature);
/// tpm2-pkcs11 keeps a signature that it refused for want of a PIN, in the key: the next one is wrong then, and the key
/// cannot be destroyed. So it is given the PIN and ends it; other tokens have ended it and say so.
void end_refused_signature(Session& session, const Connection& connection, ByteView data);

/// A session object, destroyed when it goes.
class TemporaryObject {
 public:
  TemporaryObject(Session& session, CK_OBJECT_HANDLE handle) noexcept : session_{session}, handle_{handle} {}
  TemporaryObject(const TemporaryObject&) = delete;
  TemporaryObject& operator=(const TemporaryObject&) = delete;
  ~TemporaryObject() { session_->C_DestroyObject(session_.handle(), handle_); }
  [[nodiscard]] CK_OBJECT_HANDLE handle() const noexcept { return handle_; }

 private:
  Session& session_;
  CK_OBJECT_HANDLE handle_;
};

}  // namespace lamp::hsm
