// One table from a PKCS#11 return code to its name, what kind of failure it is, and what to do next.
#include <p11-kit/pkcs11.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "hsm/module.hpp"
#include "lib/base/error.hpp"

namespace lamp::hsm {
namespace {

struct ReturnCode {
  CK_RV rv;
  const char* name;
  Errc kind;
  const char* hint;  // what it means, and what to do next
};

constexpr ReturnCode kReturnCodes[] = {
    {CKR_HOST_MEMORY, "CKR_HOST_MEMORY", Errc::unavailable,
     "the module ran out of memory; end other programs and run the command again"},
    {CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", Errc::unavailable,
     "the slot is gone; plug the token in and run the command again"},
    {CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", Errc::unavailable,
     "the module says no more; look at its own log, and try 'lamp-hsm token probe'"},
    {CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", Errc::unavailable,
     "the module says no more; look at its own log, and try 'lamp-hsm token probe'"},
    {CKR_ARGUMENTS_BAD, "CKR_ARGUMENTS_BAD", Errc::unavailable,
     "the token does not take these parameters; 'lamp-hsm token probe' shows what it can do"},
    {CKR_CANT_LOCK, "CKR_CANT_LOCK", Errc::unavailable,
     "the module cannot be used with threads; install its current version"},
    {CKR_ATTRIBUTE_READ_ONLY, "CKR_ATTRIBUTE_READ_ONLY", Errc::denied,
     "the token does not let this be changed; make a new key instead"},
    {CKR_ATTRIBUTE_SENSITIVE, "CKR_ATTRIBUTE_SENSITIVE", Errc::denied,
     "the token keeps this value to itself; use the key in the token"},
    {CKR_ATTRIBUTE_TYPE_INVALID, "CKR_ATTRIBUTE_TYPE_INVALID", Errc::unavailable,
     "the token has no such attribute; 'lamp-hsm token probe' shows what it can do"},
    {CKR_ATTRIBUTE_VALUE_INVALID, "CKR_ATTRIBUTE_VALUE_INVALID", Errc::unavailable,
     "the token cannot make a key of this kind; 'lamp-hsm token probe' shows what it can do"},
    {CKR_ACTION_PROHIBITED, "CKR_ACTION_PROHIBITED", Errc::denied,
     "the key's attributes forbid it; make a new key instead"},
    {CKR_DATA_INVALID, "CKR_DATA_INVALID", Errc::bad_input,
     "the token refuses this input for this key; check which key is meant"},
    {CKR_DATA_LEN_RANGE, "CKR_DATA_LEN_RANGE", Errc::bad_input,
     "the data has the wrong length for this key; check which key is meant"},
    {CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", Errc::unavailable,
     "the token reported a fault; plug it in again and run the command again"},
    {CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", Errc::unavailable,
     "the token is full; destroy a key that is not needed first"},
    {CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", Errc::unavailable,
     "the token was removed; plug it in and run the command again"},
    {CKR_ENCRYPTED_DATA_INVALID, "CKR_ENCRYPTED_DATA_INVALID", Errc::denied,
     "made for another key, or altered on the way; ask its sender to make it again"},
    {CKR_ENCRYPTED_DATA_LEN_RANGE, "CKR_ENCRYPTED_DATA_LEN_RANGE", Errc::bad_input,
     "made for another key; ask its sender to make it again"},
    {CKR_FUNCTION_CANCELED, "CKR_FUNCTION_CANCELED", Errc::denied,
     "cancelled at the token; run the command again when that was a mistake"},
    {CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED", Errc::unavailable,
     "the token cannot do this; 'lamp-hsm token probe' shows what it can do"},
    {CKR_KEY_HANDLE_INVALID, "CKR_KEY_HANDLE_INVALID", Errc::unavailable,
     "the key is gone or the login has ended; look with 'lamp-hsm key list'"},
    {CKR_KEY_SIZE_RANGE, "CKR_KEY_SIZE_RANGE", Errc::unavailable,
     "the token does not take keys of this size; choose another --kind"},
    {CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT", Errc::denied,
     "the key is of another kind; look with 'lamp-hsm key list'"},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED", Errc::denied,
     "the key was made for another use; make one with the right --use"},
    {CKR_KEY_NOT_WRAPPABLE, "CKR_KEY_NOT_WRAPPABLE", Errc::denied,
     "the key cannot be wrapped; make a new one for that"},
    {CKR_KEY_UNEXTRACTABLE, "CKR_KEY_UNEXTRACTABLE", Errc::denied,
     "the key must never leave this token; make a new one for the other place"},
    {CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", Errc::unavailable,
     "the token lacks this mechanism; 'lamp-hsm token probe' shows what it can do"},
    {CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", Errc::unavailable,
     "the token does not take these parameters; 'lamp-hsm token probe' shows what it can do"},
    {CKR_OBJECT_HANDLE_INVALID, "CKR_OBJECT_HANDLE_INVALID", Errc::unavailable,
     "the object is gone; look with 'lamp-hsm key list'"},
    {CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE", Errc::internal,
     "a fault of this program or of the module; report it with the command that was run"},
    {CKR_OPERATION_NOT_INITIALIZED, "CKR_OPERATION_NOT_INITIALIZED", Errc::internal,
     "a fault of this program or of the module; report it with the command that was run"},
    {CKR_PIN_INCORRECT, "CKR_PIN_INCORRECT", Errc::denied, "the PIN is wrong; look it up before you try again"},
    {CKR_PIN_INVALID, "CKR_PIN_INVALID", Errc::denied,
     "the token does not allow these characters in a PIN; choose others"},
    {CKR_PIN_LEN_RANGE, "CKR_PIN_LEN_RANGE", Errc::denied,
     "the PIN is too short or too long for this token; choose another"},
    {CKR_PIN_EXPIRED, "CKR_PIN_EXPIRED", Errc::denied, "set a new PIN first"},
    {CKR_PIN_LOCKED, "CKR_PIN_LOCKED", Errc::denied, "too many wrong PINs; the security officer must unblock it"},
    {CKR_PIN_TOO_WEAK, "CKR_PIN_TOO_WEAK", Errc::denied, "the token wants a longer or more varied PIN; choose another"},
    {CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", Errc::unavailable,
     "the session ended; plug the token in again and run the command again"},
    {CKR_SESSION_COUNT, "CKR_SESSION_COUNT", Errc::unavailable,
     "other programs hold all the token's sessions; end them and run the command again"},
    {CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", Errc::unavailable,
     "the session is gone; plug the token in again and run the command again"},
    {CKR_SESSION_READ_ONLY, "CKR_SESSION_READ_ONLY", Errc::unavailable,
     "the token is write-protected; remove the protection with its maker's tool"},
    {CKR_SESSION_EXISTS, "CKR_SESSION_EXISTS", Errc::unavailable,
     "another program uses the token; end it and run the command again"},
    {CKR_SESSION_READ_ONLY_EXISTS, "CKR_SESSION_READ_ONLY_EXISTS", Errc::unavailable,
     "another program uses the token; end it and run the command again"},
    {CKR_SIGNATURE_INVALID, "CKR_SIGNATURE_INVALID", Errc::denied,
     "the signature is not by this key; check which key is meant"},
    {CKR_SIGNATURE_LEN_RANGE, "CKR_SIGNATURE_LEN_RANGE", Errc::denied,
     "the signature is not by this key; check which key is meant"},
    {CKR_TEMPLATE_INCOMPLETE, "CKR_TEMPLATE_INCOMPLETE", Errc::unavailable,
     "the token wants more attributes; 'lamp-hsm token probe' shows what it can do"},
    {CKR_TEMPLATE_INCONSISTENT, "CKR_TEMPLATE_INCONSISTENT", Errc::unavailable,
     "the token cannot make a key of this kind; 'lamp-hsm token probe' shows what it can do"},
    {CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", Errc::unavailable,
     "no token in the slot; plug it in and run the command again"},
    {CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED", Errc::unavailable,
     "this module is for other tokens; correct 'module' in site.yaml"},
    {CKR_TOKEN_WRITE_PROTECTED, "CKR_TOKEN_WRITE_PROTECTED", Errc::denied,
     "the token is write-protected; remove the protection with its maker's tool"},
    {CKR_USER_ALREADY_LOGGED_IN, "CKR_USER_ALREADY_LOGGED_IN", Errc::internal,
     "a fault of this program or of the module; report it with the command that was run"},
    {CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", Errc::denied, "log in first; a key may want its PIN each time"},
    {CKR_USER_PIN_NOT_INITIALIZED, "CKR_USER_PIN_NOT_INITIALIZED", Errc::denied,
     "the token has no user PIN yet; set one with 'lamp-hsm token init' or its maker's tool"},
    {CKR_USER_TYPE_INVALID, "CKR_USER_TYPE_INVALID", Errc::denied,
     "the token has no such role, or its PIN was never set; set one with its maker's tool"},
    {CKR_USER_ANOTHER_ALREADY_LOGGED_IN, "CKR_USER_ANOTHER_ALREADY_LOGGED_IN", Errc::unavailable,
     "the security officer is logged in from this program; end that first"},
    {CKR_WRAPPED_KEY_INVALID, "CKR_WRAPPED_KEY_INVALID", Errc::denied,
     "made for another key, or altered on the way; ask its sender to make it again"},
    {CKR_WRAPPED_KEY_LEN_RANGE, "CKR_WRAPPED_KEY_LEN_RANGE", Errc::bad_input,
     "made for another key; ask its sender to make it again"},
    {CKR_WRAPPING_KEY_TYPE_INCONSISTENT, "CKR_WRAPPING_KEY_TYPE_INCONSISTENT", Errc::denied,
     "the wrapping key is of another kind; look with 'lamp-hsm key list'"},
    {CKR_DOMAIN_PARAMS_INVALID, "CKR_DOMAIN_PARAMS_INVALID", Errc::unavailable,
     "the token lacks this curve; choose another --kind"},
    {CKR_CURVE_NOT_SUPPORTED, "CKR_CURVE_NOT_SUPPORTED", Errc::unavailable,
     "the token lacks this curve; choose another --kind"},
    {CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL", Errc::internal,
     "a fault of this program or of the module; report it with the command that was run"},
    {CKR_CRYPTOKI_NOT_INITIALIZED, "CKR_CRYPTOKI_NOT_INITIALIZED", Errc::internal,
     "a fault of this program or of the module; report it with the command that was run"},
    {CKR_FUNCTION_REJECTED, "CKR_FUNCTION_REJECTED", Errc::denied, "rejected at the token; confirm it there next time"},
    {CKR_RANDOM_NO_RNG, "CKR_RANDOM_NO_RNG", Errc::unavailable,
     "the token has no random numbers; 'lamp-hsm token probe' shows what it can do"},
    {CKR_SESSION_PARALLEL_NOT_SUPPORTED, "CKR_SESSION_PARALLEL_NOT_SUPPORTED", Errc::internal,
     "a fault of this program or of the module; report it with the command that was run"},
    {CKR_SESSION_READ_WRITE_SO_EXISTS, "CKR_SESSION_READ_WRITE_SO_EXISTS", Errc::unavailable,
     "the security officer is logged in to the token; end that program and run the command again"},
    {CKR_USER_TOO_MANY_TYPES, "CKR_USER_TOO_MANY_TYPES", Errc::unavailable,
     "others are logged in to the token; end their programs and run the command again"},
    {CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT", Errc::denied,
     "the unwrapping key is of another kind; look with 'lamp-hsm key list'"},
    {CKR_UNWRAPPING_KEY_SIZE_RANGE, "CKR_UNWRAPPING_KEY_SIZE_RANGE", Errc::unavailable,
     "the unwrapping key has a size that the token does not take; 'lamp-hsm token probe' shows what it can do"},
    {CKR_WRAPPING_KEY_SIZE_RANGE, "CKR_WRAPPING_KEY_SIZE_RANGE", Errc::unavailable,
     "the wrapping key has a size that the token does not take; 'lamp-hsm token probe' shows what it can do"},
    {CKR_NEED_TO_CREATE_THREADS, "CKR_NEED_TO_CREATE_THREADS", Errc::unavailable,
     "the module cannot be used without its own threads; install its current version"},
    {CKR_CRYPTOKI_ALREADY_INITIALIZED, "CKR_CRYPTOKI_ALREADY_INITIALIZED", Errc::internal,
     "a fault of this program or of the module; report it with the command that was run"},
    {CKR_MUTEX_BAD, "CKR_MUTEX_BAD", Errc::internal,
     "a fault of this program or of the module; report it with the command that was run"},
};

const ReturnCode* find_code(CK_RV rv) noexcept {
  const auto* found = std::ranges::find(kReturnCodes, rv, &ReturnCode::rv);
  return found == std::end(kReturnCodes) ? nullptr : found;
}

}  // namespace

std::string return_code_name(unsigned long rv) {
  if (rv == CKR_OK) return "CKR_OK";
  if (const auto* code = find_code(rv)) return code->name;
  char text[32];
  static_cast<void>(std::snprintf(text, sizeof text, "CKR 0x%lx", rv));
  return text;
}

void check(unsigned long rv, const char* call) {
  if (rv == CKR_OK) return;
  const auto* code = find_code(rv);
  std::string message = std::string{call} + ": " + return_code_name(rv);
  message +=
      code != nullptr ? std::string{": "} + code->hint : ": the token's own code; look it up in its maker's manual";
  throw Error{code == nullptr ? Errc::unavailable : code->kind, std::move(message)};
}

}  // namespace lamp::hsm
