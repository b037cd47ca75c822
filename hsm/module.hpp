// A PKCS#11 module, loaded by absolute path, through p11-kit where that can be, and the translation of its return
// codes.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

// NOLINTNEXTLINE(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the name is p11-kit's
extern "C" struct _CK_FUNCTION_LIST;

namespace lamp::hsm {

/// Throws the Error that fits a PKCS#11 return code, with what to do next; CKR_OK returns.
void check(unsigned long rv, const char* call);
/// "CKR_PIN_INCORRECT"; a code that the table does not know in hexadecimal.
[[nodiscard]] std::string return_code_name(unsigned long rv);

/// Loaded and initialised once per process and path; finalised when the last holder lets go, before main returns.
class Module {
 public:
  /// Throws Error{not_found} when the file is absent, Error{unavailable} when it does not initialise. The caller holds
  /// the module's lock (hsm/lock.hpp): C_Initialize reads files that another process's C_Login rewrites.
  /// `init` goes to C_Initialize: NSS softokn, for one, learns there where its database is. p11-kit has no place for
  /// it, so such a module is loaded without it, for this process's one use.
  [[nodiscard]] static std::shared_ptr<Module> load(const std::filesystem::path& path, const std::string& init = {});
  Module(const std::filesystem::path& path, const std::string& init);
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  ~Module();

  [[nodiscard]] _CK_FUNCTION_LIST* functions() const noexcept { return functions_; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

 private:
  void load_by_p11_kit();
  void load_with(const std::string& init);

  std::filesystem::path path_;
  _CK_FUNCTION_LIST* functions_ = nullptr;
  bool by_p11_kit_;
};

struct TokenInfo {
  unsigned long slot = 0;
  std::string label, manufacturer, model, serial;
  std::string firmware;  ///< "2.6"
  bool initialized = false, user_pin_set = false, login_required = false;
  bool pin_count_low = false, pin_final_try = false, pin_locked = false;
  unsigned long min_pin = 0, max_pin = 0;
};

/// One slot's token as it is now.
[[nodiscard]] TokenInfo token_info(const Module& module, unsigned long slot);
/// All slots with a token in them, also uninitialised ones.
[[nodiscard]] std::vector<TokenInfo> list_tokens(const Module& module);

}  // namespace lamp::hsm
