// Whether AddressSanitizer is in this build: it has memory of its own, and replaces mlock() by nothing.
#pragma once

#if defined(__SANITIZE_ADDRESS__)  // GCC
#define LAMP_ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)  // clang
#define LAMP_ADDRESS_SANITIZER 1
#endif
#endif

namespace lamp {

#ifdef LAMP_ADDRESS_SANITIZER
inline constexpr bool kAddressSanitizer = true;
#else
inline constexpr bool kAddressSanitizer = false;
#endif

}  // namespace lamp
