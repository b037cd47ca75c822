#include "hsm/objects.hpp"

#include <iterator>

#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

std::string class_name(CK_OBJECT_CLASS object_class) {
  switch (object_class) {
    case CKO_PRIVATE_KEY: return "private key";
    case CKO_PUBLIC_KEY: return "public key";
    case CKO_SECRET_KEY: return "secret key";
    default: return "object";
  }
}

}  // namespace

Template& Template::flag(CK_ATTRIBUTE_TYPE type, bool value) {
  flags_.push_back(value ? CK_TRUE : CK_FALSE);
  attributes_.push_back({type, &flags_.back(), sizeof(CK_BBOOL)});
  return *this;
}

Template& Template::number(CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
  numbers_.push_back(value);
  attributes_.push_back({type, &numbers_.back(), sizeof(CK_ULONG)});
  return *this;
}

Template& Template::bytes(CK_ATTRIBUTE_TYPE type, ByteView value) {
  attributes_.push_back({type, mutable_pointer(value), value.size()});
  return *this;
}

std::vector<CK_OBJECT_HANDLE> find_objects(Session& session, CK_OBJECT_CLASS object_class,
                                           const std::optional<std::string>& label) {
  Template wanted;
  wanted.number(CKA_CLASS, object_class);
  if (label) wanted.text(CKA_LABEL, *label);
  session.check(session->C_FindObjectsInit(session.handle(), wanted.data(), wanted.size()), "C_FindObjectsInit");
  std::vector<CK_OBJECT_HANDLE> found;
  CK_OBJECT_HANDLE batch[32];
  CK_ULONG count = 0;
  do {
    session.check(session->C_FindObjects(session.handle(), batch, std::size(batch), &count), "C_FindObjects");
    found.insert(found.end(), batch, batch + count);
  } while (count != 0);
  session.check(session->C_FindObjectsFinal(session.handle()), "C_FindObjectsFinal");
  return found;
}

CK_OBJECT_HANDLE find_object(Session& session, const Connection& connection, CK_OBJECT_CLASS object_class,
                             const std::string& label) {
  const auto found = find_objects(session, object_class, label);
  const auto what = class_name(object_class) + " \"" + label + "\"";
  if (found.empty()) throw Error{Errc::not_found, connection.description() + " has no " + what};
  if (found.size() > 1) {
    throw Error{Errc::denied, connection.description() + " has " + std::to_string(found.size()) + " objects that are " +
                                  what + "; remove all but one"};
  }
  return found.front();
}

Bytes read_bytes(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_ATTRIBUTE attribute{type, nullptr, 0};
  session.check(session->C_GetAttributeValue(session.handle(), object, &attribute, 1), "C_GetAttributeValue");
  Bytes value(attribute.ulValueLen);
  attribute.pValue = value.data();
  session.check(session->C_GetAttributeValue(session.handle(), object, &attribute, 1), "C_GetAttributeValue");
  value.resize(attribute.ulValueLen);
  return value;
}

CK_ULONG read_number(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_ULONG value = 0;
  CK_ATTRIBUTE attribute{type, &value, sizeof value};
  session.check(session->C_GetAttributeValue(session.handle(), object, &attribute, 1), "C_GetAttributeValue");
  return value;
}

bool read_flag(Session& session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type) {
  CK_BBOOL value = CK_FALSE;
  CK_ATTRIBUTE attribute{type, &value, sizeof value};
  const CK_RV rv = session->C_GetAttributeValue(session.handle(), object, &attribute, 1);
  if (rv == CKR_ATTRIBUTE_TYPE_INVALID) return false;
  session.check(rv, "C_GetAttributeValue");
  return value == CK_TRUE;
}

CK_RV sign_started(Session& session, ByteView data, Bytes& signature) {
  signature.resize(1024);
  CK_ULONG size = signature.size();
  const CK_RV rv = session->C_Sign(session.handle(), mutable_pointer(data), data.size(), signature.data(), &size);
  signature.resize(rv == CKR_OK ? size : 0);
  return rv;
}

void end_refused_signature(Session& session, const Connection& connection, ByteView data) {
  static_cast<void>(attempt([&] {
    connection.context_login(session);
    Bytes ignored;
    return sign_started(session, data, ignored);
  }));
}

}  // namespace lamp::hsm
