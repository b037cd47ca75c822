// Numbers of draft-ietf-suit-manifest-37 that a release uses, and the shape of its command sequences.
#pragma once

#include <cstdint>
#include <string_view>

namespace lamp::firmware::suit {

inline constexpr std::uint64_t kEnvelopeTag = 107;
inline constexpr std::int64_t kAuthenticationWrapper = 2, kManifest = 3;
inline constexpr std::int64_t kSha256 = -16;

inline constexpr std::int64_t kManifestVersion = 1, kSequence = 2, kCommon = 3, kValidate = 7, kInvoke = 9,
                              kInstall = 20, kText = 23;
inline constexpr std::int64_t kComponents = 2, kSharedSequence = 4;

enum Command : std::int64_t {
  condition_vendor = 1,
  condition_class = 2,
  condition_image_match = 3,
  directive_set_component = 12,
  directive_override_parameters = 20,
  directive_fetch = 21,
  directive_copy = 22,
  directive_invoke = 23,
};

inline constexpr std::int64_t kVendorParameter = 1, kClassParameter = 2, kDigestParameter = 3, kSizeParameter = 14,
                              kEncryptionParameter = 19, kUriParameter = 21, kSourceParameter = 22;

/// Components: what is installed and runs; and what is fetched, encrypted. A partner's application has others than
/// firmware, so that neither can be read as the other, whoever signed it.
inline constexpr std::uint64_t kImageComponent = 0, kPayloadComponent = 1;
inline constexpr std::uint8_t kFirmwareComponents[] = {0x00, 0x01}, kApplicationComponents[] = {0x02, 0x03};

/// Reporting policies as the draft's examples have them: everything for conditions, failure for directives.
inline constexpr std::uint64_t kReportCondition = 15, kReportDirective = 2;

inline constexpr std::string_view kLanguage = "en";
inline constexpr std::int64_t kTextModelName = 2, kTextComponentVersion = 6;

}  // namespace lamp::firmware::suit
